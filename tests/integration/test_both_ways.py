# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same tasks inside the controller and as real modules: the results are the same."""

from __future__ import annotations

import copy
import re
import typing as t

import pytest
from info_tasks import task
from playbook_runner import PlaybookRunner, PlayResult, Task, machine, thing

from simulator.launch import PASSWORD, USERNAME

TIMES = re.compile(r"at once|after [0-9.]+ s|('waited': )[0-9.]+")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TASKS: list[Task] = [
    machine(name="m1", params={"a": 1, "b": "1", "c": [True, None]}),
    machine(name="m1", params={"a": 1}),
    machine(name="m1", params={"a": 2}, profiles=["absent"]),
    machine(name="m1", profiles=[], workflow="", stage="local", runnable=True),
    machine(name="m1", workflow="absent"),
    machine(name="m1", stage="local", workflow="flow"),
    machine(name="m1", nonsense=1),
    machine(state="absent"),
    machine(name="m1", runnable="perhaps"),
    machine(name="m1", password="not the password"),
    machine(name="m1", description=PASSWORD),
    thing(kind="profile", spec={"Name": "x"}),
    thing(kind="profiles", spec={"Name": "pp", "Params": {"xx": 1}, "Meta": {"n": 1}}),
    thing(kind="bootenvs", spec={"Name": "local", "Description": "mine"}),
    thing(
        resources=[
            {"kind": "machines", "spec": {"Name": "m2"}},
            {"kind": "profiles", "spec": {"Name": "pp"}, "state": "absent"},
            {"kind": "params", "spec": {"Name": "!"}},
        ],
        continue_on_error=True,
    ),
    task("wait", name="m1", until="stage=local,runnable=true"),
    task("wait", name="m1", until="stage=elsewhere", timeout=0.2),
    task(
        "wait", objects=["m1"], any_of=[{"path": "Params.a", "gt": 1}, {"path": "Params.a", "in": [1, None]}]
    ),
    task("wait", filters={"Name": "m1"}, fail_when="available=true", until="path=Stage equals=x"),
    task("wait", name="m1", until="equals=1"),
    task("wait", kind="profiles", name="absent", until="deleted=true"),
    machine(name="m1", wait=True, until=[{"path": "Stage", "matches": "^never$"}], wait_timeout=0.2),
    machine(name="m1", state="absent"),
    {"digitalrebar.provision.drp_blob": {"path": "a/b", "content": "x"}},
    {"digitalrebar.provision.drp_blob": {"path": "../b", "content": "x"}},
    {"digitalrebar.provision.drp_blob_fetch": {"path": "absent", "dest": "absent"}},
    {"digitalrebar.provision.drp_bootenv": {"spec": {"Name": "env", "OS": {"Name": "env"}}}},
    {"digitalrebar.provision.drp_bootenv": {"name": "absent"}},
    task("content", content={"meta": {"Name": "pk"}, "sections": {"params": {"x": {"Name": "x"}}}}),
    task("content", content={"meta": {"Name": "pk"}, "sections": {"params": {"y": {"Name": "y"}}}}),
    task("content", name="BasicStore", state="absent"),
    task("content", src="/absent"),
    task("content_fetch", name="absent", dest="/absent/x"),
    task("info", gather=["objects", "count", "prefs"], kind="machines", fields=["Name", "Params"]),
    task("info", kind="machines", filters={"Nmae": 1}),
    task("event", kind="a", action="b", id="c", object={"d": [1]}),
    task("prefs", prefs={"defaultStage": "local", "baseTokenSecret": "not shown"}),
    task("profile", name="rack-a", params={"a": 1, "b": None}, meta={"icon": "server"}),
    task("profile", name="rack-a", params={"c": [1]}, purge_params=True),
    task("param", name="a/number", schema={"type": "integer", "default": "one"}),
    task("task", name="say", templates=[{"name": "run", "contents": "exit 0", "meta": {"OS": "linux"}}]),
    task("task", name="say", templates=[{"contents": "exit 0"}]),
    task("template", id="motd.tmpl", contents="hello"),
    task("stage", name="first", reboot="perhaps"),
    task("workflow", name="flow", stages=["absent"]),
    task("plugin", name="notes", provider="absent", require_available=False),
    task("user", name="fred", user_password="not shown", roles=["superuser"]),
    task("user", name="fred", user_password="not shown either", description="not shown either"),
    task("subnet", name="net", subnet="10.9.0.0/24", only_reservations=True, options={3: "10.9.0.1"}),
    task("enrol", hosts=[{"host": "h9", "name": "m9", "macs": ["52:54:00:00:00:09"]}], create=False),
    task("agent_token", machine="absent"),
    task("work_order", blueprint="b", machine="m1"),
    task("batch", setup={"blueprint": "b", "machine": "m1"}),
    task("cluster", name="web"),
    task("resource_broker", name="cloud", start=True),
    task("plugin_provider", name="power", src="/absent"),
    task("reservation", address="10.9.0.5", mac="5254.0000.0001", options={"routers": "gateway"}),
]


def as_module(inside: Task) -> Task:
    ((name, options),) = inside.items()
    return {name: {**options, "run_in": "target"}}


def comparable(result: dict[str, t.Any]) -> t.Any:
    kept = {
        name: value
        for name, value in copy.deepcopy(result).items()
        if name not in ("invocation", "ansible_facts", "exception", "failed_when_result")
    }
    return eval(TIMES.sub(r"\1...", UUID.sub("<uuid>", repr(kept))))


def both(run_tasks: PlaybookRunner, flags: list[str]) -> tuple[PlayResult, PlayResult]:
    inside = run_tasks(*TASKS, flags=flags)
    run_tasks.simulator.reset()
    return inside, run_tasks(*map(as_module, TASKS), flags=flags)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [["--diff", "-vvv"], ["--check"]], ids=["diff", "check"])
def test_results_are_equal(run_tasks: PlaybookRunner, flags: list[str]) -> None:
    inside, outside = both(run_tasks, flags)
    for step, one, two in zip(TASKS, inside.results, outside.results, strict=True):
        assert comparable(one) == comparable(two), step
    assert any(inside.changed)
    assert [bool(result.get("failed")) for result in inside.results].count(True) >= 6
    for played in (inside, outside):
        assert PASSWORD not in played.output
        assert "not the password" not in played.output
        assert "not shown" not in played.output
        assert ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in played.output) == ("-vvv" in flags)


def test_async_runs_the_module(run_tasks: PlaybookRunner) -> None:
    played = run_tasks({**machine(name="m1"), "async": 60, "poll": 1})
    assert played[0]["changed"], played.output
    assert played[0]["machine"]["Name"] == "m1"
    assert played[0]["finished"] in (1, True)


@pytest.mark.parametrize("where", ["controller", "target"])
def test_environment_of_the_task_counts(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults = {"ca_path": run_tasks.simulator.ca, "run_in": where}
    environment = {"RS_ENDPOINT": run_tasks.simulator.endpoint, "RS_KEY": f"{USERNAME}:{PASSWORD}"}
    played = run_tasks({**machine(name="m1", description=PASSWORD), "environment": environment})
    assert played[0].get("changed"), played.output
    assert PASSWORD not in played[0]["machine"]["Description"]
