# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job as AWX runs it: ansible-runner, the inventory plugin as the source, the credential injected."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import ansible_runner
import pytest
from awx_credentials import inject
from checkout import ANSIBLE_ENVIRONMENT
from info_tasks import add
from patience import LIMIT
from playbook_runner import COMMAND

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the runner finds ansible-playbook."""
    monkeypatch.setenv("PATH", f"{COMMAND.parent}:{os.environ['PATH']}")


PLAY = {
    "name": "What a job template does",
    "hosts": "stage_none",
    "gather_facts": False,
    "connection": "local",
    "tasks": [
        {
            "name": "Describe the machine",
            "digitalrebar.provision.drp_machine": {
                "name": "{{ inventory_hostname }}",
                "description": "in {{ drp.Stage }}",
            },
        },
        {
            "name": "Read it back",
            "digitalrebar.provision.drp_info": {"kind": "machines", "gather": ["objects"]},
        },
    ],
}


def job(folder: Path, environment: dict[str, str]) -> t.Any:
    """A private data directory such as AWX lays out, and the run of it."""
    for name in ("project", "inventory", "env"):
        (folder / name).mkdir()
    (folder / "project/site.yml").write_text(json.dumps([PLAY]))
    (folder / "inventory/drp.yml").write_text("plugin: digitalrebar.provision.drp\n")
    (folder / "env/envvars").write_text(
        json.dumps(
            {
                **environment,
                **ANSIBLE_ENVIRONMENT,
            }
        )
    )
    return ansible_runner.run(
        private_data_dir=str(folder),
        playbook="site.yml",
        quiet=True,
        verbosity=2,
        timeout=LIMIT,
    )


def test_a_job(simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    api = Api(simulator)
    for name in ("web-1", "web-2"):
        add(api, "machines", Name=name)
    environment = inject(
        tmp_path,
        endpoint=simulator.endpoint,
        username=USERNAME,
        password=PASSWORD,
        ca_certificate=Path(simulator.ca).read_text(),
    )
    (tmp_path / "data").mkdir()
    done = job(tmp_path / "data", environment)
    assert (done.status, done.rc) == ("successful", 0), done.stdout.read()
    assert {item["Description"] for item in api("GET", "machines").json()} == {"in none"}
    hosts = {event["event_data"]["host"] for event in done.events if event["event"] == "runner_on_ok"}
    assert hosts == {"web-1", "web-2"}
    told = "".join(path.read_text() for path in (tmp_path / "data/artifacts").rglob("*.json"))
    assert "in none" in told
    assert PASSWORD not in told + done.stdout.read()


def test_a_job_with_the_wrong_password(simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    add(Api(simulator), "machines", Name="web-1")
    wrong = {"endpoint": simulator.endpoint, "username": USERNAME, "password": "not-the-password"}
    environment = inject(tmp_path, **wrong, ca_certificate=Path(simulator.ca).read_text())
    (tmp_path / "data").mkdir()
    done = job(tmp_path / "data", environment)
    output = done.stdout.read()
    assert "unknown user or wrong password" in output
    assert "Traceback" not in output
    assert "not-the-password" not in output
