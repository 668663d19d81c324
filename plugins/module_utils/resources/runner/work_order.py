# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Work orders: put into the queue of what runs them, waited for, cancelled, restarted and deleted."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ...client import features, models
from ...client.errors import NotFound, UsageError
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.show import masked
from ...converge.task import Options, Result, Task
from ..lookup import find_one
from ..waiting import waiting
from .order_queue import ACTIVE, KIND, OrderQueue

TARGETS = {"machine": "machines", "cluster": "clusters", "resource_broker": "resource_brokers"}
"""Option -> kind of what the work order is for."""
_MEMBERS = {
    "blueprint": "Blueprint",
    "server_filter": "Filter",
    "params": "Params",
    "profiles": "Profiles",
    "tasks": "Tasks",
    "context": "Context",
    "mode": "Mode",
    "on_failure": "OnFailure",
    "meta": "Meta",
}
_IDENTITY = ("Blueprint", "Machine", "Filter")
_NAME = "work_order"


def run(task: Task) -> Result:
    """What ``drp_work_order`` does."""
    waiting.check(task, [KIND])
    task.client.require_feature(features.V4, "drp_work_order")
    order = WantedOrder.of(task)
    if task.options["state"] == "cancelled":
        return _cancel(task, order)
    if task.options["state"] == "absent":
        return _delete(task, order)
    result = _restart(task, order) if task.options["state"] == "restarted" else _present(task, order)
    if result.get("failed"):
        return result
    waited = waiting.wait_after_change(task, [(KIND, result[_NAME])], single=True)
    if waited.get("object"):
        result[_NAME] = waited["object"]
    return waiting.merge_wait_result(result, waited)


@dataclasses.dataclass(frozen=True)
class WantedOrder:
    """The work order that the options describe, and what it is for."""

    key: str
    spec: Object
    target_kind: str
    target: Object

    @classmethod
    def of(cls, task: Task) -> WantedOrder:
        options = task.options
        spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
        option = next((name for name in TARGETS if options.get(name) is not None), "")
        kind = TARGETS.get(option, "")
        target = find_one(task.client, kind, options[option]) if kind else {}
        if target:
            spec["Machine"] = target["Uuid"]
        return cls(_uuid(options), spec, kind, target)

    @property
    def warnings(self) -> list[str]:
        if not self.target or self.target.get("WorkOrderMode", True):
            return []
        label = f"{models.get(self.target_kind).singular} {models.label_of(self.target_kind, self.target)}"
        return [
            f"{label} is not in work order mode: the work order waits until that is set with "
            "work_order_mode: true"
        ]


def _uuid(options: Options) -> str:
    text = options.get("uuid") or ""
    try:
        return str(uuid.UUID(text)) if text else ""
    except ValueError:
        raise UsageError(
            f"uuid: {text!r} is no UUID. To make one of a text, use the filter ansible.builtin.to_uuid"
        ) from None


def _present(task: Task, order: WantedOrder) -> Result:
    there = _already_there(task, order)
    if there is not None:
        return {
            "changed": False,
            "action": "unchanged",
            _NAME: masked(KIND, there),
            "diff": {"before": {}, "after": {}},
        }
    if not order.spec.get("Blueprint"):
        raise UsageError("blueprint: is required for a new work order")
    if not order.target and not order.spec.get("Filter"):
        raise UsageError(f"set one of {', '.join(TARGETS)} or server_filter for a new work order")
    key = order.key or str(uuid.uuid4())
    result = converge_one(task, Resource(KIND, {"Uuid": key, **order.spec}), _NAME)
    if order.warnings:
        result["warnings"] = [*result.get("warnings", []), *order.warnings]
    return result


def _already_there(task: Task, order: WantedOrder) -> Object | None:
    """The work order that makes another one needless."""
    if order.key:
        there = task.client.find(KIND, order.key)
        for name in _IDENTITY if there else ():
            if order.spec.get(name) and there and there.get(name) != order.spec[name]:
                raise UsageError(
                    f"uuid: work order {order.key} exists with the {name} {there.get(name)!r}, not "
                    f"{order.spec[name]!r}; use another UUID for another work order"
                )
        return there
    if task.options["reuse"] != "active":
        return None
    return OrderQueue(task.client).newest_active(order.spec)


def _cancel(task: Task, order: WantedOrder) -> Result:
    """Cancel one work order, or all of a target that have not ended."""
    queue = OrderQueue(task.client)
    if order.key:
        there = task.client.find(KIND, order.key)
        if there is None:
            raise UsageError(f"uuid: no such work order: {order.key}")
        active = [there] if there.get("State") in ACTIVE else []
    elif order.target or order.spec.get("Filter"):
        active = queue.active(order.spec)
    else:
        raise UsageError(f"state: cancelled requires uuid, {', '.join(TARGETS)} or server_filter")
    cancelled = [item if task.check else queue.cancel(item) for item in active]
    states = {item["Uuid"]: item["State"] for item in active}
    return {
        "changed": bool(active),
        "action": "cancelled" if active else "unchanged",
        "cancelled": [item["Uuid"] for item in cancelled],
        "diff": {"before": states, "after": dict.fromkeys(states, "cancelled")},
    }


def _delete(task: Task, order: WantedOrder) -> Result:
    """Delete one work order; the server keeps one that has not ended, so ``force`` cancels it first."""
    if not order.key:
        raise UsageError("state: absent requires uuid; drp_object deletes several, selected by filters")
    there = task.client.find(KIND, order.key)
    if there is not None and there.get("State") in ACTIVE:
        if not task.options["force"]:
            raise UsageError(
                f"work order {order.key} is {there['State']}, and the server deletes only those that have "
                "ended. Cancel it first with state: cancelled, or set force: true"
            )
        if not task.check:
            OrderQueue(task.client).cancel(there)
    return converge_one(task, Resource(KIND, {"Uuid": order.key}, state="absent"), _NAME)


def _restart(task: Task, order: WantedOrder) -> Result:
    """Have the server run one that has ended once more."""
    if not order.key:
        raise UsageError("state: restarted requires uuid")
    before = task.client.find(KIND, order.key)
    if before is None:
        raise UsageError(f"uuid: no such work order: {order.key}")
    after = {**before, "State": "created"} if task.check else _restarted(task, order.key)
    sides = [{"State": item.get("State")} for item in (before, after)]
    diff = {"before": sides[0], "after": sides[1]}
    return {"changed": True, "action": "restarted", _NAME: masked(KIND, after), "diff": diff}


def _restarted(task: Task, key: str) -> Object:
    try:
        answer: t.Any = task.client.req().post({}).url_for(KIND, key, "restart").do()
    except NotFound as error:
        raise UsageError(
            f"state: restarted: this server restarts no work orders; create another one like {key}"
        ) from error
    return answer if answer else task.client.get(KIND, key)
