# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions that users write, and the goal that each kind has without any."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting.conditions import (
    CONDITION_SPEC,
    JobFailed,
    WaitGoal,
    WorkflowComplete,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting.waiting import goal_for

TASKS = ["stage:first", "say", "more"]


def entry(**said: t.Any) -> dict[str, t.Any]:
    """A condition as Ansible's validation hands it on: what was not said is None."""
    return {**dict.fromkeys(CONDITION_SPEC), **said}


def machine(**members: t.Any) -> dict[str, t.Any]:
    return {
        "Uuid": "u1",
        "Stage": "first",
        "BootEnv": "local",
        "Workflow": "flow",
        "Tasks": TASKS,
        "CurrentTask": 1,
        "Runnable": True,
        "Available": True,
        **members,
    }


def failed_job(**members: t.Any) -> dict[str, t.Any]:
    return {"State": "failed", "CurrentIndex": 1, "Task": "say", "Stage": "first", **members}


def holds(condition: dict[str, t.Any], item: dict[str, t.Any]) -> bool:
    return WaitGoal([condition], None, None).until()(item)


# -- ready-made conditions


@pytest.mark.parametrize(
    ("condition", "there", "elsewhere"),
    [
        (entry(stage="first"), {}, {"Stage": "second"}),
        (entry(bootenv="local"), {}, {"BootEnv": "sledgehammer"}),
        (entry(workflow="flow"), {}, {"Workflow": ""}),
        (entry(workflow=""), {"Workflow": ""}, {}),
        (entry(runnable=True), {}, {"Runnable": False}),
        (entry(runnable=False), {"Runnable": False}, {}),
        (entry(available=True), {}, {"Available": False}),
        (entry(available=False), {"Available": False}, {}),
        (entry(job_state=["running", "finished"]), {"Job": {"State": "finished"}}, {"Job": {}}),
        (entry(job_failed=True), {"Runnable": False, "Job": failed_job()}, {}),
        (entry(job_failed=False), {}, {"Runnable": False, "Job": failed_job()}),
        (entry(path="Tasks.0", equals="stage:first"), {}, {"Tasks": []}),
        (entry(path="CurrentTask", gt=0, lte=2), {}, {"CurrentTask": 3}),
        (entry(path="Stage", **{"in": ["first", "x"]}), {}, {"Stage": "y"}),
        (entry(path="Params.x", exists=False), {}, {"Params": {"x": 1}}),
        (entry(path="Params.x", equals=False), {"Params": {"x": False}}, {"Params": {"x": 0}}),
        (entry(stage="first", runnable=True), {}, {"Runnable": False}),
        (entry(stage="first", path="CurrentTask", gt=0), {}, {"CurrentTask": 0}),
    ],
    ids=lambda value: str({k: v for k, v in value.items() if v is not None}),
)
def test_conditions(
    condition: dict[str, t.Any], there: dict[str, t.Any], elsewhere: dict[str, t.Any]
) -> None:
    assert holds(condition, machine(**there))
    assert not holds(condition, machine(**elsewhere))


@pytest.mark.parametrize(
    ("members", "complete"),
    [
        ({"CurrentTask": -1}, False),
        ({"CurrentTask": 2}, False),
        ({"CurrentTask": 3}, True),
        ({"CurrentTask": 3, "Runnable": False}, True),
        ({"CurrentTask": -1, "Tasks": []}, True),
        ({"CurrentTask": 0, "Tasks": []}, True),
        ({"CurrentTask": 0, "Tasks": None}, True),
        ({"CurrentTask": 3, "WorkflowComplete": False}, False),
        ({"CurrentTask": 1, "WorkflowComplete": True}, True),
    ],
)
def test_workflow_complete(members: dict[str, t.Any], complete: bool) -> None:
    assert WorkflowComplete()(machine(**members)) is complete
    assert WorkflowComplete(False)(machine(**members)) is not complete


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"CurrentTask": -1}, "workflow flow: no task begun, wanted: complete"),
        ({"CurrentTask": 1}, "workflow flow: task 2 of 3 (say), wanted: complete"),
        (
            {"CurrentTask": 1, "Runnable": False},
            "workflow flow: task 2 of 3 (say), and it is not runnable, wanted: complete",
        ),
    ],
)
def test_workflow_not_complete_in_words(members: dict[str, t.Any], told: str) -> None:
    assert WorkflowComplete().why_unmet(machine(**members)) == told


