# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation run, one after the other, on a server that holds what they speak of."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from asking import add, run_jobs
from playing import Player, Task

from simulator.testing import Api

pytestmark = pytest.mark.simulator

PLUGINS = "ansible_collections.digitalrebar.provision.plugins"
EXAMPLES = [
    "modules.drp_event",
    "modules.drp_info",
    "modules.drp_job_info",
    "modules.drp_prefs",
    "modules.drp_reservation",
    "modules.drp_subnet",
    "modules.drp_user",
    "modules.drp_token",
    "lookup.drp_object",
    "lookup.drp_param",
]
VARIABLES = {
    "drp_ansible_password": "one-two",
    "drp_first_password": "three",
    "inventory_hostname": "web-1.example.com",
}
ONLY_V4 = '"roles": ["readonly"]'


def prepare(api: Api) -> list[str]:
    """What the examples speak of; the UUIDs of some jobs."""
    for name in ("discovery", "sledgehammer"):
        add(api, "bootenvs", Name=name, OS={"Name": name})
    add(api, "stages", Name="discover")
    add(api, "workflows", Name="install-linux", Stages=["discover"])
    add(api, "params", Name="ipmi/password", Schema={"type": "string"})
    _machine, jobs = run_jobs(api, "log\n", fail_last=True)
    for name in ("web-1.example.com", "web-2.example.com"):
        add(api, "machines", Name=name, Params={"ipmi/password": "pw", "rack/position": 7})
    api("PATCH", "params/ipmi/password", json=[{"op": "replace", "path": "/Secure", "value": True}])
    return jobs


def examples(name: str) -> list[Task]:
    text = importlib.import_module(f"{PLUGINS}.{name}").EXAMPLES
    return [step for step in yaml.safe_load(text) if ONLY_V4 not in json.dumps(step)]


def numbered(steps: list[Task]) -> list[Task]:
    """The tasks with the names under which the player registers results in place of their own."""
    text = []
    names: dict[str, str] = {}
    for number, step in enumerate(steps):
        written = json.dumps(step)
        for name, replacement in names.items():
            written = re.sub(rf"\b{name}\.", f"{replacement}.", written)
        text.append(written)
        if "register" in step:
            names[step["register"]] = f"result_{number}"
    return [json.loads(written) for written in text]


def test_examples_run(player: Player, tmp_path: Path) -> None:
    jobs = prepare(Api(player.simulator))
    steps = numbered([step for name in EXAMPLES for step in examples(name)])
    written = json.dumps(steps).replace("/var/log/provisioning", str(tmp_path)).replace("web-1.log", "x.log")
    written = written.replace("5e1a4a5c-6f5c-4b43-8c3d-2f0b4bb5f6c8", jobs[0])
    written = written.replace('"machine": "web-1.example.com", "count": 1', '"machine": "worker", "count": 1')
    connection = {f"drp_{name}": value for name, value in player.defaults.items()}
    tasks: list[Task] = [{**step, "vars": {**VARIABLES, **connection}} for step in json.loads(written)]
    played = player(*tasks)
    told = {step["name"]: result.get("msg") for step, result in zip(tasks, played.results, strict=True)}
    failed = [
        step["name"] for step, result in zip(tasks, played.results, strict=True) if result.get("failed")
    ]
    assert failed == [], {name: told[name] for name in failed}
    assert played.code == 0
    assert len(tasks) >= 20
