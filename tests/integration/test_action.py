# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_action and drp_action_info from the user's side."""

from __future__ import annotations

import typing as t

import pytest
from playbook_runner import PlaybookRunner, Task, machine, thing

from simulator.testing import Api

pytestmark = pytest.mark.needs_incrementer
PLUGIN = thing(kind="plugins", spec={"Name": "incr", "Provider": "incrementer"})


def action(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_action": options}


def action_info(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_action_info": options}


@pytest.fixture
def lab(run_tasks: PlaybookRunner) -> PlaybookRunner:
    """A server with the counter plugin and three machines."""
    api = Api(run_tasks.simulator)
    assert api("POST", "plugins", json={"Name": "incr", "Provider": "incrementer"}).status_code == 201
    for name in ("m1", "m2", "m3"):
        assert api("POST", "machines", json={"Name": name}).status_code == 201
    return run_tasks


def counts(run_tasks: PlaybookRunner) -> list[int]:
    found = Api(run_tasks.simulator)("GET", "machines?sort=Name").json()
    return [item["Params"].get("incrementer/default", 0) for item in found]


def test_one_object(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m1", command="increment"),
        action(name="m1", command="increment", params={"incrementer/step": 5}),
        action(id="Name:m1", command="reset_count"),
        action(kind="system", command="incrstatus", plugin="incr"),
    )
    assert played.code == 0, played.output
    assert [result["result"] for result in played.results] == [1, 6, "Success", "Running"]
    assert played.changed == [True, True, True, False]
    assert counts(lab) == [6, 0, 0]


def test_several_objects_each_with_a_result(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m1", command="increment"),
        action(objects=["m3", "m1"], command="increment"),
        action(filters={"Name": {"Between": ["m1", "m2"]}}, command="increment", max_targets=2),
        action(filters={"Name": "nobody"}, command="increment"),
    )
    assert played.code == 0, played.output
    assert [(one["name"], one["result"]) for one in played[1]["results"]] == [("m3", 1), ("m1", 2)]
    assert sorted(one["name"] for one in played[2]["results"]) == ["m1", "m2"]
    assert (played[3]["changed"], played[3]["results"]) == (False, [])
    assert counts(lab) == [3, 1, 1]


def test_one_that_fails_does_not_stop_the_others(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m2", command="increment"),
        action(objects=["m1", "m2"], command="reset_count", max_targets=2),
    )
    first, second = played[1]["results"]
    assert (first["failed"], second["result"]) == (True, "Success")
    assert "Missing Parameter incrementer/touched" in first["msg"]
    assert first["error"]["Code"] == 400
    assert played[1]["failed"]
    assert played[1]["changed"]
    assert played[1]["msg"].startswith("reset_count: 1 of 2 failed: m1: ")


def test_an_action_that_there_is_not(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m1", command="incremnt"),
        action(name="m1", command="increment", plugin="other"),
        action(kind="system", command="x"),
        action(kind="profiles", name="global", command="x"),
        action(objects=["m1", "m2"], command="incremnt"),
        action(name="m1", command="a/b"),
        action(kind="machine", name="m1", command="x"),
        action(name="m9", command="increment"),
        action(command="increment"),
        action(kind="system", name="m1", command="x"),
        action(name="m1", objects=["m1"], command="x"),
        action(filters={"Nme": "m1"}, command="increment"),
    )
    told = [result["msg"] for result in played.results]
    assert all(result["failed"] for result in played.results)
    assert told[0] == (
        "machine m1: there is no action incremnt. Did you mean increment? Available: increment"
    )
    assert (
        told[1] == "machine m1: there is no action increment by the plugin other. "
        "There is no such plugin, or it provides none now"
    )
    assert told[2] == "system: there is no action x. Available: incrstatus"
    assert told[3] == "profile global: there is no action x. No plugin provides any now"
    assert told[4].count("Did you mean increment?") == 2
    assert "cannot be the name of an action" in told[5]
    assert "Did you mean machines?" in told[6]
    assert told[7] == "no such machine: m9"
    assert told[8].startswith("name: must be set, or id, objects or filters, to select machines")
    assert told[9] == "name: cannot be combined with kind: system, whose actions take no object"
    assert "mutually exclusive" in told[10]
    assert "machines have no index Nme" in told[11]
    assert counts(lab) == [0, 0, 0]
    assert "Traceback" not in played.output


@pytest.mark.needs_counters
def test_check_mode_looks_and_does_nothing(lab: PlaybookRunner) -> None:
    lab.simulator.reset_stats()
    played = lab(
        action(name="m1", command="increment"),
        action(objects=["m1", "m2"], command="reset_count", params={"incrementer/touched": 1}),
        action(kind="system", command="incrstatus"),
        action(name="m1", command="nothing"),
        flags=["--check"],
    )
    assert lab.simulator.stats()["writes"] == 0
    assert played.changed == [True, True, False, False]
    assert played[1]["targets"]["count"] == 2
    assert "there is no action nothing" in played[3]["msg"]


@pytest.mark.needs_faults
def test_never_sent_twice(lab: PlaybookRunner) -> None:
    lab.simulator.fault("lose_reply", path="actions/increment", method="POST")
    played = lab(action(name="m1", command="increment"))
    assert played[0]["failed"]
    assert "it is unknown whether increment was run" in played[0]["msg"]
    assert counts(lab) == [1, 0, 0]


def test_what_can_be_done(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m2", command="increment"),
        action_info(name="m1"),
        action_info(objects=["m1", "m2"]),
        action_info(filters={"Name": "m3"}, plugin="other"),
        action_info(kind="system"),
        action_info(kind="profiles", name="global"),
    )
    assert played.code == 0, played.output
    assert not any(played.changed[1:])
    assert [one["Command"] for one in played[1]["actions"]] == ["increment"]
    assert played[1]["actions"][0]["Provider"] == "incrementer"
    assert [[one["Command"] for one in entry["actions"]] for entry in played[2]["results"]] == [
        ["increment"],
        ["increment", "reset_count"],
    ]
    assert [(entry["name"], entry["actions"]) for entry in played[3]["results"]] == [("m3", [])]
    assert [one["Command"] for one in played[4]["actions"]] == ["incrstatus"]
    assert played[5]["actions"] == []


def test_as_a_module(lab: PlaybookRunner) -> None:
    played = lab(
        action(name="m1", command="increment", run_in="target"),
        action_info(name="m1", run_in="target"),
        machine(name="m1", run_in="target"),
    )
    assert played.code == 0, played.output
    assert (played[0]["result"], len(played[1]["actions"])) == (1, 2)
