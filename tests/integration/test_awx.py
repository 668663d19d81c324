# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/awx.yml against a stand-in for AWX; what its credential type injects against the simulator."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import inventory_tool
import jinja2
import pytest
from awx_credentials import CREDENTIAL_TYPE, inject
from awx_stand_in import PASSWORD, TOKEN, USERNAME, AwxStandIn, Request, State
from checkout import ANSIBLE_ENVIRONMENT, ANSIBLE_PYTHON
from jinja2 import sandbox
from patience import LIMIT
from playbook_runner import COMMAND

from simulator import launch
from simulator.launch import Simulator
from simulator.testing import Api

pytestmark = pytest.mark.slow

SECRET = "planted|secret(1"
KINDS = ["credential_types", "credentials", "projects", "inventories", "inventory_sources", "job_templates"]

Document = dict[str, Any]
Configure = Callable[..., "subprocess.CompletedProcess[str]"]


def play(folder: Path, book: str | Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "-i", "localhost,", *flags, str(book)],
        env={
            **os.environ,
            **ANSIBLE_ENVIRONMENT,
            "ANSIBLE_PYTHON_INTERPRETER": ANSIBLE_PYTHON,
            "HOME": str(folder),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwxStandIn]:
    with AwxStandIn(tmp_path_factory.mktemp("awx")) as running:
        for number in range(40):  # more than a page
            running.add("organizations", name=f"Another {number}")
        running.add("organizations", name="Default")
        running.add("execution_environments", name="DRP EE")
        yield running


@pytest.fixture(scope="module")
def states(standing: AwxStandIn) -> dict[str, State]:
    return {"new": standing.save()}


@pytest.fixture
def awx(standing: AwxStandIn, states: dict[str, State]) -> AwxStandIn:
    """As it is before anybody has used it."""
    standing.restore(states["new"])
    return standing


