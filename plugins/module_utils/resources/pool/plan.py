# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What has to be done so that machines are in a pool, or out of it, allocated, or free.

What is there is counted, not what was sent: a task that ran before, or whose answer was lost, finds its
machines again.  Among allocated machines those count for a task that have the profiles and params which it
gives; so several users of a pool keep theirs apart.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import UsageError
from ...client.objects import pools
from ...client.patch import same_json
from ...converge.guard import is_locked
from ..listing import Query, select
from ..lookup import find_all

Object = dict[str, t.Any]

ALLOCATED, FREE, MEMBER, REMOVED = "allocated", "free", "member", "removed"
STATES = (ALLOCATED, FREE, MEMBER, REMOVED)
_TAKING_STATES = (ALLOCATED, MEMBER)
"""States for which the server chooses machines; the others give back what the user has."""


@dataclasses.dataclass
class Plan:
    """What is as wanted already, and what has to be done."""

    done: list[Object]
    """Machines that are in the wanted state, or on their way to it."""
    needed: int = 0
    """How many have to be moved."""
    minimum: int = 0
    selected: list[Object] = dataclasses.field(default_factory=list)
    """Which, where that is not left to the server."""


@dataclasses.dataclass
class DesiredState:
    """The options of ``drp_pool``, and how to judge machines by them."""

    pool: str
    state: str
    machines: t.Sequence[str] = ()
    count: int | None = None
    minimum: int | None = None
    filters: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    all_machines: bool = False
    source_pool: str = ""
    profiles: t.Sequence[str] = ()
    params: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    include_locked: bool = False

    @classmethod
    def from_options(cls, options: t.Mapping[str, t.Any]) -> DesiredState:
        """UsageError for options that contradict each other."""
        names = [field.name for field in dataclasses.fields(cls)]
        desired = cls(**{name: options[name] for name in names if options.get(name) is not None})
        desired.validate()
        return desired

    def validate(self) -> None:
        if self.count is not None and self.state == REMOVED:
            raise UsageError(f"count: cannot be used with state: {REMOVED}; set machines or filters")
        if self.count is not None and self.count < 0:
            raise UsageError("count: must not be negative")
        if self.minimum is not None and not 0 <= self.minimum <= (self.count or 0):
            raise UsageError("minimum: must be between 0 and count")
        if self.source_pool and self.state != MEMBER:
            raise UsageError(f"source_pool: requires state: {MEMBER}")
        if self.all_machines and self.state in _TAKING_STATES:
            raise UsageError(f"all_machines: requires state: {FREE} or {REMOVED}")
        bounded = self.machines or self.all_machines or self.filters or self.count is not None
        if self.state not in _TAKING_STATES and not bounded:
            raise UsageError("machines: must be set, or filters, all_machines or, with state: free, count")

    def is_done(self, item: Object) -> bool:
        """Whether the machine is in the wanted state or on its way to it, and counts for this task."""
        here = item.get("Pool") == self.pool
        if self.state == ALLOCATED:
            return (
                here
                and bool(item.get("PoolAllocated"))
                and (bool(self.machines) or self.has_profiles_and_params(item))
            )
        if self.state == FREE:
            return here and not item.get("PoolAllocated")
        return here == (self.state == MEMBER)

    def has_profiles_and_params(self, item: Object) -> bool:
        has = item.get("Params") or {}
        return set(self.profiles) <= set(item.get("Profiles") or ()) and all(
            name in has and same_json(has[name], value) for name, value in self.params.items()
        )

    def refusal_reason(self, item: Object) -> str:
        """Why the server would refuse to move the machine, and what to do; "" when it would not."""
        pool, status = item.get("Pool"), item.get("PoolStatus")
        if self.state in (ALLOCATED, FREE) and pool != self.pool:
            return f"is in the pool {pool}, not in {self.pool}; move it there with state: {MEMBER}"
        if self.state in (MEMBER, REMOVED) and item.get("PoolAllocated"):
            return f"is allocated in the pool {pool}; release it first with state: {FREE}"
        if self.state != FREE and status != pools.FREE:
            return f"is {status} in the pool {pool}; only Free machines can be taken"
        return ""


