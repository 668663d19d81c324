# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work orders on servers that do more, or less, of the work themselves."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.work_orders import WorkOrders
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.served import Served
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import Conflict, NotFound

Object = dict[str, Any]
JOB = "3e7031fe-0000-4000-8000-00000000000a"
IN_MODE = {"WorkOrderMode": True}
BUSY = {**IN_MODE, "PendingWorkOrders": 1, "RunningWorkOrders": 0}


class Server:
    """Objects, patches that hold to their tests, and a route to pick that a test may supply."""

    def __init__(self, *orders: Object) -> None:
        self.orders = {order["Uuid"]: order for order in orders}
        self.job: Object | None = None
        self.on_pick: Any = None
        self.picked: list[str] = []
        self.lists = 0

    def list(self, kind: str, *words: str) -> list[Object]:
        self.lists += 1
        wanted = dict(zip(words[::3], words[2::3]))
        return [
            dict(order)
            for order in self.orders.values()
            if all(order.get(name) == value for name, value in wanted.items())
        ]

    def find(self, kind: str, key: str) -> Object | None:
        return dict(self.orders[key]) if key in self.orders else None

    def get(self, kind: str, key: str) -> Object:
        found = self.job if kind == "jobs" else self.orders.get(key)
        if found is None:
            raise NotFound("Not Found", model=kind, key=key, code=404)
        return dict(found)

    def patch(self, kind: str, key: str, operations: list[Object]) -> Object:
        if kind == "work_orders" and key not in self.orders:
            raise NotFound("Not Found", model=kind, key=key, code=404)
        target = self.orders[key] if kind == "work_orders" else self.job
        assert target is not None
        for one in operations:
            name = one["path"][1:]
            if one["op"] == "test" and target.get(name) != one["value"]:
                raise Conflict("test failed", code=409)
            target[name] = one["value"]
        return dict(target)

    def req(self) -> Any:
        return SimpleNamespace(post=lambda _body: SimpleNamespace(url_for=self._pick))

    def _pick(self, *path: str) -> Any:
        self.picked.append("/".join(path))
        if self.on_pick is None:
            raise NotFound("Not Found", code=404)
        return SimpleNamespace(do_object=lambda: self.on_pick(path[-1]))


def order(uuid: str = "one", **members: Any) -> Object:
    base = {"Uuid": uuid, "Machine": "m", "State": "created", "Tasks": ["t"], "CurrentTask": -1}
    return {**base, "Runnable": True, "CreateTime": uuid, **members}


def orders_on(server: Server, kind: str = "machines") -> tuple[WorkOrders, list[str]]:
    said: list[str] = []
    return WorkOrders(server, Served(kind, "m"), "", said.append), said  # type: ignore[arg-type]


def test_a_server_that_picks() -> None:
    server = Server(order())
    server.on_pick = lambda key: server.patch("work_orders", key, [put("State", "running")])
    orders, said = orders_on(server)
    assert orders.pick(BUSY)
    assert orders.owner.job_members == {"Machine": "m", "WorkOrder": "one"}
    assert server.picked == ["machines/m/pick/one"]
    assert said == ["Running work order one (None)"]


def test_a_server_that_answers_with_the_current_one() -> None:
    server = Server(order("new"), order("old", State="running", Machine="hidden"))
    server.on_pick = lambda _key: dict(server.orders["old"])
    orders, _said = orders_on(server)
    assert orders.pick(BUSY)
    assert orders.owner.uuid == "old"
    assert server.orders["new"]["State"] == "created"


@pytest.mark.parametrize("answer", [{}, {"Uuid": 7}, {"Uuid": "none"}, {"Uuid": "one", "State": "running"}])
def test_a_server_that_answers_nonsense(answer: Object) -> None:
    """Only the work order itself says whether it runs."""
    server = Server(order())
    server.on_pick = lambda _key: answer
    orders, _said = orders_on(server)
    with contextlib.suppress(NotFound):
        assert orders.pick(BUSY)
        assert server.orders["one"]["State"] == "running"