def test_workflow_complete_in_words() -> None:
    assert WorkflowComplete().why_met(machine(CurrentTask=3)) == "workflow flow: all 3 tasks done"
    assert (
        WorkflowComplete().why_met(machine(CurrentTask=-1, Tasks=[], Workflow=""))
        == "workflow none: no tasks"
    )
    assert "wanted: not complete" in WorkflowComplete(False).why_unmet(machine(CurrentTask=3))


@pytest.mark.parametrize(
    ("members", "failed"),
    [
        ({"Runnable": False, "Job": failed_job()}, True),
        ({"Runnable": True, "Job": failed_job()}, False),
        ({"Runnable": False, "Job": failed_job(State="incomplete")}, False),
        ({"Runnable": False, "Job": failed_job(State="running")}, False),
        ({"Runnable": False, "Job": {}}, False),
        ({"Runnable": False}, False),
        # an earlier run: another workflow has begun, or the list was set back
        ({"Runnable": False, "CurrentTask": -1, "Job": failed_job()}, False),
        ({"Runnable": False, "CurrentTask": -1, "Job": failed_job(CurrentIndex=0)}, False),
        ({"Runnable": False, "CurrentTask": 2, "Job": failed_job()}, False),
    ],
)
def test_job_failed_means_that_the_machine_stands_still_because_of_it(
    members: dict[str, t.Any], failed: bool
) -> None:
    assert JobFailed()(machine(**members)) is failed
    assert JobFailed(False)(machine(**members)) is not failed


def test_job_failed_in_words() -> None:
    item = machine(Runnable=False, Job=failed_job())
    assert JobFailed().why_met(item) == "task say of stage first failed"
    assert (
        JobFailed().why_unmet(machine(Job={"State": "running"}))
        == "its current job is running, wanted: failed"
    )
    assert JobFailed().why_unmet(machine()) == "its current job is none, wanted: failed"
    assert JobFailed(False).why_unmet(item) == "its current job is failed, wanted: not failed"


# -- together


def test_all_of_and_any_of() -> None:
    both = WaitGoal([entry(stage="a")], [entry(runnable=True), entry(bootenv="b")], None).until()
    assert both({"Stage": "a", "Runnable": True})
    assert both({"Stage": "a", "BootEnv": "b"})
    assert not both({"Stage": "a"})
    assert not both({"Runnable": True})
    assert both.why_unmet({"Stage": "a"}) == (
        "Runnable is missing, wanted: True; and BootEnv is missing, wanted: 'b'"
    )


def test_fail_when_is_any_of_them() -> None:
    fails = WaitGoal(None, None, [entry(stage="a"), entry(bootenv="b", runnable=False)]).fail_when()
    assert fails is not None
    assert fails({"Stage": "a"})
    assert fails({"BootEnv": "b", "Runnable": False})
    assert not fails({"BootEnv": "b"})
    assert WaitGoal(None, None, []).fail_when() is None


def test_each_object_has_its_own_memory() -> None:
    goal = WaitGoal([entry(path="x", changed=True)], None, None)
    one, two = goal.until(), goal.until()
    assert not one({"x": 1})
    assert not two({"x": 2})
    assert not one({"x": 1})
    assert one({"x": 2})


@pytest.mark.parametrize(
    ("goal", "needed"),
    [
        (WaitGoal([entry(stage="x")], None, None), False),
        (WaitGoal([entry(job_failed=False)], None, None), True),
        (WaitGoal(None, [entry(job_state=["running"])], None), True),
        (WaitGoal([entry(stage="x")], None, [entry(job_failed=True)]), True),
        (WaitGoal([entry(path="Job.Task", equals="x")], None, None), True),
        (WaitGoal([entry(path="/Job/Task", equals="x")], None, None), True),
        (WaitGoal([entry(path="Jobs", equals="x")], None, None), False),
        (WaitGoal([entry(path="Params.Job", equals="x")], None, None), False),
    ],
)
def test_whether_the_job_is_needed(goal: WaitGoal, needed: bool) -> None:
    assert goal.with_job is needed


