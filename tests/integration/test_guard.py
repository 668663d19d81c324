# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What destroys does not begin when it would hit more, or other machines than were meant."""

from __future__ import annotations

import typing as t

import pytest
from playbook_runner import PlaybookRunner, PlayResult, Task, machine, thing

from simulator.launch import Simulator
from simulator.testing import Api

NAMES = ["m1", "m2", "m3"]


def action(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_action": options}


def bulk(*names: str, **options: t.Any) -> Task:
    entries = [{"kind": "machines", "spec": {"Name": name}, "state": "absent"} for name in names]
    return thing(resources=entries, **options)


def filled(run_tasks: PlaybookRunner, *, locked: str = "") -> PlaybookRunner:
    api = Api(run_tasks.simulator)
    api("POST", "workflows", json={"Name": "flow", "Stages": ["none"]})
    for name in NAMES:
        body = {"Name": name, "Description": "x", **({"Locked": True} if name == locked else {})}
        assert api("POST", "machines", json=body).status_code == 201
    run_tasks.simulator.reset_stats()
    return run_tasks


def names(simulator: Simulator) -> list[str]:
    return [item["Name"] for item in Api(simulator)("GET", "machines?sort=Name").json()]


def refused(played: PlayResult, run_tasks: PlaybookRunner) -> list[str]:
    assert all(result["failed"] for result in played.results), played.output
    assert not any(played.changed)
    assert run_tasks.simulator.stats()["writes"] == 0
    return [result["msg"] for result in played.results]


@pytest.mark.needs_counters
def test_more_than_were_meant(run_tasks: PlaybookRunner) -> None:
    filled(run_tasks)
    told = refused(
        run_tasks(
            bulk(*NAMES, max_targets=2),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent", max_targets=2),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent"),
            thing(kind="machines", filters={"BootEnv": "local"}, spec={"Workflow": "flow"}),
            thing(kind="machines", filters={"BootEnv": "local"}, spec={"Workflow": "flow"}, max_targets=0),
            action(objects=NAMES, command="powercycle"),
            action(filters={"BootEnv": "local"}, command="erase-disks", max_targets=1),
            bulk("m1", max_targets=-1),
        ),
        run_tasks,
    )
    hit = "m1, m2, m3. Nothing was changed"
    assert told[0] == f"deletion: max_targets allows 2 objects, but the task would affect 3: {hit}"
    assert told[1].startswith("deletion: max_targets allows 2 objects, but the task would affect 3: ")
    assert told[2].startswith("deletion: would affect 3 objects: ")
    assert told[2].endswith("Set max_targets, or run the task in check mode and set confirm from its result")
    assert told[3].startswith("re-imaging: would affect 3 objects: ")
    assert told[4].startswith("re-imaging: max_targets allows 0 objects, but the task would affect 3: ")
    assert told[5].startswith("powercycle: would affect 3 objects: m1, m2, m3. ")
    assert told[6].startswith("erase-disks: max_targets allows 1 objects, but the task would affect 3: ")
    assert told[7] == "max_targets: must not be negative"
    assert names(run_tasks.simulator) == NAMES


def test_as_many_as_were_meant(run_tasks: PlaybookRunner) -> None:
    filled(run_tasks)
    flow = {"kind": "machines", "filters": {"BootEnv": "local"}, "spec": {"Workflow": "flow"}}
    played = run_tasks(
        thing(**flow, max_targets=3),
        thing(**flow, max_targets=0),
        thing(kind="machines", filters={"Workflow": "flow"}, spec={"Description": "y"}),
        bulk("m1", "m2", "m9", max_targets=2),
        bulk("m1", "m2", "m9", max_targets=0),
        thing(kind="machines", filters={"Name": "m3"}, state="absent"),
        thing(kind="machines", filters={"Name": "m3"}, state="absent"),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, True, False, True, False]
    assert (played[0]["targets"]["deed"], played[0]["targets"]["count"]) == ("re-imaging", 3)
    assert "targets" not in played[1]
    assert {entry["action"] for entry in played[2]["results"]} == {"updated"}
    assert played[3]["targets"]["names"] == ["m1", "m2"]
    assert names(run_tasks.simulator) == []


@pytest.mark.needs_counters
def test_confirming_a_plan(run_tasks: PlaybookRunner) -> None:
    filled(run_tasks)
    gone = {"kind": "machines", "filters": {"Name": {"Between": ["m1", "m2"]}}, "state": "absent"}
    planned = run_tasks(thing(**gone), flags=["--check"])
    assert planned.changed == [True]
    assert run_tasks.simulator.stats()["writes"] == 0
    plan = planned[0]["targets"]
    assert (plan["count"], sorted(plan["names"])) == (2, ["m1", "m2"])
    wider = {**gone, "filters": {"Name": {"Between": ["m1", "m3"]}}}
    told = refused(run_tasks(thing(**wider, confirm=plan["confirm"])), run_tasks)
    assert told[0].startswith("deletion: confirm does not match the objects that would be affected now: ")
    done = run_tasks(thing(**gone, confirm=plan["confirm"]), thing(**gone, confirm=plan["confirm"]))
    assert done.changed == [True, False], done.output
    assert names(run_tasks.simulator) == ["m3"]


