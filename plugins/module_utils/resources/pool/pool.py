# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines of a pool: allocated, released, added and removed."""

from __future__ import annotations

import typing as t

from ...client import filters, models
from ...client.client import Client
from ...client.errors import ConnectionFailed
from ...client.objects import pools
from ...client.waiting.predicates import Compare
from ...client.waiting.wait import COMPLETE, Waiter, Watch
from ...converge.guard import Guard, Target, describe_targets
from ...converge.plain_params import require_plain
from ...converge.task import Result, Task
from ..lookup import find_all
from ..waiting.report import Report
from ..waiting.waiting import WaitProgress
from .plan import ALLOCATED, FREE, MEMBER, REMOVED, DesiredState, Object, Plan, Planner

_OPERATIONS: t.Mapping[str, str] = {
    ALLOCATED: "allocation",
    FREE: "release",
    MEMBER: "addition to the pool",
    REMOVED: "removal from the pool",
}
_RETURNING_STATES = (FREE, REMOVED)
_POOL_CALLS = {
    ALLOCATED: pools.allocate,
    FREE: pools.release,
    MEMBER: pools.add,
    REMOVED: pools.remove,
}
_FINAL_STATUSES: t.Mapping[str, tuple[str, ...]] = {
    ALLOCATED: (pools.IN_USE,),
    FREE: (pools.FREE,),
    MEMBER: (pools.FREE, pools.IN_USE),
    REMOVED: (pools.FREE,),
}
"""What a machine is at the end of its way."""


def run(task: Task) -> Result:
    """What ``drp_pool`` does."""
    desired = DesiredState.from_options(task.options)
    guard = Guard.from_options(task.options)
    pools.require(task.client)
    if desired.state in (ALLOCATED, MEMBER):
        why = "the server sets it on machines that it may choose itself"
        require_plain(task.client, desired.params, "params", why, task.secrets)
    planner = Planner(task.client, desired)
    plan = planner.plan()
    operation, targets = _OPERATIONS[desired.state], [Target.of("machines", item) for item in plan.selected]
    machines_not_named = desired.state in _RETURNING_STATES and not desired.machines
    guard.enforce(operation, targets, task.check, limit_required=machines_not_named)
    moved = plan.selected
    if plan.needed and not task.check:
        moved = _move(task, planner, plan)
    result: Result = {
        "changed": bool(plan.needed),
        "machines": [_machine_summary(item) for item in [*plan.done, *moved]],
        "moved": [models.label_of("machines", item) for item in moved],
        "diff": _difference(desired, plan, moved),
    }
    if targets:
        result["targets"] = describe_targets(operation, targets)
    if task.check or not task.options["wait"]:
        return result
    return _wait(
        task,
        desired,
        [*plan.done, *moved] if desired.machines or desired.state == ALLOCATED else moved,
        result,
    )


def _move(task: Task, planner: Planner, plan: Plan) -> list[Object]:
    """The machines that were moved.  When the answer was lost, the current state shows which those are."""
    try:
        results = _send(task, planner.desired, plan)
    except ConnectionFailed as error:
        moved = _moved_by_now(task.client, planner, plan)
        if len(moved) < plan.needed:
            raise ConnectionFailed(
                f"pool {planner.desired.pool}: the server did not answer, and {len(moved)} of {plan.needed} "
                f"machines are {planner.desired.state} so far. Run the task again: it counts them",
                *error.messages,
            ) from error
        return moved
    return [
        {
            "Name": one.get("Name"),
            "Uuid": one.get("Uuid"),
            "PoolStatus": one.get("Status"),
            "PoolAllocated": one.get("Allocated"),
        }
        for one in results
    ]


def _send(task: Task, desired: DesiredState, plan: Plan) -> list[pools.PoolResult]:
    words = filters.build_query(filters.words_from_map(desired.filters))
    selection = pools.Selection(
        machines=[item["Uuid"] for item in plan.selected],
        count=plan.needed,
        minimum=plan.minimum,
        filters=[f"{name}={value}" for name, value in words],
    )
    workflow = task.options.get("workflow") or ""
    if desired.state in (ALLOCATED, MEMBER):
        changes = pools.Changes(workflow, add_profiles=desired.profiles, add_params=desired.params)
    else:
        changes = pools.Changes(
            workflow, remove_profiles=desired.profiles, remove_params=tuple(desired.params)
        )
    if desired.state == MEMBER:
        return pools.add(task.client, desired.pool, selection, changes, desired.source_pool)
    return _POOL_CALLS[desired.state](task.client, desired.pool, selection, changes)


def _moved_by_now(client: Client, planner: Planner, plan: Plan) -> list[Object]:
    before = {item["Uuid"] for item in plan.done}
    keys = [item["Uuid"] for item in plan.selected]
    now = find_all(client, "machines", keys) if keys else planner.members()
    return [item for item in now if planner.desired.is_done(item) and item["Uuid"] not in before]


def _difference(desired: DesiredState, plan: Plan, moved: t.Sequence[Object]) -> Result:
    """Which machines are in the wanted state, before and after; unnamed where the server will choose."""
    before = sorted(models.label_of("machines", item) for item in plan.done)
    after = sorted([*before, *(models.label_of("machines", item) for item in moved)])
    unnamed = plan.needed - len(moved)
    if unnamed > 0:
        after.append(f"(and {unnamed} that the server chooses)")
    header = f"pool {desired.pool}"
    sides = {"before": {desired.state: before}, "after": {desired.state: after}}
    return {**sides, "before_header": header, "after_header": header}


def _machine_summary(item: Object) -> Result:
    return {
        "name": models.label_of("machines", item),
        "uuid": item.get("Uuid"),
        "status": item.get("PoolStatus"),
        "allocated": bool(item.get("PoolAllocated")),
    }


def _wait(task: Task, desired: DesiredState, items: t.Sequence[Object], result: Result) -> Result:
    """Until each of the machines has come to the end of its way, or is on hold."""
    options = task.options
    watches = [
        Watch(
            "machines",
            item["Uuid"],
            Compare("PoolStatus", "in", list(_FINAL_STATUSES[desired.state])),
            Compare("PoolStatus", "in", list(pools.ON_HOLD)),
        )
        for item in items
    ]
    if not watches:
        return result
    waiter = Waiter(task.client, watches, options["wait_timeout"])
    outcome = waiter.run(WaitProgress(task).on_tick)
    report = Report(task.client, waiter, outcome, 0, single=False)
    waited = report.complete() if outcome == COMPLETE else report.failed()
    seen = {watch.key: watch.item for watch in watches if watch.item is not None}
    machines = [
        _machine_summary(seen[one["uuid"]]) if one["uuid"] in seen else one for one in result["machines"]
    ]
    wait_result = {name: waited[name] for name in ("outcome", "waited")}
    merged = {**result, "machines": machines, "wait": wait_result}
    return (
        {**merged, "failed": True, "msg": f"pool {desired.pool}: {waited['msg']}"}
        if waited.get("failed")
        else merged
    )
