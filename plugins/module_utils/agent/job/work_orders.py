# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The work orders of what is served: which one is next, whether a job of it can be asked for, and its end.

Server behaviour relied on: a work order gets its tasks when its state goes from created to running, which
is done once; one that runs is found by its state, so a lost answer or a killed agent loses none.  It is not
known whether a server itself finishes or fails a work order: what it has not done is done here.
"""

from __future__ import annotations

import typing as t

from ...client.client import Client, Object
from ...client.errors import Conflict, DrpError, NotFound
from ...client.patch import Patch, same_json
from ..checkpoints import reached
from ..machine_watch import in_work_order_mode
from ..served import WORK_ORDERS, Served, TaskOwner
from . import job_requests

CREATED, RUNNING, FAILED, FINISHED = "created", "running", "failed", "finished"
TASK_MODE = "task"
_COUNTERS = ("PendingWorkOrders", "RunningWorkOrders")
_TELLING = ("State", "CurrentTask", "CurrentJob", "Tasks", "Runnable", "Context", "Stage")
"""Members whose change may mean that there is something to do."""


class WorkOrders:
    """Holds at most one work order: :attr:`current`, as it was last seen."""

    def __init__(self, client: Client, served: Served, context: str, report: t.Callable[[str], None]) -> None:
        self.current: Object | None = None
        self.not_served = ""
        """What waits and is not served here, and why; "" when there is nothing like that."""
        self.hidden = False
        """Whether that is because the token does not let them be seen."""
        self._client = client
        self._served = served
        self._context = context
        self._report = report
        self._asked_in_vain: Object | None = None

    @property
    def owner(self) -> TaskOwner:
        """Whose job is to be asked for: the current work order's, else that of what is served."""
        return self._owner(self.current) if self.current is not None else self._served

    @property
    def obstacle(self) -> str:
        """Why nothing runs now, in a sentence; "" when simply nothing waits."""
        order = self.current
        if order is None:
            return f"Not served: {self.not_served}" if self.not_served else ""
        if order.get("Runnable") is False:
            why = "is not runnable"
        elif (order.get("Context") or "") != self._context:
            why = f"is for the agent of the context {order.get('Context') or '(none)'}"
        else:
            why = "has no job now"
        return f"Work order {order['Uuid']} {why}: waiting for a change of it"

    # -- what to do next

    def pick(self, machine: Object) -> bool:
        """Have a current work order, if there is one to do; whether a job of it can be asked for.

        ``machine`` is what is served as it is now; once its work order mode has ended, no other one is taken.
        """
        while self.current is not None or (in_work_order_mode(machine) and self._take_next(machine)):
            self.settle()
            if self.current is not None:
                return self._may_ask(self.current)
        return False

    def hold(self, job: Object) -> None:
        """A job of a work order is at hand: that work order is the current one."""
        order = str(job.get("WorkOrder") or "")
        if order and (self.current is None or self.current["Uuid"] != order):
            self.current = {"Uuid": order}

    def nothing_to_do(self) -> None:
        """The server had no job for the current work order as it was: it has to change first."""
        self._asked_in_vain = self.current

    def release(self) -> None:
        self.current = None

    def is_worth_a_look(self, machine: Object) -> bool:
        """Whether :meth:`pick` may do more than when it was last called."""
        if self.current is None:
            told = self.not_served
            return bool(self.waiting(machine)) or self.not_served != told
        found = self._find(self.current)
        return found is None or not _same(found, self.current)

    # -- what there is

    def waiting(self, machine: Object) -> list[Object]:
        """The work orders that can be taken now, the one to take first: one that runs, else the oldest."""
        self.not_served, self.hidden = "", False
        if all(machine.get(counter) == 0 for counter in _COUNTERS):
            return []
        running, created = self._list(RUNNING), self._list(CREATED)
        self.hidden = not (running or created) and any(machine.get(counter) for counter in _COUNTERS)
        if self.hidden:
            self.not_served = "there are work orders, but the token does not permit to list work_orders"
        known = self._ours(running) or sorted(
            self._ours(created), key=lambda order: str(order.get("CreateTime"))
        )
        problems = {str(order["Uuid"]): _problem(order) for order in known}
        told = [f"work order {uuid} {why}" for uuid, why in problems.items() if why]
        self.not_served = "; ".join(told) or self.not_served
        return [o for o in known if not problems[str(o["Uuid"])] and not o.get("SchedulingHold")]

    def stopped(self, machine: Object) -> list[TaskOwner]:
        """Those that run and were made not runnable, but for those whose task has failed."""
        try:
            running = self._ours(self._list(RUNNING)) if in_work_order_mode(machine) else []
            halted = [order for order in running if order.get("Runnable") is False]
            return [self._owner(order) for order in halted if self._job_state(order) != FAILED]
        except DrpError as error:
            self._report(f"The work orders cannot be read: {error}")
            return []

    def _list(self, state: str) -> list[Object]:
        words = ("Machine", "Eq", self._served.uuid, "State", "Eq", state)
        return self._client.list(WORK_ORDERS, *words)

    def _ours(self, orders: t.Iterable[Object]) -> list[Object]:
        """Those of this agent's context, in which one runs at a time."""
        return [order for order in orders if (order.get("Context") or "") == self._context]

    # -- taking one

    def _take_next(self, machine: Object) -> bool:
        for order in self.waiting(machine):
            reached("work order chosen")
            taken = self._claim(order)
            if taken is not None:
                self.current = taken
                self._report(f"Running work order {taken['Uuid']} ({taken.get('Blueprint')})")
                reached("work order picked")
                return True
        return False

    def _claim(self, order: Object) -> Object | None:
        """The work order that runs then; None when this one cannot be had any more."""
        if _is(order, RUNNING):
            return order
        try:
            taken = self._picked_by_server(order) or order
            if _is(taken, CREATED):
                taken = self._move(taken, CREATED, {"State": RUNNING, "Runnable": True})
        except (Conflict, NotFound):
            found = self._find(order)
            if _is(found, CREATED):
                raise
            taken = found or {}
        return taken if _is(taken, RUNNING) and not _problem(taken) else None

    def _picked_by_server(self, order: Object) -> Object | None:
        """The work order that the server has picked, perhaps another; None where there is no such route."""
        if not self._served.can_pick:
            return None
        path = (self._served.kind, self._served.uuid, "pick", str(order["Uuid"]))
        try:
            answer = self._client.req().post({}).url_for(*path).do_object()
        except NotFound:
            return None
        return self._client.get(WORK_ORDERS, str(answer.get("Uuid") or ""))

    # -- its end

    def settle(self) -> None:
        """Look at the current work order again, and end it if it is over and the server has not done so."""
        found = self._find(self.current) if self.current is not None else None
        if found is not None and _is(found, RUNNING):
            found = self._end_if_over(found)
        if self.current is not None and not _is(found, RUNNING):
            told = [str(found.get(name) or "") for name in ("State", "Status")] if found else ["deleted"]
            self._report(f"Work order {self.current['Uuid']}: {': '.join(filter(None, told))}")
            reached("work order ended")
        self.current = found if _is(found, RUNNING) else None

    def settle_before_exit(self) -> None:
        """The last look; a later agent looks again if this one could not."""
        try:
            self.settle()
        except DrpError as error:
            self._report(f"Work order {self.owner.uuid}: {error}")

    def _end_if_over(self, order: Object) -> Object | None:
        if self._job_state(order) in job_requests.OPEN and (order.get("Context") or "") == self._context:
            job_requests.fail(self._client, self._client.get("jobs", str(order["CurrentJob"])))
            order = self._find(order) or order
        if order.get("Runnable") is False and self._job_state(order) == FAILED:
            return self._end(order, FAILED, "a task has failed")
        if order.get("CurrentTask", -1) >= len(order.get("Tasks") or []):
            return self._end(order, FINISHED, "")
        return order

    def _end(self, order: Object, state: str, status: str) -> Object | None:
        changes = {"State": state, **({"Status": status} if status and not order.get("Status") else {})}
        try:
            return self._move(order, RUNNING, changes)
        except Conflict:
            return self._find(order)

    # -- helpers

    def _may_ask(self, order: Object) -> bool:
        if self._asked_in_vain is not None and _same(order, self._asked_in_vain):
            return False
        return order.get("Runnable") is not False and (order.get("Context") or "") == self._context

    def _job_state(self, order: Object) -> str:
        job = job_requests.find_job(self._client, str(order.get("CurrentJob") or ""))
        return str(job["State"]) if job else ""

    def _owner(self, order: Object) -> TaskOwner:
        return self._served.work_order(str(order["Uuid"]))

    def _find(self, order: Object) -> Object | None:
        return self._client.find(WORK_ORDERS, str(order["Uuid"]))

    def _move(self, order: Object, before: str, changes: t.Mapping[str, t.Any]) -> Object:
        operations: Patch = [{"op": "test", "path": "/State", "from": "", "value": before}]
        operations += [
            {"op": "replace", "path": f"/{name}", "from": "", "value": value}
            for name, value in changes.items()
        ]
        return self._owner(order).patch(self._client, operations)


def _is(order: Object | None, state: str) -> bool:
    return order is not None and order.get("State") == state


def _same(one: Object, other: Object) -> bool:
    return all(same_json(one.get(name), other.get(name)) for name in _TELLING)


def _problem(order: Object) -> str:
    """Why no agent of this kind does it; "" when it does."""
    mode = order.get("Mode") or TASK_MODE
    if mode != TASK_MODE:
        return f"has the mode {mode}, of which the rules are not known"
    if order.get("Available") is False:
        reasons = "; ".join(map(str, order.get("Errors") or [])) or "the server gives no reason"
        return f"is not available: {reasons}"
    return ""
