# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_work_order from the user's side, and waiting for work orders and batches."""

from __future__ import annotations

import threading
import typing as t

import pytest
from info_tasks import add, task
from order_runner import OrderRunner
from patience import eventually
from playbook_runner import PlaybookRunner, machine

UUID = "3e7031fe-3062-45f1-835c-92541bc9cbd3"
pytestmark = pytest.mark.needs_v4


def order(**options: t.Any) -> dict[str, t.Any]:
    return task("work_order", **options)


def rotate(**options: t.Any) -> dict[str, t.Any]:
    return order(blueprint="rotate", machine="m1", **options)


@pytest.fixture
def runner(run_tasks_v4: PlaybookRunner) -> OrderRunner:
    return OrderRunner(run_tasks_v4.simulator)


def test_each_run_creates_one_unless_it_is_told_not_to(
    run_tasks_v4: PlaybookRunner, runner: OrderRunner
) -> None:
    once = rotate(uuid=UUID, params={"days": 90}, profiles=[], meta={"why": "audit"})
    played = run_tasks_v4(
        rotate(), rotate(), rotate(reuse="active"), once, once, rotate(uuid=UUID, params={"days": 1})
    )
    assert played.code == 0, played.output
    assert played.changed == [True, True, False, True, False, False]
    created = played[3]["work_order"]
    assert (created["Uuid"], created["State"], created["Machine"]) == (UUID, "created", runner.machine)
    assert (created["Params"], created["Meta"]["why"]) == ({"days": 90}, "audit")
    assert played[5]["work_order"]["Params"] == {"days": 90}
    assert len(runner.orders()) == 3
    assert runner.api("GET", f"machines/{runner.machine}").json()["PendingWorkOrders"] == 3


def test_check_mode_and_diff(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    played = run_tasks_v4(rotate(uuid=UUID, wait=True), flags=["--check", "--diff"])
    assert played.changed == [True], played.output
    assert played[0]["diff"]["after"]["Blueprint"] == "rotate"
    assert runner.orders() == []


def test_waits_for_the_end(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    agent = threading.Thread(target=lambda: (eventually(runner.orders), runner.run(UUID)), daemon=True)
    agent.start()
    played = run_tasks_v4(rotate(uuid=UUID, wait=True))
    agent.join()
    assert played.code == 0, played.output
    assert played[0]["wait"]["outcome"] == "complete"
    assert played[0]["work_order"]["State"] == "finished"


def test_tells_which_task_failed_and_why(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    agent = threading.Thread(
        target=lambda: (eventually(runner.orders), runner.run(UUID, fail="go")), daemon=True
    )
    agent.start()
    played = run_tasks_v4(rotate(uuid=UUID, wait=True), task("wait", kind="work_orders", id=UUID))
    agent.join()
    for result in played.results:
        assert result["failed"]
        assert "State is 'failed' (Task go failed). Its task go failed" in result["msg"]
        assert "go says so" in result["msg"]
    assert played[0]["changed"]
    assert played[1]["log"][-1] == "go says so"


def test_cancels_restarts_and_deletes(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    other = add(runner.api, "machines", Name="m2", WorkOrderMode=True)["Uuid"]
    kept = add(runner.api, "work_orders", Blueprint="rotate", Machine=other)["Uuid"]
    played = run_tasks_v4(
        rotate(uuid=UUID),
        rotate(),
        order(uuid=UUID, state="absent"),
        order(uuid=UUID, state="cancelled"),
        order(machine="m1", state="cancelled"),
        order(machine="m1", state="cancelled"),
        task("wait", kind="work_orders", id=UUID),
        order(uuid=UUID, state="restarted"),
        order(uuid=UUID, state="absent", force=True),
        order(uuid=UUID, state="absent", force=True),
    )
    assert "is created" in played[2]["msg"]
    assert "force: true" in played[2]["msg"]
    assert played[3]["cancelled"] == [UUID]
    assert played.changed[3:6] == [True, True, False]
    assert "State is 'cancelled'" in played[6]["msg"]
    assert played[7]["work_order"]["State"] == "created"
    assert played.changed[8:] == [True, False]
    states = {item["Uuid"]: item["State"] for item in runner.orders()}
    assert sorted(states.values()) == ["cancelled", "created"]
    assert states[kept] == "created"


def test_bad_input_is_told(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    played = run_tasks_v4(
        order(machine="m1"),
        order(blueprint="rotate"),
        rotate(cluster="c1"),
        order(blueprint="rotate", machine="absent"),
        order(blueprint="rotate", cluster="absent"),
        rotate(uuid="once"),
        order(state="cancelled"),
        order(state="absent"),
        order(state="restarted", uuid=UUID),
        rotate(uuid=UUID),
        order(blueprint="other", machine="m1", uuid=UUID),
        machine(name="m1", work_order_mode=False),
        rotate(),
    )
    for result, text in zip(
        played.results,
        [
            "blueprint: is required",
            "set one of machine, cluster, resource_broker or server_filter",
            "mutually exclusive",
            "no such machine: absent",
            "no such cluster: absent",
            "'once' is no UUID",
            "state: cancelled requires uuid",
            "state: absent requires uuid",
            f"no such work order: {UUID}",
        ],
        strict=False,
    ):
        assert text in result["msg"]
    assert "exists with the Blueprint 'rotate', not 'other'" in played[10]["msg"]
    assert "machine m1 is not in work order mode" in played[12]["warnings"][0]


def test_older_servers_have_none(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(rotate())
    assert "drp_work_order: not supported by this server" in played[0]["msg"]


@pytest.mark.parametrize(("state", "fails"), [("finished", False), ("failed", True), ("cancelled", True)])
def test_waits_for_batches(
    run_tasks_v4: PlaybookRunner, runner: OrderRunner, state: str, fails: bool
) -> None:
    template = {"Blueprint": "rotate", "Machine": runner.machine}
    batch = add(runner.api, "batches", SetupWorkOrderTemplate=template)["Uuid"]
    patch = [{"op": "replace", "path": "/State", "value": state}]
    runner.api("PATCH", f"batches/{batch}", json=patch).raise_for_status()
    played = run_tasks_v4(task("wait", kind="batches", id=batch))
    assert bool(played[0].get("failed")) is fails, played.output


def test_several_of_which_one_failed(run_tasks_v4: PlaybookRunner, runner: OrderRunner) -> None:
    keys = [add(runner.api, "work_orders", Blueprint="rotate", Machine=runner.machine)["Uuid"] for _ in "ab"]
    runner.run(keys[0])
    runner.run(keys[1], fail="stop")
    played = run_tasks_v4(task("wait", kind="work_orders", objects=keys))
    assert played[0]["complete"] == 1
    assert "1 failed" in played[0]["msg"]
    assert "Its task stop failed" in played[0]["msg"]
