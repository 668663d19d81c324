# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_batch from the user's side."""

from __future__ import annotations

import threading
import typing as t

import pytest
from info_tasks import add, task
from order_runner import OrderRunner
from patience import eventually
from playbook_runner import PlaybookRunner

UUID = "5ee5c0de-3062-45f1-835c-92541bc9cbd3"
ROTATE = {"blueprint": "rotate", "machine": "m1"}
pytestmark = pytest.mark.needs_v4


def batch(**options: t.Any) -> dict[str, t.Any]:
    return task("batch", **options)


def all_of_rack(**options: t.Any) -> dict[str, t.Any]:
    select = {"filter": "Params.rack=Eq(r12)", "param": "rotate/machine", "limit": 5}
    return batch(select=select, work_order=ROTATE, post={"blueprint": "report"}, **options)


class BatchServer(OrderRunner):
    """What plays the server too, which makes the work orders of a batch and counts them."""

    def batch(self) -> dict[str, t.Any]:
        answer = self.api("GET", f"batches/{UUID}")
        return t.cast("dict[str, t.Any]", answer.json()) if answer.status_code == 200 else {}

    def write(self, **members: t.Any) -> None:
        patch = [{"op": "add", "path": f"/{name}", "value": value} for name, value in members.items()]
        self.api("PATCH", f"batches/{UUID}", json=patch).raise_for_status()

    def set_up(self, fail: str = "") -> None:
        """Run the setup work order, as the agent of its machine does."""
        eventually(self.batch)
        self.run(self.batch()["SetupWorkOrder"], fail)


@pytest.fixture
def server(run_tasks_v4: PlaybookRunner) -> BatchServer:
    server = BatchServer(run_tasks_v4.simulator)
    for name in ("batch-run", "report"):
        add(server.api, "blueprints", Name=name, Tasks=["stop", "go"])
    return server


def test_each_run_creates_one_unless_it_is_told_not_to(
    run_tasks_v4: PlaybookRunner, server: BatchServer
) -> None:
    once = all_of_rack(uuid=UUID, description="rotate all", meta={"why": "audit"})
    played = run_tasks_v4(all_of_rack(), all_of_rack(), all_of_rack(reuse="active"), once, once)
    assert played.code == 0, played.output
    assert played.changed == [True, True, False, True, False]
    stored = server.batch()
    assert (stored["Description"], stored["Meta"]["why"]) == ("rotate all", "audit")
    setup, each, post = (stored[f"{name}WorkOrderTemplate"] for name in ("Setup", "", "Post"))
    assert setup["Params"] == {
        "batch/filter-type": "machines",
        "batch/filter": "Params.rack=Eq(r12)",
        "batch/iterator-param": "rotate/machine",
        "batch/iterator": "Uuid",
        "batch/limit": 5,
    }
    assert [one["Blueprint"] for one in (setup, each, post)] == ["batch-run", "rotate", "report"]
    assert {one["Machine"] for one in (setup, each, post)} == {server.machine}
    assert len(server.api("GET", "batches").json()) == 3


def test_check_mode_and_diff(run_tasks_v4: PlaybookRunner, server: BatchServer) -> None:
    played = run_tasks_v4(all_of_rack(uuid=UUID, wait=True), flags=["--check", "--diff"])
    assert played.changed == [True], played.output
    assert played[0]["diff"]["after"]["WorkOrderTemplate"]["Blueprint"] == "rotate"
    assert server.batch() == {}
    assert server.orders() == []


def test_waits_for_the_end_and_warns_of_failed_work_orders(
    run_tasks_v4: PlaybookRunner, server: BatchServer
) -> None:
    def play_the_server() -> None:
        server.set_up()
        server.write(State="post", WorkOrderCounts={"finished": 3, "failed": 2})
        server.run(server.batch()["PostWorkOrder"])

    agent = threading.Thread(target=play_the_server, daemon=True)
    agent.start()
    played = run_tasks_v4(all_of_rack(uuid=UUID, wait=True))
    agent.join()
    assert played.code == 0, played.output
    assert played[0]["wait"]["outcome"] == "complete"
    assert played[0]["batch"]["State"] == "finished"
    assert "2 of its work orders have failed" in played[0]["warnings"][0]


