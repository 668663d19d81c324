# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin through ansible-inventory, against the simulator."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

COMMAND = Path(sys.executable).with_name("ansible-inventory")
TOKEN = ("GET", f"users/{USERNAME}/token")
MACHINES = ("GET", "machines")

pytestmark = pytest.mark.simulator

# what an encrypted value looks like; what is in it does not matter here
SEALED = {"Key": "a" * 43 + "=", "Nonce": "b" * 32, "Payload": "c" * 40}

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Asked = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def server(simulator: Simulator) -> Simulator:
    """Two machines, one of them with params of which one is encrypted."""
    simulator.reset()
    api = Api(simulator)
    add(api, "params", Name="rack/pin", Secure=True, Schema={"type": "string"})
    add(api, "profiles", Name="web-app")
    add(
        api,
        "machines",
        Name="web-1.example.com",
        Address="192.0.2.7",
        Description="{{ 1 + 1 }}",
        Profiles=["web-app"],
        Params={"rack/name": "r1", "rack/pin": SEALED},
    )
    add(api, "machines", Name="db-1.example.com")
    return simulator


def add(api: Api, kind: str, **members: t.Any) -> dict[str, t.Any]:
    answer = api("POST", kind, json=members)
    assert answer.status_code == 201, answer.text
    return t.cast("dict[str, t.Any]", answer.json())


@pytest.fixture
def inventory(server: Simulator, tmp_path: Path) -> Run:
    """Run ansible-inventory on a file with these options beside the connection."""

    def run(*arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "lab.drp.yml"
        document = {
            "plugin": "digitalrebar.provision.drp",
            "endpoint": server.endpoint,
            "username": USERNAME,
            "password": PASSWORD,
            "ca_path": server.ca,
            **options,
        }
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        command = [str(COMMAND), "-i", str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    return run


@pytest.fixture
def asked(server: Simulator) -> Asked:
    """Tells what the server was asked since the last time, first of all since the machines were made."""
    seen = len(server.log())

    def news() -> list[tuple[str, str]]:
        nonlocal seen
        entries = server.log()[seen:]
        seen += len(entries)
        return [(entry["method"], entry["path"]) for entry in entries]

    return news


def read(text: str) -> t.Any:
    """JSON of ansible-inventory, which marks texts that are no templates."""
    return json.loads(text, object_hook=lambda found: found.get("__ansible_unsafe", found))


def test_list(inventory: Run, asked: Asked) -> None:
    done = inventory("--list")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert asked() == [TOKEN, MACHINES]
    found = read(done.stdout)
    assert found["profile_web_app"]["hosts"] == ["web-1.example.com"]
    assert found["stage_none"]["hosts"] == ["db-1.example.com", "web-1.example.com"]
    known = found["_meta"]["hostvars"]["web-1.example.com"]
    assert known["ansible_host"] == "192.0.2.7"
    assert known["drp"]["Description"] == "{{ 1 + 1 }}"
    assert known["drp_params"] == {"rack/name": "r1"}
    assert not {"Secret", "Params", "Profile"} & known["drp"].keys()
    assert PASSWORD not in done.stdout


def test_the_second_run_needs_no_token(inventory: Run, asked: Asked) -> None:
    first = inventory("--list")
    assert asked() == [TOKEN, MACHINES]
    second = inventory("--list")
    assert asked() == [MACHINES]
    assert second.stdout == first.stdout


def test_graph(inventory: Run) -> None:
    done = inventory("--graph", groups_by=["profile"], group_prefix="lab_")
    assert done.stdout.split() == [
        "@all:",
        "|--@ungrouped:",
        "|",
        "|--db-1.example.com",
        "|--@lab_profile_web_app:",
        "|",
        "|--web-1.example.com",
    ]


def test_host(inventory: Run, asked: Asked) -> None:
    done = inventory("--host", "web-1.example.com", compose={"rack": "drp_params['rack/name']"})
    found = read(done.stdout)
    assert (found["rack"], found["drp"]["Name"]) == ("r1", "web-1.example.com")
    assert asked() == [TOKEN, MACHINES]


def test_filters_are_the_servers_work(inventory: Run, asked: Asked) -> None:
    found = read(inventory("--list", filters={"Address": "192.0.2.7", "Runnable": True}).stdout)
    assert list(found["_meta"]["hostvars"]) == ["web-1.example.com"]
    assert asked() == [TOKEN, MACHINES]


def test_pages(inventory: Run, asked: Asked) -> None:
    found = read(inventory("--list", page_size=1).stdout)
    assert sorted(found["_meta"]["hostvars"]) == ["db-1.example.com", "web-1.example.com"]
    assert asked() == [TOKEN, MACHINES, MACHINES, MACHINES]


def test_credentials_of_the_environment(
    server: Simulator, inventory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_KEY", f"{USERNAME}:{PASSWORD}")
    monkeypatch.setenv("RS_ENDPOINT", server.endpoint)
    done = inventory("--graph", endpoint=None, username=None, password=None)
    assert "web-1.example.com" in done.stdout


def test_a_pinned_server_and_a_password_from_a_lookup(
    server: Simulator, inventory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_TOKEN", "of no use")
    monkeypatch.setenv("LAB_PASSWORD", PASSWORD)
    done = inventory(
        "--graph",
        ca_path=None,
        cert_fingerprint=server.fingerprint,
        password="{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}",
    )
    assert "web-1.example.com" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"password": "not-the-password"}, "refused the login of 'rocketskates'"),
        ({"ca_path": None}, "cert_fingerprint, ca_path, validate_certs: The certificate of"),
        ({"cert_fingerprint": "00" * 32, "ca_path": None}, "cert_fingerprint asks for"),
        ({"filters": {"sort": "Name"}}, "filters: sort is neither an index nor a param"),
        ({"filters": {"Colour": "red"}}, "filters: GET: machines: Filter not found"),
        ({"page_size": 0}, "page_size: must be at least 1"),
        ({"username": None, "password": None}, "no credentials: set token"),
    ],
)
def test_errors(inventory: Run, options: dict[str, t.Any], told: str) -> None:
    done = inventory("--graph", "-vvv", **options)
    assert told in " ".join(done.stderr.split())
    for secret in (PASSWORD, "not-the-password"):
        assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "example.com" not in done.stdout