@pytest.fixture
def configure(awx: AwxStandIn, tmp_path: Path) -> Configure:
    """Run the playbook with these variables beside those that it needs."""

    def run(*flags: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        needed = {
            "awx_host": awx.url,
            "awx_ca_path": awx.ca,
            "awx_token": TOKEN,
            "awx_project_url": "https://git.example.com/lab.git",
            "awx_project_delay": 0,
            "drp_endpoint": "https://drp.example.com:8092",
            "drp_username": "ansible",
            "drp_password": SECRET,
        }
        path = tmp_path / "awx.json"
        path.write_text(json.dumps({**needed, **variables}))
        done = play(tmp_path, "digitalrebar.provision.awx", "-e", f"@{path}", *flags)
        assert SECRET not in done.stdout + done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def used(awx: AwxStandIn, states: dict[str, State], configure: Configure) -> AwxStandIn:
    """As the playbook leaves it."""
    if "used" not in states:
        changes(configure())
        states["used"] = awx.save()
    awx.restore(states["used"])
    return awx


def changes(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout + done.stderr
    recap = done.stdout.rpartition("changed=")[2]
    return int(recap.split()[0])


def paths(requests: list[Request]) -> list[str]:
    return [f"{request.method} {request.path}" for request in requests]


def test_all_is_made_and_then_left_alone(awx: AwxStandIn, configure: Configure) -> None:
    assert changes(configure(awx_execution_environment="DRP EE")) == 7
    project = awx.only("projects", "DRP")["id"]
    template = awx.only("job_templates", "DRP")
    written = awx.writes()
    assert paths(written) == [
        *(f"POST {kind}/" for kind in KINDS),
        f"POST job_templates/{template['id']}/credentials/",
    ]
    kind, credential = (request.body for request in written[:2])
    assert kind == {"name": "Digital Rebar Provision", "kind": "cloud", **CREDENTIAL_TYPE}
    assert credential["inputs"] == {
        "endpoint": "https://drp.example.com:8092",
        "username": "ansible",
        "password": SECRET,
    }
    environment = awx.only("execution_environments", "DRP EE")["id"]
    source = awx.only("inventory_sources", "DRP")
    assert source["inventory"] == template["inventory"] == awx.only("inventories", "DRP")["id"]
    assert source["credential"] == awx.only("credentials", "DRP")["id"] == awx.attached[template["id"]][0]
    assert (source["source"], source["source_project"], source["source_path"]) == ("scm", project, "drp.yml")
    assert source["update_on_launch"] is source["overwrite"] is True
    assert source["execution_environment"] == template["execution_environment"] == environment
    assert (template["project"], template["playbook"]) == (project, "site.yml")

    assert changes(configure(awx_execution_environment="DRP EE")) == 0
    assert awx.writes() == []


def test_only_what_differs_is_written(used: AwxStandIn, configure: Configure) -> None:
    awx = used
    awx.playbooks.append("other.yml")
    awx.only("credentials", "DRP")["inputs"]["token"] = ""  # as the form leaves a field that was emptied
    awx.only("inventory_sources", "DRP")["overwrite"] = False
    template = awx.only("job_templates", "DRP")
    template["description"] = "Somebody's remark"
    kind = awx.only("credential_types", "Digital Rebar Provision")["id"]
    old = awx.add("credentials", name="Old", credential_type=kind, inputs={"endpoint": "https://old"})
    awx.items["credential_types"][99] = {"id": 99, "name": "Machine", "inputs": {"fields": []}}
    key = awx.add("credentials", name="SSH key", credential_type=99)
    awx.attached[template["id"]] = [key, old]

    assert changes(configure(awx_playbook="other.yml", awx_update_secrets=True)) == 5
    ours = awx.only("credentials", "DRP")
    assert [(request.method, request.body) for request in awx.writes()] == [
        ("PATCH", {"inputs": ours["inputs"]}),
        ("PATCH", {"overwrite": True}),
        ("PATCH", {"playbook": "other.yml"}),
        ("POST", {"id": old, "disassociate": True}),
        ("POST", {"id": ours["id"]}),
    ]
    assert awx.attached[template["id"]] == [key, ours["id"]]
    assert awx.only("job_templates", "DRP")["description"] == "Somebody's remark"
    assert ours["inputs"]["password"] == SECRET

    login = {"awx_token": "", "awx_username": USERNAME, "awx_password": PASSWORD}
    assert (
        changes(
            configure(awx_playbook="other.yml", drp_username="", drp_password="", drp_token="t1", **login)
        )
        == 1
    )
    [request] = awx.writes()
    assert request.body["inputs"] == {"endpoint": "https://drp.example.com:8092", "token": "t1"}


def test_check_mode_before_there_is_anything(awx: AwxStandIn, configure: Configure) -> None:
    done = configure("--check")
    assert changes(done) == 7
    assert "Would create DRP in inventory_sources" in done.stdout
    assert awx.writes() == []


def test_check_mode_afterwards(used: AwxStandIn, configure: Configure) -> None:
    done = configure("--check", awx_project_branch="next")
    assert changes(done) == 1
    assert "Would change DRP in projects: scm_branch" in done.stdout
    assert used.writes() == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"drp_password": ""}, "Give awx_host, awx_token (or awx_username and awx_password)"),
        ({"awx_token": "", "awx_username": "admin", "awx_password": "x"}, "Invalid token."),
        ({"awx_ca_path": ""}, "CERTIFICATE_VERIFY_FAILED"),
        ({"awx_organization": "Nowhere"}, "AWX has no object of this name among its organizations: Nowhere"),
    ],
)
def test_what_goes_wrong_is_told(
    variables: Document, told: str, awx: AwxStandIn, configure: Configure
) -> None:
    done = configure(**variables)
    assert done.returncode != 0
    assert told in " ".join(done.stdout.split())
    assert awx.writes() == []


def test_a_playbook_that_is_not_there(used: AwxStandIn, configure: Configure) -> None:
    done = configure(awx_playbook="no.yml")
    assert done.returncode != 0
    told = "AWX refused DRP in job_templates: {'playbook': ['Playbook not found for project.']}"
    assert told in " ".join(done.stdout.split())
    assert used.only("job_templates", "DRP")["playbook"] == "site.yml"


def test_a_project_that_cannot_be_fetched_ends_it(awx: AwxStandIn, configure: Configure) -> None:
    awx.fetch_ends = "failed"
    done = configure()
    assert done.returncode != 0
    assert "The project DRP is failed in AWX." in " ".join(done.stdout.split())
    assert [request.path for request in awx.writes()] == ["credential_types/", "credentials/", "projects/"]


