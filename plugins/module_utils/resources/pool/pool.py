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
from ...converge.guard import Guard, Target, account
from ...converge.task import Result, Task
from ..lookup import find_all
from ..waiting.report import Report
from .plan import ALLOCATED, FREE, MEMBER, REMOVED, Object, Plan, Planner, Wish

_DEEDS: t.Mapping[str, str] = {
    ALLOCATED: "allocation",
    FREE: "release",
    MEMBER: "addition to the pool",
    REMOVED: "removal from the pool",
}
_GIVING_BACK = (FREE, REMOVED)
_SENDERS = {
    ALLOCATED: pools.allocate,
    FREE: pools.release,
    MEMBER: pools.add,
    REMOVED: pools.remove,
}
_SETTLED: t.Mapping[str, tuple[str, ...]] = {
    ALLOCATED: (pools.IN_USE,),
    FREE: (pools.FREE,),
    MEMBER: (pools.FREE, pools.IN_USE),
    REMOVED: (pools.FREE,),
}
"""What a machine is at the end of its way."""


def run(task: Task) -> Result:
    """What ``drp_pool`` does."""
    wish = Wish.from_options(task.options)
    guard = Guard.from_options(task.options)
    pools.require(task.client)
    planner = Planner(task.client, wish)
    plan = planner.plan()
    deed, targets = _DEEDS[wish.state], [Target.of("machines", item) for item in plan.chosen]
    sweeping = wish.state in _GIVING_BACK and not wish.machines
    guard.admit(deed, targets, task.check, must_be_told=sweeping)
    moved = plan.chosen
    if plan.needed and not task.check:
        moved = _carry_out(task, planner, plan)
    result: Result = {
        "changed": bool(plan.needed),
        "machines": [_brief(item) for item in [*plan.there, *moved]],
        "moved": [models.label_of("machines", item) for item in moved],
        "diff": _difference(wish, plan, moved),
    }
    if targets:
        result["targets"] = account(deed, targets)
    if task.check or not task.options["wait"]:
        return result
    return _wait(
        task, wish, [*plan.there, *moved] if wish.machines or wish.state == ALLOCATED else moved, result
    )


def _carry_out(task: Task, planner: Planner, plan: Plan) -> list[Object]:
    """The machines that were moved.  When the answer was lost, what is there now tells which those are."""
    try:
        results = _send(task, planner.wish, plan)
    except ConnectionFailed as error:
        moved = _moved_by_now(task.client, planner, plan)
        if len(moved) < plan.needed:
            raise ConnectionFailed(
                f"pool {planner.wish.pool}: there was no answer, and {len(moved)} of {plan.needed} machines "
                f"are {planner.wish.state} so far. The task can be run again, for it counts what is there",
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


def _send(task: Task, wish: Wish, plan: Plan) -> list[pools.PoolResult]:
    words = filters.build_query(filters.words_of(wish.filters))
    which = pools.Selection(
        machines=[item["Uuid"] for item in plan.chosen],
        count=plan.needed,
        minimum=plan.minimum,
        filters=[f"{name}={value}" for name, value in words],
    )
    workflow = task.options.get("workflow") or ""
    if wish.state in (ALLOCATED, MEMBER):
        changes = pools.Changes(workflow, add_profiles=wish.profiles, add_params=wish.params)
    else:
        changes = pools.Changes(workflow, remove_profiles=wish.profiles, remove_params=tuple(wish.params))
    if wish.state == MEMBER:
        return pools.add(task.client, wish.pool, which, changes, wish.source_pool)
    return _SENDERS[wish.state](task.client, wish.pool, which, changes)


def _moved_by_now(client: Client, planner: Planner, plan: Plan) -> list[Object]:
    before = {item["Uuid"] for item in plan.there}
    keys = [item["Uuid"] for item in plan.chosen]
    now = find_all(client, "machines", keys) if keys else planner.members()
    return [item for item in now if planner.wish.is_done(item) and item["Uuid"] not in before]


def _difference(wish: Wish, plan: Plan, moved: t.Sequence[Object]) -> Result:
    """Which machines are in the wanted state, before and after; unnamed where the server will choose."""
    before = sorted(models.label_of("machines", item) for item in plan.there)
    after = sorted([*before, *(models.label_of("machines", item) for item in moved)])
    unnamed = plan.needed - len(moved)
    if unnamed > 0:
        after.append(f"(and {unnamed} that the server chooses)")
    header = f"pool {wish.pool}"
    sides = {"before": {wish.state: before}, "after": {wish.state: after}}
    return {**sides, "before_header": header, "after_header": header}


def _brief(item: Object) -> Result:
    return {
        "name": models.label_of("machines", item),
        "uuid": item.get("Uuid"),
        "status": item.get("PoolStatus"),
        "allocated": bool(item.get("PoolAllocated")),
    }


def _wait(task: Task, wish: Wish, items: t.Sequence[Object], result: Result) -> Result:
    """Until each of the machines has come to the end of its way, or is on hold."""
    options = task.options
    watches = [
        Watch(
            "machines",
            item["Uuid"],
            Compare("PoolStatus", "in", list(_SETTLED[wish.state])),
            Compare("PoolStatus", "in", list(pools.ON_HOLD)),
        )
        for item in items
    ]
    if not watches:
        return result
    waiter = Waiter(task.client, watches, options["wait_timeout"])
    outcome = waiter.run()
    report = Report(task.client, waiter, outcome, 0, single=False)
    waited = report.complete() if outcome == COMPLETE else report.failed()
    seen = {watch.key: watch.item for watch in watches if watch.item is not None}
    machines = [_brief(seen[one["uuid"]]) if one["uuid"] in seen else one for one in result["machines"]]
    told = {name: waited[name] for name in ("outcome", "waited")}
    merged = {**result, "machines": machines, "wait": told}
    return (
        {**merged, "failed": True, "msg": f"pool {wish.pool}: {waited['msg']}"}
        if waited.get("failed")
        else merged
    )