@dataclasses.dataclass
class Planner:
    """Looks at the pool and says what has to be done."""

    client: Client
    desired: DesiredState

    def plan(self) -> Plan:
        """UsageError when it cannot be done."""
        if self.desired.machines:
            return self._plan_named()
        return self._plan_count() if self.desired.state in _TAKING_STATES else self._plan_return()

    def members(self) -> list[Object]:
        return self._list(self.desired.pool)

    def _plan_named(self) -> Plan:
        items = find_all(self.client, "machines", self.desired.machines)
        selected = [item for item in items if not self.desired.is_done(item)]
        for item in selected:
            if refusal_reason := self.desired.refusal_reason(item):
                raise UsageError(f"machine {models.label_of('machines', item)} {refusal_reason}")
        return Plan(
            [item for item in items if self.desired.is_done(item)], len(selected), len(selected), selected
        )

    def _plan_count(self) -> Plan:
        """The server chooses among the free machines: so two tasks at a time never take the same."""
        desired = self.desired
        done = [item for item in self.members() if desired.is_done(item)]
        wanted = 1 if desired.count is None else desired.count
        minimum = wanted if desired.minimum is None else desired.minimum
        short, needed = max(minimum - len(done), 0), max(wanted - len(done), 0)
        if not needed:
            return Plan(done)
        source = desired.pool if desired.state == ALLOCATED else self._source()
        matching = self._list(source, desired.filters)
        free = [item for item in matching if not is_locked(item) and item.get("PoolStatus") == pools.FREE]
        free = [item for item in free if not item.get("PoolAllocated")]
        if len(free) < short:
            raise UsageError(
                f"pool {source}: {short} more machines are needed, and {len(free)} are free"
                f"{self._filter_suffix} ({wanted} wanted, {len(done)} {desired.state} already)"
            )
        needed = min(needed, len(free))
        return Plan(done, needed, max(short, 1) if needed else 0)

    def _plan_return(self) -> Plan:
        """Which machines go back is decided here, so that they can be named beforehand."""
        desired, members = self.desired, self.members()
        done = [item for item in members if desired.is_done(item)] if desired.state == FREE else []
        matching = {
            item["Uuid"]
            for item in (self._list(desired.pool, desired.filters) if desired.filters else members)
        }
        candidates = [
            item
            for item in members
            if not desired.is_done(item)
            and not desired.refusal_reason(item)
            and item["Uuid"] in matching
            and desired.has_profiles_and_params(item)
        ]
        if desired.count is None:
            return Plan(done, len(candidates), len(candidates), candidates)
        candidates = [item for item in candidates if desired.include_locked or not is_locked(item)]
        minimum = desired.count if desired.minimum is None else desired.minimum
        if len(done) + len(candidates) < minimum:
            raise UsageError(
                f"pool {desired.pool}: {minimum} machines must be free, {len(done)} are, and only "
                f"{len(candidates)} more can be released{self._filter_suffix}"
            )
        candidates = candidates[: max(desired.count - len(done), 0)]
        return Plan(done, len(candidates), len(candidates), candidates)

    @property
    def _filter_suffix(self) -> str:
        return " that match" if self.desired.filters else ""

    def _source(self) -> str:
        """Where machines come from when nothing is said: the server decides it the same way."""
        done = None if self.desired.source_pool else self.client.find("pools", self.desired.pool)
        return self.desired.source_pool or (done or {}).get("ParentPool") or pools.DEFAULT_POOL

    def _list(self, pool: str, where: t.Mapping[str, t.Any] | None = None) -> list[Object]:
        """Machines without their params, but for those by which this task knows its own."""
        names = tuple(self.desired.params)
        query = Query({**(where or {}), "Pool": pool}, slim=() if names else ("Params",), params=names)
        return select(self.client, "machines", query)