@pytest.mark.needs_incrementer
def test_the_mark_of_an_action(run_tasks: PlaybookRunner) -> None:
    filled(run_tasks)
    Api(run_tasks.simulator)("POST", "plugins", json={"Name": "incr", "Provider": "incrementer"})
    for name in NAMES:
        Api(run_tasks.simulator)("POST", f"machines/Name:{name}/params/incrementer%2Ftouched", json=1)
    order = {"objects": ["m1", "m2"], "command": "reset_count"}
    plan = run_tasks(action(**order), flags=["--check"])[0]["targets"]
    played = run_tasks(
        action(**{**order, "objects": NAMES}, confirm=plan["confirm"]),
        action(**order, confirm=plan["confirm"]),
    )
    assert "confirm does not match" in played[0]["msg"]
    assert played.changed == [False, True]


@pytest.mark.needs_counters
def test_a_filter_takes_no_names(run_tasks: PlaybookRunner) -> None:
    filled(run_tasks)
    told = refused(
        run_tasks(
            thing(kind="machines", filters={"Name": "m1"}, spec={"Name": "m2"}),
            thing(kind="machines", filters={"Nme": "m1"}, spec={"Description": "x"}),
            thing(filters={"Name": "m1"}, state="absent", resources=[]),
            thing(filters={"Name": "m1"}, state="absent"),
        ),
        run_tasks,
    )
    assert told[0] == "filters: Name cannot be the same for all objects that match"
    assert "machines have no index Nme" in told[1]
    assert told[2] == "parameters are mutually exclusive: id|resources|filters"
    assert told[3] == "one of the following is required: kind, resources"


# -- locks, which only a v4 server knows


@pytest.mark.needs_counters
@pytest.mark.needs_v4
def test_locked_machines_are_respected(run_tasks_v4: PlaybookRunner) -> None:
    run_tasks = filled(run_tasks_v4, locked="m2")
    told = refused(
        run_tasks(
            bulk(*NAMES, max_targets=3),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent", max_targets=3),
            machine(name="m2", state="absent"),
            machine(name="m2", description="y"),
            machine(name="m2", workflow="flow"),
            action(name="m2", command="poweroff"),
            machine(name="m2", description="y"),
        ),
        run_tasks,
    )
    advice = "m2 is locked. Nothing was changed. Unlock them, leave them out, or set include_locked: true"
    assert told[0] == told[1] == f"deletion: {advice}"
    assert told[2] == told[3] == told[4]
    assert told[2].startswith("machine m2: it is locked. Unlock it first, or set include_locked: true")
    assert told[5] == f"poweroff: {advice}"
    assert names(run_tasks.simulator) == NAMES


@pytest.mark.needs_v4
def test_locks_are_taken_off_when_asked(run_tasks_v4: PlaybookRunner) -> None:
    run_tasks = filled(run_tasks_v4, locked="m2")
    played = run_tasks(
        machine(name="m2", description="x"),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", workflow="flow", locked=False),
        machine(name="m2", locked=True, description="z"),
        machine(name="m2", locked=True, description="z"),
        machine(name="m1", context=""),
        machine(name="m1", state="absent", include_locked=True),
        bulk("m2", "m3", max_targets=2, include_locked=True),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    assert played.changed == [False, True, False, True, True, False, False, True, True]
    assert [result["machine"]["Locked"] for result in played.results[:6]] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]
    assert played[1]["diff"]["after"] == {"Description": "y"}
    assert played[3]["machine"]["Workflow"] == "flow"
    assert names(run_tasks.simulator) == []


@pytest.mark.needs_counters
@pytest.mark.needs_v4
def test_check_mode_with_locks(run_tasks_v4: PlaybookRunner) -> None:
    run_tasks = filled(run_tasks_v4, locked="m2")
    tasks = (
        machine(name="m2", description="y"),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", state="absent", include_locked=True),
    )
    checked = run_tasks(*tasks, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    done = run_tasks(*tasks, flags=["--diff"])
    assert checked.changed == done.changed == [False, True, True]
    assert checked[0]["msg"] == done[0]["msg"]
    assert checked[1]["diff"] == done[1]["diff"]
    assert checked[2]["diff"]["after"] == done[2]["diff"]["after"] == {}


def test_an_old_server_knows_no_locks(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(machine(name="m1", locked=True), machine(name="m1", context="x"), machine(name="m1"))
    assert played[0]["msg"].startswith("locked: not supported by this server (version v3.12.0-")
    assert played[1]["msg"].startswith("context: not supported by this server")
    assert played.changed == [False, False, True]