def test_a_credential_type_in_use_cannot_get_other_fields(used: AwxStandIn, configure: Configure) -> None:
    used.only("credential_types", "Digital Rebar Provision")["inputs"] = {"fields": []}
    done = configure()
    assert done.returncode != 0
    assert "Modifications to inputs are not allowed while in use" in " ".join(done.stdout.split())


def test_a_credential_that_cannot_be_attached(used: AwxStandIn, configure: Configure) -> None:
    used.attached.clear()
    used.refuses_to_attach = True
    done = configure()
    assert done.returncode != 0
    assert "replace the credential of DRP: {'detail': 'You do not have" in " ".join(done.stdout.split())


def test_a_refusal_repeats_no_secret(used: AwxStandIn, configure: Configure) -> None:
    used.extra_check = f"the password {SECRET} is too short"
    done = configure(awx_update_secrets=True)
    assert done.returncode != 0
    assert "the password ******** is too short" in " ".join(done.stdout.split())


# ---- what the credential type gives to a job ---------------------------------------------------------


@pytest.mark.parametrize("field", CREDENTIAL_TYPE["inputs"]["fields"], ids=lambda field: field["id"])
def test_awx_accepts_the_credential_type(field: Document) -> None:
    """What AWX checks: the members of fields, and that templates use no other names."""
    assert field.keys() <= {"id", "type", "label", "help_text", "secret", "multiline"}
    assert field["type"] == "string" or not field.keys() & {"secret", "multiline"}
    world = sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    known: Document = {one["id"]: "EXAMPLE" for one in CREDENTIAL_TYPE["inputs"]["fields"]}
    known["tower"] = {"filename": {"drp_ca": "EXAMPLE_FILENAME"}}
    texts = [text for group in CREDENTIAL_TYPE["injectors"].values() for text in group.values()]
    assert all(world.from_string(text).render(known) for text in texts)
    assert any(
        world.from_string(text).render({**known, field["id"]: ""}) != world.from_string(text).render(known)
        for text in texts
    )


@pytest.mark.parametrize("way", ["ca", "fingerprint", "insecure", "token"])
def test_a_job_reaches_the_server(way: str, simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    api = Api(simulator)
    assert api("POST", "machines", {"Name": "web-1"}).status_code == 201
    inputs: Document = {
        "endpoint": simulator.endpoint,
        "username": launch.USERNAME,
        "password": launch.PASSWORD,
    }
    inputs |= {"token": "", "ca_certificate": "", "cert_fingerprint": "", "insecure": False}
    if way == "token":
        token = api("GET", f"users/{launch.USERNAME}/token").json()["Token"]
        inputs |= {"username": "", "password": "", "token": token}
    inputs |= {
        "ca": {"ca_certificate": Path(simulator.ca).read_text()},
        "fingerprint": {"cert_fingerprint": simulator.fingerprint},
        "insecure": {"insecure": True},
        "token": {"cert_fingerprint": simulator.fingerprint},
    }[way]
    environment = inject(tmp_path, **inputs)
    source = tmp_path / "drp.yml"
    source.write_text("plugin: digitalrebar.provision.drp\n")
    listed = inventory_tool.run(source, "--list", **environment)
    assert (listed.returncode, listed.stderr.strip()) == (0, "")
    assert "web-1" in inventory_tool.read(listed.stdout)["_meta"]["hostvars"]
    if way == "token":
        return
    done = play(tmp_path, playbook(tmp_path), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    described = api("GET", "machines/Name:web-1").json()["Description"]
    assert described == "made by a job"


def test_an_unknown_certificate_is_refused(simulator: Simulator, tmp_path: Path) -> None:
    environment = inject(
        tmp_path, endpoint=simulator.endpoint, username=launch.USERNAME, password=launch.PASSWORD
    )
    source = tmp_path / "drp.yml"
    source.write_text("plugin: digitalrebar.provision.drp\n")
    listed = inventory_tool.run(source, "--list", **environment)
    told = " ".join(listed.stderr.split())
    assert "cert_fingerprint, ca_path, validate_certs: The certificate of" in told
    done = play(tmp_path, playbook(tmp_path), **environment)
    assert done.returncode != 0
    assert "certificate" in done.stdout


def playbook(folder: Path) -> Path:
    task = {"digitalrebar.provision.drp_machine": {"name": "web-1", "description": "made by a job"}}
    book = folder / "site.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return book
