# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work orders: what they demand, how they count for what runs them, and how they end."""

# assumption: no v4 server was recorded; this is what its models and its public documentation tell
from __future__ import annotations

from typing import TYPE_CHECKING

from .. import objects
from ..call import ApiResponse, Call, reply_text
from ..errors import ApiError, not_found
from ..rules import Change
from ..rules.jobs import JobRules
from ..store import Row
from ..wire import ZERO_TIME, ZERO_UUID, Obj, now
from . import batches
from .rules import KindRules

if TYPE_CHECKING:
    from ..server import Server

RUNNERS = ("machines", "clusters", "resource_brokers")
STATES = ("created", "running", "failed", "finished", "cancelled")
ENDED = STATES[2:]


class WorkOrderRules(KindRules):
    def __init__(self) -> None:
        super().__init__("work_orders")

    def set_defaults(self, change: Change) -> None:
        super().set_defaults(change)
        new = change.new
        if change.creates:
            new.update(State=new["State"] or "created", CurrentTask=-1, CreateTime=now(), Runnable=True)
        new["Mode"] = new["Mode"] or "task"

    def change(self, change: Change) -> None:
        old, new = change.old, change.new
        # assumption: a work order that names no machine and no filter is stored, and nothing picks it up
        if change.creates and new["Machine"] and new["Filter"]:
            change.refusals.append("Only one of Machine and Filter can be set")
            return
        if old and old["State"] in ENDED and new["State"] != old["State"] and not change.internal:
            change.refusals.append(
                f"WorkOrder {new['Uuid']} is {old['State']} and cannot become {new['State']}"
            )
            return
        if old and new["State"] == "running" and old["State"] == "created":
            other = running_for(change.server, new)
            if other:
                # assumption: what runs work orders runs one at a time in each context
                change.refusals.append(f"WorkOrder {other.key} runs already")
                return
            _fill_from_blueprint(change.server, new)
        if new["State"] in ENDED and new["EndTime"] == ZERO_TIME:
            new["EndTime"] = now()

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        known = obj["State"] in STATES
        return super().validation_problems(server, obj) + (
            [] if known else [f"Invalid State `{obj['State']}`"]
        )

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        runner = obj["Machine"] and not runner_of(server, obj["Machine"])
        return super().availability_problems(server, obj) + (
            [f"Machine {obj['Machine']} does not exist"] if runner else []
        )

    def guard_delete(self, server: Server, row: Row) -> None:
        # assumption: one that is in nobody's queue can be deleted whatever its state
        queued = row.data["Machine"] or row.data["Filter"]
        if queued and row.data["State"] not in ENDED:
            message = f"WorkOrder {row.key} is not in a deletable state: {row.data['State']}"
            raise ApiError(422, "ValidationError", message, model="work_orders", key=row.key)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        _count(server, row.data["Machine"])
        batches.follow(server, row)

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        super().on_removed(server, row, principal)
        _count(server, row.data["Machine"])


class JobRulesV4(JobRules):
    """A job that ends badly ends its work order."""

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        super().on_saved(server, row, old)
        order = server.store.get("work_orders", row.data["WorkOrder"]) if row.data["WorkOrder"] else None
        if not order or order.data["CurrentJob"] != row.key or order.data["State"] in ENDED:
            return
        told = {"JobState": row.data["State"], "JobExitState": row.data["ExitState"]}
        if row.data["State"] == "failed":
            told |= {"State": "failed", "Status": f"Task {row.data['Task']} failed"}
        objects.update(server, order, {**order.copy(), **told}, "system", internal=True)


def runner_of(server: Server, key: str) -> Row | None:
    """The machine, cluster or resource broker with that UUID."""
    return next((row for prefix in RUNNERS if (row := server.store.get(prefix, key))), None)


def running_for(server: Server, order: Obj) -> Row | None:
    """Another work order that runs at the same place in the same context."""
    place = (order["Machine"], order["Context"], "running")
    for row in server.store["work_orders"]:
        if row.key != order["Uuid"] and tuple(row.data[n] for n in ("Machine", "Context", "State")) == place:
            return row
    return None


def _fill_from_blueprint(server: Server, order: Obj) -> None:
    """What a work order takes from its blueprint once it is picked up."""
    blueprint = server.store.data("blueprints", order["Blueprint"]) or {}
    order["StartTime"] = now()
    order["Tasks"] = order["Tasks"] or list(blueprint.get("Tasks") or [])
    order["Profiles"] = order["Profiles"] or list(blueprint.get("Profiles") or [])
    # assumption: the params of the work order itself go before those of the blueprint
    order["Params"] = {**(blueprint.get("Params") or {}), **order["Params"]}


def _count(server: Server, key: str) -> None:
    runner = runner_of(server, key)
    if not runner:
        return
    states = [row.data["State"] for row in server.store["work_orders"] if row.data["Machine"] == key]
    counts = {"PendingWorkOrders": states.count("created"), "RunningWorkOrders": states.count("running")}
    if any(runner.data[name] != number for name, number in counts.items()):
        objects.update(server, runner, {**runner.copy(), **counts}, "system", internal=True)


def restart(call: Call, prefix: str, key: str) -> ApiResponse:
    # assumption: what has ended begins again as the same object; anything else is refused
    row = found(call, prefix, key)
    call.require(prefix, "update:/State", row.key)
    if row.data["State"] not in ENDED:
        message = f"{prefix} {row.key} is {row.data['State']} and cannot be restarted"
        raise ApiError(409, "Conflict", message, model=prefix, key=row.key)
    new = {**row.copy(), "State": "created", "Status": "", "StartTime": ZERO_TIME, "EndTime": ZERO_TIME}
    if prefix == "work_orders":
        new |= {"CurrentTask": -1, "CurrentJob": ""}
    else:
        new |= {"SetupWorkOrder": ZERO_UUID, "PostWorkOrder": ZERO_UUID}
    return reply_text(objects.update(call.server, row, new, call.principal, internal=True).text)


def found(call: Call, prefix: str, key: str) -> Row:
    row = call.server.store[prefix].find(key)
    if not row:
        raise not_found(call.method, prefix, key)
    return row
