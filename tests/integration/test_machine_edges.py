# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_machine where it is easy to get wrong: types, renames, boot environments, loops, check mode."""

from __future__ import annotations

import json
import typing as t

import pytest
from playbook_runner import PlaybookRunner, machine, thing

from simulator.testing import Api

UUID = "5d5d1c4e-0000-4000-8000-000000000001"
ENVS = thing(
    resources=[
        {"kind": "bootenvs", "spec": {"Name": "env", "OS": {"Name": "env"}}},
        {"kind": "stages", "spec": {"Name": "first", "BootEnv": "env"}},
        {"kind": "workflows", "spec": {"Name": "flow", "Stages": ["first"]}},
        {"kind": "tasks", "spec": {"Name": "say"}},
        {"kind": "tasks", "spec": {"Name": "shout"}},
        {"kind": "profiles", "spec": {"Name": "one"}},
        {"kind": "profiles", "spec": {"Name": "two"}},
    ]
)
PARAMS: dict[str, t.Any] = {
    "text/one": "1",
    "text/yes": "yes",
    "text/null": "null",
    "text/empty": "",
    "text/lines": "a\nb\n",
    "text/sign": "ä → 你好",
    "number/int": 1,
    "number/zero": 0,
    "number/big": 2**53,
    "number/negative": -7,
    "number/float": 1.5,
    "truth/yes": True,
    "truth/no": False,
    "list/empty": [],
    "list/mixed": [1, "1", True, None, 1.5, {"a": []}],
    "map/empty": {},
    "map/deep": {"a": {"b": [{"c": None, "~/x": 1}]}},
    "odd name/with~tilde/and.dots": "odd",
}