def test_tells_which_task_of_the_setup_failed_and_why(
    run_tasks_v4: PlaybookRunner, server: BatchServer
) -> None:
    agent = threading.Thread(target=lambda: server.set_up(fail="go"), daemon=True)
    agent.start()
    played = run_tasks_v4(all_of_rack(uuid=UUID, wait=True), task("wait", kind="batches", id=UUID))
    agent.join()
    for result in played.results:
        assert result["failed"]
        assert "State is 'failed' (Task go failed). Its setup work order" in result["msg"]
        assert "task go:\n" in result["msg"]
        assert "go says so" in result["msg"]
    assert played[1]["log"][-1] == "go says so"


def test_tells_how_many_work_orders_failed(run_tasks_v4: PlaybookRunner, server: BatchServer) -> None:
    add(server.api, "batches", Uuid=UUID, SetupWorkOrderTemplate={"Blueprint": "rotate"})
    server.write(State="failed", WorkOrderCounts={"finished": 3, "failed": 2, "running": 0})
    played = run_tasks_v4(task("wait", kind="batches", id=UUID))
    assert "Its work orders: 2 failed, 3 finished" in played[0]["msg"]


def test_cancels_restarts_and_deletes(run_tasks_v4: PlaybookRunner, server: BatchServer) -> None:
    template = {"Blueprint": "other", "Machine": server.machine}
    other = add(server.api, "batches", SetupWorkOrderTemplate=template)
    played = run_tasks_v4(
        all_of_rack(uuid=UUID),
        all_of_rack(),
        batch(uuid=UUID, state="absent"),
        batch(uuid=UUID, state="cancelled"),
        batch(work_order={"blueprint": "rotate"}, state="cancelled"),
        batch(work_order={"blueprint": "rotate"}, state="cancelled"),
        batch(uuid=UUID, state="restarted"),
        batch(uuid=UUID, state="absent", force=True),
        batch(uuid=UUID, state="absent", force=True),
    )
    assert "is created" in played[2]["msg"]
    assert played[3]["cancelled"] == [UUID]
    assert played.changed[3:6] == [True, True, False]
    assert played[6]["batch"]["State"] == "created"
    assert played.changed[7:] == [True, False]
    states = {item["Uuid"]: item["State"] for item in server.api("GET", "batches").json()}
    assert sorted(states.values()) == ["cancelled", "created"]
    assert states[other["Uuid"]] == "created"
    # the setup work orders are cancelled with their batches
    active = [item["Uuid"] for item in server.orders() if item["State"] == "created"]
    assert active == [other["SetupWorkOrder"]]


def test_secure_params_are_refused_and_not_shown(run_tasks_v4: PlaybookRunner, server: BatchServer) -> None:
    add(server.api, "params", Name="bmc/password", Secure=True, Schema={"type": "string"})
    order = {**ROTATE, "params": {"bmc/password": "hunter2-of-the-bmc"}}
    played = run_tasks_v4(batch(setup=order), batch(setup=ROTATE, work_order=order), flags=["-vvv"])
    for result, option in zip(played.results, ("setup", "work_order"), strict=True):
        assert f"{option}.params: bmc/password cannot be set here" in result["msg"]
    assert "hunter2-of-the-bmc" not in played.output
    assert server.api("GET", "batches").json() == []


def test_bad_input_is_told(run_tasks_v4: PlaybookRunner, server: BatchServer) -> None:
    played = run_tasks_v4(
        batch(),
        batch(select={"param": "p"}),
        batch(setup={"machine": "m1"}),
        batch(setup={"blueprint": "rotate"}),
        batch(setup={**ROTATE, "server_filter": "Pool=Eq(x)"}),
        batch(setup={**ROTATE, "machine": "absent"}),
        batch(setup=ROTATE, uuid="once"),
        batch(state="cancelled"),
        batch(state="absent"),
        batch(state="restarted", uuid=UUID),
        batch(setup=ROTATE, uuid=UUID),
        batch(setup={**ROTATE, "blueprint": "report"}, uuid=UUID),
    )
    for result, text in zip(
        played.results,
        [
            "setup: is required for a new batch",
            "work_order: is required with select",
            "setup: blueprint: is required",
            "setup: set one of machine, cluster, resource_broker or server_filter",
            "mutually exclusive",
            "no such machine: absent",
            "'once' is no UUID",
            "state: cancelled requires uuid, or one of setup, work_order, post",
            "state: absent requires uuid",
            f"no such batch: {UUID}",
        ],
        strict=False,
    ):
        assert text in result["msg"]
    assert "exists with another SetupWorkOrderTemplate" in played[11]["msg"]


def test_older_servers_have_none(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(all_of_rack())
    assert "drp_batch: not supported by this server" in played[0]["msg"]
