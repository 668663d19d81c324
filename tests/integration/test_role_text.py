# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role with each option given as text, as ``-e`` gives it: in check mode, and the removal for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from checkout import ANSIBLE_ENVIRONMENT, ROOT
from info_tasks import add
from patience import LIMIT
from playbook_runner import COMMAND

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_counters,
    pytest.mark.skipif(os.geteuid() != 0, reason="the role works as root only"),
]

SPECS = yaml.safe_load((ROOT / "roles/agent/meta/argument_specs.yml").read_text())["argument_specs"]
FACTS = {
    "service_mgr": "systemd",
    "user_uid": 0,
    "user_id": "root",
    "interfaces": [],
    "machine": "x86_64",
    "python_version": f"3.{sys.version_info[1]}.0",
    "python": {"executable": sys.executable},
    "systemd": {"version": 252},
}


class Role:
    """The role on this very host, with all its folders elsewhere."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.config = folder / "config"
        self.machine = f"{folder.name}.example.com".replace("_", "-").lower()
        self.options = {
            "agent_service": f"drp-agent-test-{os.getpid()}",
            "agent_path": str(folder / "drp-agent"),
            "agent_build_dir": str(folder / "build"),
            "agent_config_dir": str(self.config),
            "agent_state_dir": str(folder / "state"),
            "agent_runner_dir": str(folder / "runner"),
            "agent_drpcli_path": str(folder / "drpcli"),
            "agent_identify_by": ["name"],
            "agent_machine_name": self.machine,
            "ansible_python_interpreter": sys.executable,
        }

    def __call__(self, entry: str, *flags: str, **texts: str) -> subprocess.CompletedProcess[str]:
        task = {"ansible.builtin.include_role": {"name": "digitalrebar.provision.agent", "tasks_from": entry}}
        book = self.folder / "book.yml"
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"name": "The role", **task}]}
        book.write_text(json.dumps([play]))
        extra = [word for name, text in texts.items() for word in ("-e", f"{name}={text}")]
        given = json.dumps({**self.options, "ansible_facts": FACTS})
        return subprocess.run(
            [str(COMMAND), "-i", "localhost,", "-c", "local", "-e", given, *extra, *flags, str(book)],
            env={
                **os.environ,
                **ANSIBLE_ENVIRONMENT,
                "RS_ENDPOINT": self.simulator.endpoint,
                "RS_KEY": f"{USERNAME}:{PASSWORD}",
                "RS_CA_PATH": str(self.simulator.ca),
            },
            capture_output=True,
            text=True,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            check=False,
        )


@pytest.fixture
def api(simulator: Simulator) -> Api:
    return Api(simulator)


@pytest.fixture
def role(simulator: Simulator, tmp_path: Path) -> Role:
    return Role(simulator, tmp_path)


@pytest.fixture
def role_v4(v4_simulator: Simulator, tmp_path: Path) -> Role:
    v4_simulator.reset()
    return Role(v4_simulator, tmp_path)


def booleans(entry: str) -> list[str]:
    options: dict[str, dict[str, t.Any]] = SPECS[entry]["options"]
    return [name for name, option in options.items() if option.get("type") == "bool"]


def skipped(output: str, task: str) -> bool:
    """Whether the task of this name was left out."""
    return "skipping:" in output.partition(f"{task}] ")[2].partition("\nTASK")[0]


@pytest.mark.parametrize("text", ["false", "true", "no", "yes"])
def test_booleans_of_the_installation(role: Role, api: Api, text: str) -> None:
    add(api, "machines", Name=role.machine)
    raw = {"Content-Type": "application/octet-stream"}
    api("POST", "files/drpcli.amd64.linux", data=b"#!/bin/sh\n", headers=raw)
    texts = {**dict.fromkeys(booleans("main"), text), "agent_token_user": USERNAME}
    done = role("main", "--check", "--diff", **texts)
    assert done.returncode == 0, done.stdout + done.stderr
    yes = text in ("true", "yes")
    assert skipped(done.stdout, "Copy drpcli") is not yes
    assert f"+validate_certs: {str(yes).lower()}" in done.stdout


def test_an_unknown_machine_is_not_created(role: Role, api: Api) -> None:
    done = role("main", "--check", agent_create_machine="false")
    assert "the server has no machine for localhost" in done.stdout, done.stdout
    assert role("main", "--check", agent_create_machine="true").returncode == 0
    assert api("GET", f"machines/Name:{role.machine}").status_code == 404


def test_a_token_of_ones_own(role: Role, api: Api) -> None:
    """`when: agent_token or ...` is no condition for the newest cores."""
    add(api, "machines", Name=role.machine)
    done = role("main", "--check", agent_token="own-secret-text", agent_token_ttl="3600")
    assert done.returncode == 0, done.stdout + done.stderr
    assert skipped(done.stdout, "Mint a token limited to the jobs of this machine")
    assert "own-secret-text" not in done.stdout


def test_why_there_is_no_token(role: Role, api: Api) -> None:
    """no_log of the task that mints hides nothing but the token."""
    add(api, "machines", Name=role.machine)
    done = role("main", "--check")
    assert done.returncode != 0
    assert "has no licence for roles. Set user (in the role: agent_token_user)" in done.stdout


@pytest.mark.parametrize("text", ["false", "true"])
def test_booleans_of_the_removal(role: Role, api: Api, text: str) -> None:
    uuid = add(api, "machines", Name=role.machine)["Uuid"]
    role.config.mkdir()
    (role.config / "agent.yml").write_text(f"machine: {uuid}\n")
    drpcli = role.folder / "drpcli"
    drpcli.write_text("x")
    done = role("uninstall", **dict.fromkeys(booleans("uninstall"), text))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (api("GET", f"machines/{uuid}").status_code == 200) is (text == "false")
    assert drpcli.exists() is (text == "false")
    assert skipped(done.stdout, "Revoke the tokens of the agent") is (text == "false")
    assert not role.config.exists()


def test_a_token_of_a_user_that_cannot_be_ended(role: Role, api: Api) -> None:
    uuid = add(api, "machines", Name=role.machine)["Uuid"]
    role.config.mkdir()
    (role.config / "agent.yml").write_text(f"machine: {uuid}\n")
    done = role("uninstall", agent_token_user=USERNAME)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert f"its token of user {USERNAME} stays valid until it expires" in said


@pytest.mark.needs_v4
@pytest.mark.parametrize("kind", ["clusters", "resource_brokers"])
def test_another_kind(role_v4: Role, kind: str) -> None:
    """Found by its name, configured, given a token of its own, and never created."""
    api = Api(role_v4.simulator)
    told = role_v4("main", "--check", agent_kind=kind).stdout
    assert f"there is none of the {kind} that is called" in told, told
    assert api("GET", kind).json() == []
    uuid = add(api, kind, Name=role_v4.machine)["Uuid"]
    options = json.dumps({"agent_machine_options": {"description": "served"}})
    done = role_v4("main", "--check", "--diff", "-e", options, agent_kind=kind)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"+kind: {kind}" in done.stdout
    assert f"+machine: {uuid}" in done.stdout
    assert "served" in done.stdout
    assert api("GET", "machines").json() == []


@pytest.mark.needs_v4
def test_the_removal_of_another_kind(role_v4: Role) -> None:
    api = Api(role_v4.simulator)
    cluster = add(api, "clusters", Name=role_v4.machine)
    role_v4.config.mkdir()
    (role_v4.config / "agent.yml").write_text(f"kind: clusters\nmachine: {cluster['Uuid']}\n")
    done = role_v4("uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert api("GET", f"clusters/{cluster['Uuid']}").json()["Secret"] != cluster["Secret"]
    role_v4.config.mkdir()
    (role_v4.config / "agent.yml").write_text(f"kind: clusters\nmachine: {cluster['Uuid']}\n")
    assert role_v4("uninstall", agent_delete_machine="true").returncode == 0
    assert api("GET", f"clusters/{cluster['Uuid']}").status_code == 404
