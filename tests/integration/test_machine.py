# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_machine from the user's side."""

from __future__ import annotations

import pytest
from playbook_runner import PlaybookRunner, machine, thing

FLOW = thing(
    resources=[
        {"kind": "workflows", "spec": {"Name": "flow", "Stages": ["first"]}},
        {"kind": "stages", "spec": {"Name": "first", "BootEnv": "env", "Tasks": ["say"]}},
        {"kind": "tasks", "spec": {"Name": "say", "Templates": [{"Name": "x", "Contents": "#!/bin/sh"}]}},
        {"kind": "bootenvs", "spec": {"Name": "env", "OS": {"Name": "env"}}},
        {"kind": "profiles", "spec": {"Name": "one"}},
        {"kind": "profiles", "spec": {"Name": "two"}},
    ]
)


def test_life_of_a_machine(run_tasks: PlaybookRunner) -> None:
    full = {
        "name": "m1",
        "address": "192.0.2.1",
        "description": "first",
        "profiles": ["one"],
        "params": {"a/b": 1, "c": "1", "d": [True, 1.5, None], "e": {"f": "g"}},
        "meta": {"color": "blue", "order": 5},
        "hardware_addrs": ["52:54:00:12:34:56"],
        "arch": "arm64",
        "runnable": False,
    }
    played = run_tasks(
        FLOW,
        machine(**full),
        machine(**full),
        machine(name="m1", params={"c": None, "x": 2}, profiles=["two"], append_profiles=True),
        machine(name="m1", params={"x": 2}, purge_params=True, address="", meta={"color": None}),
        machine(id="Name:m1", description="by index"),
        machine(name="m1", state="absent"),
        machine(name="m1", state="absent"),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, True, False, True, True, True, True, False]
    created = played[1]["machine"]
    assert created["Params"] == full["params"]
    assert [type(value) for value in created["Params"].values()] == [int, str, list, dict]
    assert (created["Runnable"], created["Arch"], created["Meta"]["order"]) == (False, "arm64", "5")
    assert "Secret" not in created
    assert played[3]["machine"]["Profiles"] == ["one", "two"]
    assert set(played[3]["machine"]["Params"]) == {"a/b", "d", "e", "x"}
    assert played[4]["machine"]["Params"] == {"x": 2}
    assert played[4]["machine"]["Address"] == ""
    assert "color" not in played[4]["machine"]["Meta"]
    assert played[7]["action"] == "unchanged"


@pytest.mark.needs_counters
def test_unchanged_costs_one_request(run_tasks: PlaybookRunner) -> None:
    run_tasks(machine(name="m1", params={"a": 1}))
    before = len(run_tasks.simulator.log())
    played = run_tasks(machine(name="m1", params={"a": 1}))
    assert played.changed == [False]
    assert [(line["method"], line["path"]) for line in run_tasks.simulator.log()[before:]] == [
        ("GET", "machines/Name:m1")
    ]


@pytest.mark.needs_counters
@pytest.mark.parametrize(
    "task",
    [
        machine(name="new", params={"a": 1}),
        machine(name="old", params={"a": 2}, description="other", workflow="flow"),
        machine(name="old", state="absent"),
    ],
    ids=["create", "update", "delete"],
)
def test_check_mode_writes_nothing_and_tells_the_truth(
    run_tasks: PlaybookRunner, task: dict[str, object]
) -> None:
    run_tasks(FLOW, machine(name="old", params={"a": 1}))
    run_tasks.simulator.reset_stats()
    checked = run_tasks(task, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    done = run_tasks(task, flags=["--diff"])
    assert checked.changed == done.changed == [True]
    assert checked[0]["diff"] == done[0]["diff"]
    assert checked[0]["action"] == done[0]["action"]


def test_rules_of_workflow_stage_and_bootenv(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        FLOW,
        machine(name="m1"),
        machine(name="m1", workflow="flow"),
        machine(name="m1", stage="local"),
        machine(name="m1", stage="local", workflow="flow"),
        machine(name="m1", stage="local", workflow="", runnable=True),
        machine(name="m1", stage="local", workflow="", runnable=True),
        machine(name="m1", workflow="flow", runnable=True),
        machine(name="m1", stage="none", force=True),
    )
    in_flow = played[2]
    assert in_flow["machine"]["Stage"] == "first"
    assert in_flow["machine"]["Runnable"] is False
    assert "set runnable: true" in in_flow["warnings"][0]
    assert "in workflow flow" in played[3]["msg"]
    assert "workflow: ''" in played[3]["msg"]
    assert "decides the stage" in played[4]["msg"]
    left = played[5]["machine"]
    assert (left["Workflow"], left["Stage"], left["BootEnv"], left["Runnable"]) == (
        "",
        "local",
        "local",
        True,
    )
    assert not played[6]["changed"]
    assert played[7]["machine"]["Runnable"] is True
    assert (played[8]["machine"]["Workflow"], played[8]["machine"]["Stage"]) == ("", "none")