# -- what makes no sense


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (entry(), "until, number 1: is empty; set one of workflow_complete, stage, "),
        (entry(deleted=False), "until, number 1: is empty; set one of "),
        (entry(path="x"), "until, number 1: path: x requires one of equals, not_equals, in, "),
        (entry(equals=1), "until, number 1: equals: path is required"),
        (entry(gt=1, lt=5), "until, number 1: gt, lt: path is required"),
        (entry(path="x", gt=[1]), "until, number 1: x: gt must be a number or a string, not [1]"),
        (entry(path="x", matches="("), "until, number 1: x: matches must be a regular expression: "),
        (entry(path="x", changed=False), "until, number 1: x: changed can only be true"),
        (entry(path="/", equals=1), "until, number 1: path: must name a member"),
        (entry(job_state=[]), "until, number 1: Job.State: in must be a list of values"),
    ],
)
def test_conditions_that_make_no_sense(condition: dict[str, t.Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        WaitGoal([condition], None, None)
    assert caught.value.messages[0].startswith(told)


def test_the_number_tells_which() -> None:
    with pytest.raises(UsageError, match="any_of, number 2: equals: path is required"):
        WaitGoal([entry(stage="x")], [entry(stage="x"), entry(equals=1)], None)
    with pytest.raises(UsageError, match="fail_when, number 3: is empty"):
        WaitGoal([entry(stage="x")], None, [entry(stage="x"), entry(stage="y"), entry()])


@pytest.mark.parametrize(
    ("until", "any_of", "where"),
    [
        ([entry(stage="x"), entry(deleted=True)], None, "until, number 2"),
        ([entry(deleted=True)], [entry(stage="x")], "until, number 1"),
        ([entry(stage="x")], [entry(stage="y"), entry(deleted=True)], "any_of, number 2"),
        (None, [entry(deleted=True)], "any_of, number 1"),
        ([entry(deleted=True, stage="x")], None, "until, number 1"),
        ([entry(deleted=True, path="x", equals=1)], None, "until, number 1"),
    ],
)
def test_deleted_stands_alone(until: t.Any, any_of: t.Any, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        WaitGoal(until, any_of, None)
    assert caught.value.messages == [f"{where}: deleted must be the only condition"]


def test_a_deletion_is_no_failure_to_ask_for() -> None:
    """It would hold for every object at once; a deletion ends the waiting anyway."""
    with pytest.raises(UsageError, match="fail_when, number 1: .*deleted"):
        WaitGoal([entry(stage="x")], None, [entry(deleted=True)])


# -- the goal of a kind


def options(**said: t.Any) -> dict[str, t.Any]:
    return {"until": None, "any_of": None, "fail_when": None, **said}


def test_machines_wait_for_their_workflow_and_fail_with_their_job() -> None:
    goal = goal_for("machines", options())
    assert goal.with_job
    assert goal.until()(machine(CurrentTask=3))
    assert not goal.until()(machine())
    fails = goal.fail_when()
    assert fails is not None
    assert fails(machine(Runnable=False, Job=failed_job()))
    assert not fails(machine())


def test_jobs_wait_to_be_finished() -> None:
    goal = goal_for("jobs", options())
    fails = goal.fail_when()
    assert fails is not None
    assert goal.until()({"State": "finished"})
    assert not goal.until()({"State": "running"})
    assert fails({"State": "failed"})
    assert not fails({"State": "incomplete"})


def test_others_wait_to_be_available() -> None:
    goal = goal_for("bootenvs", options())
    assert goal.until()({"Available": True})
    assert not goal.until()({"Available": False})
    assert goal.fail_when() is None


def test_any_condition_replaces_the_default() -> None:
    for said in (options(until=[entry(stage="x")]), options(any_of=[entry(stage="x")])):
        assert goal_for("machines", said).until()({"Stage": "x", "Tasks": TASKS, "CurrentTask": 0})
        assert goal_for("machines", said).fail_when() is not None
    assert goal_for("machines", options(until=[])).until()(machine(CurrentTask=3))


def test_what_is_to_be_deleted_may_have_failed() -> None:
    assert goal_for("machines", options(until=[entry(deleted=True)])).fail_when() is None
    said = options(until=[entry(deleted=True)], fail_when=[entry(job_failed=True)])
    assert goal_for("machines", said).fail_when() is not None


def test_no_failure_when_none_is_wanted() -> None:
    goal = goal_for("machines", options(fail_when=[]))
    assert goal.fail_when() is None
    assert not goal.with_job


@pytest.mark.parametrize(
    "said",
    [
        options(until=[entry(job_state=["finished"])]),
        options(any_of=[entry(job_failed=True)]),
        options(fail_when=[entry(path="Job.State", equals="failed")]),
    ],
)
def test_only_machines_have_a_job(said: dict[str, t.Any]) -> None:
    with pytest.raises(
        UsageError,
        match="only machines, clusters, resource_brokers, work_orders have a current job, not profiles",
    ):
        goal_for("profiles", said)
    assert goal_for("machines", said).with_job
