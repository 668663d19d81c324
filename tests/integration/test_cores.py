# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each ansible-core decides in its own way: which module a task runs, and whose defaults reach it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from checkout import ANSIBLE_ENVIRONMENT
from playbook_runner import PlaybookRunner, Task

from simulator.testing import Api

NAMES = "digitalrebar.provision"
OTHER = {
    "requires_ansible": ">=2.16.0",
    "plugin_routing": {
        "modules": {
            "ask": {"redirect": f"{NAMES}.drp_info"},
            "old_name": {"redirect": "other.names.ask"},
            "of_their_own": {"action_plugin": f"{NAMES}.drp_object"},
        },
    },
}
"""A collection that had modules of its own, and now sends their users here."""


@pytest.fixture
def other_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "collections/ansible_collections/other/names"
    for name, text in {
        "meta/runtime.yml": json.dumps(OTHER),
        "galaxy.yml": "namespace: other\nname: names\nversion: 1.0.0\n",
        "plugins/modules/of_their_own.py": "#!/usr/bin/python\nprint('{}')\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    path = f"{ANSIBLE_ENVIRONMENT['ANSIBLE_COLLECTIONS_PATH']}:{tmp_path / 'collections'}"
    monkeypatch.setitem(ANSIBLE_ENVIRONMENT, "ANSIBLE_COLLECTIONS_PATH", path)


WAYS: dict[str, t.Callable[[dict[str, t.Any]], Task]] = {
    "full name": lambda options: {f"{NAMES}.drp_info": options},
    "short name": lambda options: {"drp_info": options, "collections": [NAMES]},
    "second collection": lambda options: {"drp_info": options, "collections": ["other.names", NAMES]},
    "action": lambda options: {"action": {"module": f"{NAMES}.drp_info", **options}},
    "local_action": lambda options: {"local_action": {"module": f"{NAMES}.drp_info", **options}},
    "redirect": lambda options: {"other.names.ask": options},
    "short redirect": lambda options: {"ask": options, "collections": ["other.names"]},
    "redirect twice": lambda options: {"other.names.old_name": options},
}


@pytest.mark.needs_counters
@pytest.mark.usefixtures("other_collection")
@pytest.mark.parametrize("run_in", ["controller", "target"])
def test_a_task_runs_the_module_that_it_names(run_tasks: PlaybookRunner, run_in: str) -> None:
    """An info task for an object that is not there: drp_object would create it."""
    options = {"kind": "profiles", "id": "nobody", "run_in": run_in}
    run_tasks.simulator.reset_stats()
    played = run_tasks(*(way(dict(options)) for way in WAYS.values()))
    assert run_tasks.simulator.stats()["writes"] == 0
    for way, result in zip(WAYS, played.results, strict=True):
        assert (result["changed"], result["objects"]) == (False, []), (way, result)
    found = Api(run_tasks.simulator)("GET", "profiles").json()
    assert "nobody" not in [item["Name"] for item in found]


@pytest.mark.needs_counters
@pytest.mark.usefixtures("other_collection")
def test_a_task_of_another_module_is_refused(run_tasks: PlaybookRunner) -> None:
    run_tasks.simulator.reset_stats()
    played = run_tasks({"other.names.of_their_own": {"kind": "profiles", "id": "nobody"}})
    assert played[0]["failed"]
    assert "other.names.of_their_own is no module of digitalrebar.provision" in played[0]["msg"]
    assert run_tasks.simulator.stats()["requests"] == 0


@pytest.mark.usefixtures("other_collection")
def test_module_defaults_reach_their_module_only(run_tasks: PlaybookRunner) -> None:
    defaults = {
        f"{NAMES}.drp_machine": {"description": "by default"},  # drp_object and drp_info know no such option
        f"{NAMES}.drp_object": {"kind": "profiles"},  # nor drp_machine this one
        "other.names.old_name": {"kind": "machines"},
    }
    tasks: list[Task] = [
        {f"{NAMES}.drp_machine": {"name": "m1"}},
        {f"{NAMES}.drp_machine": {"name": "m2", "description": "by the task"}},
        {f"{NAMES}.drp_object": {"spec": {"Name": "p1"}}},
        {f"{NAMES}.drp_info": {"id": "Name:m1"}},
        {"other.names.ask": {"id": "Name:m1"}},
        {"drp_machine": {"name": "m3"}, "collections": [NAMES]},
        {f"{NAMES}.drp_machine": {"name": "m1", "run_in": "target"}},
    ]
    played = run_tasks(*({**task, "module_defaults": defaults} for task in tasks))
    assert played.code == 0, played.output
    assert played.changed == [True, True, True, False, False, True, False]
    assert [item["Name"] for item in played[3]["objects"]] == ["m1"]
    api = Api(run_tasks.simulator)
    described = {item["Name"]: item["Description"] for item in api("GET", "machines").json()}
    assert described == {"m1": "by default", "m2": "by the task", "m3": "by default"}
    assert api("GET", "profiles/p1").status_code == 200