@pytest.mark.parametrize("kind", ["machines", "clusters"])
def test_a_server_that_cannot_pick(kind: str) -> None:
    """Then the work order itself is moved, which only one can do."""
    server = Server(order(Runnable=False))
    orders, _said = orders_on(server, kind)
    assert orders.pick(BUSY)
    assert (server.orders["one"]["State"], server.orders["one"]["Runnable"]) == ("running", True)
    assert bool(server.picked) is (kind == "machines")


def test_one_that_has_gone_meanwhile() -> None:
    server = Server(order("a1"), order("b2"), order("c3"))
    orders, _said = orders_on(server, "clusters")
    found = orders.waiting(BUSY)
    server.orders["a1"]["State"] = "cancelled"
    del server.orders["b2"]
    orders.waiting = lambda _machine: found  # type: ignore[method-assign]
    assert orders.pick(BUSY)
    assert orders.owner.uuid == "c3"


def test_a_refusal_that_stays_is_an_error() -> None:
    """The caller waits before it tries again: nothing is asked in a circle."""
    server = Server(order())

    def refuse(_key: str) -> Any:
        raise Conflict("not now", code=409)

    server.on_pick = refuse
    with pytest.raises(Conflict, match="not now"):
        orders_on(server)[0].pick(BUSY)


def test_the_oldest_first_and_none_that_is_held() -> None:
    server = Server(order("b2"), order("a1"), order("a0", SchedulingHold=True))
    orders, _said = orders_on(server)
    assert [one["Uuid"] for one in orders.waiting(BUSY)] == ["a1", "b2"]


def test_counters_of_zero_save_the_lists() -> None:
    server = Server()
    orders, _said = orders_on(server)
    assert not orders.pick({**IN_MODE, "PendingWorkOrders": 0, "RunningWorkOrders": 0})
    assert server.lists == 0
    assert not orders.pick(IN_MODE)
    assert server.lists == 2


def test_when_the_mode_has_ended_only_the_current_one_goes_on() -> None:
    server = Server(order("a1", State="running"), order("b2"))
    orders, _said = orders_on(server, "clusters")
    assert orders.pick(BUSY)
    assert orders.pick({**BUSY, "WorkOrderMode": False})
    server.orders["a1"]["State"] = "finished"
    assert not orders.pick({**BUSY, "WorkOrderMode": False})
    assert server.orders["b2"]["State"] == "created"


# -- the end


def test_a_server_that_does_not_finish_it() -> None:
    server = Server(order(State="running", CurrentTask=1))
    orders, said = orders_on(server)
    assert not orders.pick(BUSY)
    assert server.orders["one"]["State"] == "finished"
    assert said[-1] == "Work order one: finished"


def test_a_server_that_does_not_fail_it() -> None:
    server = Server(order(State="running", CurrentTask=0, Runnable=False, CurrentJob=JOB))
    server.job = {"Uuid": JOB, "State": "failed"}
    orders, said = orders_on(server)
    assert not orders.pick(BUSY)
    assert server.orders["one"]["State"] == "failed"
    assert said[-1] == "Work order one: failed: a task has failed"


def test_a_server_that_has_the_task_tried_again() -> None:
    server = Server(order(State="running", CurrentTask=0, CurrentJob=JOB))
    server.job = {"Uuid": JOB, "State": "failed"}
    orders, _said = orders_on(server)
    assert orders.pick(BUSY)
    assert server.orders["one"]["State"] == "running"


def test_a_job_that_nobody_runs_any_more() -> None:
    server = Server(order(State="running", CurrentTask=0, CurrentJob=JOB))
    server.job = {"Uuid": JOB, "State": "running"}
    orders_on(server)[0].pick(BUSY)
    assert server.job["State"] == "failed"