def exact(value: t.Any) -> str:
    """Equal only for equal values of equal types: 1 is neither "1" nor True."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("where", ["controller", "target"])
def test_values_keep_their_types(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults["run_in"] = where
    twisted = {**PARAMS, "text/one": 1, "number/int": "1", "truth/yes": 1, "number/float": "1.5"}
    played = run_tasks(
        machine(name="m1", params=PARAMS),
        machine(name="m1", params=PARAMS),
        machine(name="m1", params=twisted),
        machine(name="m1", params=PARAMS),
    )
    assert played.changed == [True, False, True, True], played.output
    assert exact(played[0]["machine"]["Params"]) == exact(PARAMS)
    assert exact(played[2]["machine"]["Params"]) == exact(twisted)
    stored = Api(run_tasks.simulator)("GET", "machines/Name:m1").json()["Params"]
    assert exact(stored) == exact(PARAMS)


def test_templated_values_keep_their_types(run_tasks: PlaybookRunner) -> None:
    task = machine(
        name="m1", params={"n": "{{ number }}", "t": "{{ number | string }}", "l": "{{ [1, true] }}"}
    )
    played = run_tasks({**task, "vars": {"number": 3}}, {**task, "vars": {"number": 3}})
    assert played.changed == [True, False], played.output
    assert exact(played[0]["machine"]["Params"]) == exact({"n": 3, "t": "3", "l": [1, True]})


def test_rename(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        machine(uuid=UUID, name="old"),
        machine(uuid=UUID, name="new", description="renamed"),
        machine(uuid=UUID, name="new"),
        machine(id=UUID, description="by key"),
        machine(id="Name:new", description="by index"),
        machine(name="old", state="absent"),
        machine(uuid=UUID, state="absent"),
        machine(uuid=UUID, state="absent"),
    )
    assert played.changed == [True, True, False, True, True, False, True, False], played.output
    assert {played[number]["machine"]["Uuid"] for number in range(5)} == {UUID}
    assert [played[number]["machine"]["Name"] for number in range(5)] == ["old"] + ["new"] * 4


def test_boot_environment(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        ENVS,
        machine(name="m1"),
        machine(name="m1", bootenv="env"),
        machine(name="m1", bootenv="env"),
        machine(name="m1", bootenv="local", runnable=True),
        machine(name="m1", bootenv="local", runnable=True),
        machine(name="m1", bootenv="env", runnable=False),
        machine(name="m1", workflow="flow"),
        machine(name="m1", bootenv="local"),
        machine(name="m1", bootenv="local", force=True, runnable=True),
    )
    states = [(result["machine"]["BootEnv"], result["machine"]["Runnable"]) for result in played.results[1:8]]
    assert states == [
        ("local", True),
        ("env", False),
        ("env", False),
        ("local", True),
        ("local", True),
        ("env", False),
        ("env", False),
    ]
    assert played.changed == [True, True, True, False, True, False, True, True, False, True]
    warned = [bool(result.get("warnings")) for result in played.results]
    assert warned == [number == 2 for number in range(10)]
    assert "from local to env; set runnable: true" in played[2]["warnings"][0]
    assert "it is in workflow flow" in played[8]["msg"]
    assert "To change bootenv" in played[8]["msg"]
    last = played[9]["machine"]
    assert (last["Workflow"], last["BootEnv"], last["Runnable"]) == ("", "local", True)


def test_lists(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        ENVS,
        machine(name="m1", profiles=["one", "two"], tasks=["say"]),
        machine(name="m1", profiles=["two", "one"], tasks=["say", "shout"]),
        machine(name="m1", profiles=["one"], append_profiles=True),
        machine(name="m1", profiles=[], tasks=[]),
        machine(name="m1", profiles=[], tasks=[]),
        machine(name="m1", profiles=["one", "one"], append_profiles=True),
        machine(name="m1", hardware_addrs=["52:54:00:00:00:01"], arch="arm64", meta={"a": True, "b": 2}),
        machine(name="m1", hardware_addrs=["52:54:00:00:00:01"], arch="arm64", meta={"a": True, "b": "2"}),
        machine(name="m1", hardware_addrs=[], meta={"a": None}),
        machine(name="m1", hardware_addrs=[], meta={"a": None}),
    )
    assert [result.get("msg") for result in played.results] == [None] * 11
    assert played.changed == [True, True, True, False, True, False, True, True, False, True, False]
    machines = [result.get("machine") for result in played.results]
    assert machines[1]["Profiles"] == ["one", "two"]
    assert machines[2]["Profiles"] == ["two", "one"]
    assert machines[2]["Tasks"] == ["say", "shout"]
    assert machines[6]["Profiles"] == ["one"]
    assert (machines[7]["Meta"]["a"], machines[7]["Meta"]["b"]) == ("true", "2")
    assert "a" not in machines[9]["Meta"]
    assert machines[9]["Meta"]["b"] == "2"


def test_diff_names_only_what_differs(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        machine(name="m1", params={"a": 1, "b": 2}, description="x"),
        machine(name="m1", params={"a": 3}, description="x"),
        machine(name="m1", params={"a": 3}),
        machine(name="m1", state="absent"),
        flags=["--diff"],
    )
    diffs = [result["diff"] for result in played.results]
    assert diffs[0]["before"] == {}
    assert diffs[0]["after"] == {"Name": "m1", "Params": {"a": 1, "b": 2}, "Description": "x"}
    assert (diffs[1]["before"], diffs[1]["after"]) == ({"Params": {"a": 1}}, {"Params": {"a": 3}})
    assert (diffs[2]["before"], diffs[2]["after"]) == ({}, {})
    assert diffs[3]["before"]["Params"] == {"a": 3, "b": 2}
    assert diffs[3]["after"] == {}
    assert "Secret" not in diffs[3]["before"]


@pytest.mark.needs_counters
def test_params_null_and_purge_in_check_mode(run_tasks: PlaybookRunner) -> None:
    tasks = [
        machine(name="m1", params={"a": None, "x": 1}),
        machine(name="m1", params={}, purge_params=True),
        machine(name="m1", params={"a": None}, purge_params=True),
    ]
    for task in tasks:
        run_tasks.simulator.reset()
        run_tasks(machine(name="m1", params={"a": 1, "b": 2}))
        run_tasks.simulator.reset_stats()
        checked = run_tasks(task, flags=["--check", "--diff"])
        assert run_tasks.simulator.stats()["writes"] == 0
        done = run_tasks(task, flags=["--diff"])
        assert checked.changed == done.changed == [True]
        assert checked[0]["diff"] == done[0]["diff"]
        assert checked[0]["machine"]["Params"] == done[0]["machine"]["Params"]


@pytest.mark.needs_counters
def test_a_loop_logs_in_once(run_tasks: PlaybookRunner) -> None:
    task = {**machine(name="m{{ item }}"), "loop": [1, 2, 3]}
    run_tasks.defaults["token_cache"] = ""
    played = run_tasks(task)
    assert [result["action"] for result in played[0]["results"]] == ["created"] * 3
    assert run_tasks.simulator.stats()["logins"] == 1


@pytest.mark.needs_counters
def test_a_play_logs_in_once_both_ways(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(machine(name="m1"), machine(name="m1", run_in="target"), machine(name="m1"))
    assert played.changed == [True, False, False]
    assert run_tasks.simulator.stats()["logins"] == 1


def test_empty_text_for_what_the_server_chooses(run_tasks: PlaybookRunner) -> None:
    """A machine always has a boot environment, and with a workflow a stage of it."""
    tasks = [
        machine(name="m1", workflow="flow", stage="", bootenv=""),
        machine(name="m2", workflow="", stage="", bootenv=""),
        thing(kind="machines", spec={"Name": "m3", "Secret": "", "BootEnv": ""}),
    ]
    played = run_tasks(ENVS, *tasks, *tasks)
    assert played.changed == [True] * 4 + [False] * 3, played.output
    first, second = played[1]["machine"], played[2]["machine"]
    assert (first["Stage"], first["BootEnv"]) == ("first", "env")
    assert (second["Stage"], second["BootEnv"]) == ("none", "local")