def test_what_was_asked_for_in_vain_has_to_change() -> None:
    server = Server(order(State="running", CurrentTask=0))
    orders, _said = orders_on(server)
    assert orders.pick(BUSY)
    orders.nothing_to_do()
    assert not orders.pick(BUSY)
    assert orders.obstacle == "Work order one has no job now: waiting for a change of it"
    assert not orders.is_worth_a_look(BUSY)
    server.orders["one"]["Stage"] = "another"
    assert orders.is_worth_a_look(BUSY)
    assert orders.pick(BUSY)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"Runnable": False}, "is not runnable"),
        ({"Context": "other"}, "is for the agent of the context other"),
    ],
)
def test_what_cannot_go_on_is_kept(members: Object, why: str) -> None:
    server = Server(order(State="running", CurrentTask=0))
    orders, _said = orders_on(server)
    assert orders.pick(BUSY)
    server.orders["one"].update(members)
    assert not orders.pick(BUSY)
    assert orders.owner.uuid == "one"
    assert orders.obstacle == f"Work order one {why}: waiting for a change of it"


def test_one_that_was_deleted_or_cancelled() -> None:
    server = Server(order("a1", State="running"), order("b2", State="running"))
    orders, said = orders_on(server)
    assert orders.pick(BUSY)
    del server.orders["a1"]
    assert orders.pick(BUSY)
    server.orders["b2"]["State"] = "cancelled"
    assert not orders.pick(BUSY)
    assert [line for line in said if line.startswith("Work")] == [
        "Work order a1: deleted",
        "Work order b2: cancelled",
    ]


# -- what goes on after a stop, and what is not served


def test_what_was_stopped_goes_on_but_not_what_has_failed() -> None:
    halted = order("a1", State="running", Runnable=False, CurrentJob=JOB)
    server = Server(halted, order("b2", State="running"))
    server.job = {"Uuid": JOB, "State": "incomplete"}
    orders, _said = orders_on(server)
    assert [owner.uuid for owner in orders.stopped(IN_MODE)] == ["a1"]
    server.job["State"] = "failed"
    assert orders.stopped(IN_MODE) == []
    server.job["State"] = "incomplete"
    assert orders.stopped({}) == []


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"Mode": "workflow"}, "has the mode workflow, of which the rules are not known"),
        ({"Available": False, "Errors": ["no blueprint"]}, "is not available: no blueprint"),
        ({"Available": False}, "is not available: the server gives no reason"),
    ],
)
def test_what_is_not_served(members: Object, why: str) -> None:
    server = Server(order("a1", **members), order("b2", Mode="task", Available=True))
    orders, _said = orders_on(server)
    assert orders.pick(BUSY)
    assert orders.owner.uuid == "b2"
    assert orders.not_served == f"work order a1 {why}"


def test_another_runs_in_a_mode_that_is_not_served() -> None:
    """Then it is not for this agent to start a second one beside it."""
    server = Server(order("a1", State="running", Mode="workflow"), order("b2"))
    orders, _said = orders_on(server)
    assert not orders.pick(BUSY)
    assert not orders.is_worth_a_look(BUSY)
    assert server.orders["b2"]["State"] == "created"


def test_a_token_that_lists_nothing() -> None:
    """A server answers with no objects, and not with a refusal."""
    orders, _said = orders_on(Server())
    assert not orders.pick(BUSY)
    assert "the token does not permit to list work_orders" in orders.not_served
    assert not orders.is_worth_a_look(BUSY)


def test_news_of_what_is_not_served_is_worth_a_look() -> None:
    server = Server(order("a1", SchedulingHold=True))
    orders, _said = orders_on(server)
    assert not orders.pick(BUSY)
    assert not orders.is_worth_a_look(BUSY)
    server.orders["b2"] = order("b2", Mode="workflow")
    assert orders.is_worth_a_look(BUSY)
    assert not orders.pick(BUSY)
    assert not orders.is_worth_a_look(BUSY)


def put(name: str, value: Any) -> Object:
    return {"op": "replace", "path": f"/{name}", "value": value}
