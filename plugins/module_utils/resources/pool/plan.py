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
_TAKING = (ALLOCATED, MEMBER)
"""States for which the server chooses machines; the others give back what the user has."""


@dataclasses.dataclass
class Plan:
    """What is as wanted already, and what has to be done."""

    there: list[Object]
    """Machines that are in the wanted state, or on their way to it."""
    needed: int = 0
    """How many have to be moved."""
    minimum: int = 0
    chosen: list[Object] = dataclasses.field(default_factory=list)
    """Which, where that is not left to the server."""


@dataclasses.dataclass
class Wish:
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
    def from_options(cls, options: t.Mapping[str, t.Any]) -> Wish:
        """UsageError for options that contradict each other."""
        names = [field.name for field in dataclasses.fields(cls)]
        wish = cls(**{name: options[name] for name in names if options.get(name) is not None})
        wish.refuse_nonsense()
        return wish

    def refuse_nonsense(self) -> None:
        if self.count is not None and self.state == REMOVED:
            raise UsageError(f"count: does not go with state: {REMOVED}; name the machines, or use filters")
        if self.count is not None and self.count < 0:
            raise UsageError("count: must not be negative")
        if self.minimum is not None and not 0 <= self.minimum <= (self.count or 0):
            raise UsageError("minimum: must be between 0 and count")
        if self.source_pool and self.state != MEMBER:
            raise UsageError(f"source_pool: goes with state: {MEMBER} only")
        if self.all_machines and self.state in _TAKING:
            raise UsageError(f"all_machines: goes with state: {FREE} or {REMOVED} only")
        bounded = self.machines or self.all_machines or self.filters or self.count is not None
        if self.state not in _TAKING and not bounded:
            raise UsageError("machines: say which, or give filters, all_machines or, to free some, count")

    def is_done(self, item: Object) -> bool:
        """Whether the machine is in the wanted state or on its way to it, and counts for this task."""
        here = item.get("Pool") == self.pool
        if self.state == ALLOCATED:
            return here and bool(item.get("PoolAllocated")) and (bool(self.machines) or self.is_mine(item))
        if self.state == FREE:
            return here and not item.get("PoolAllocated")
        return here == (self.state == MEMBER)

    def is_mine(self, item: Object) -> bool:
        has = item.get("Params") or {}
        return set(self.profiles) <= set(item.get("Profiles") or ()) and all(
            name in has and same_json(has[name], value) for name, value in self.params.items()
        )

    def obstacle(self, item: Object) -> str:
        """Why the server would refuse to move the machine, and what to do; "" when it would not."""
        pool, status = item.get("Pool"), item.get("PoolStatus")
        if self.state in (ALLOCATED, FREE) and pool != self.pool:
            return f"is in the pool {pool}, not in {self.pool}; bring it there with state: {MEMBER}"
        if self.state in (MEMBER, REMOVED) and item.get("PoolAllocated"):
            return f"is allocated in the pool {pool}; release it first with state: {FREE}"
        if self.state != FREE and status != pools.FREE:
            return f"is {status} in the pool {pool}; only Free machines can be taken"
        return ""


@dataclasses.dataclass
class Planner:
    """Looks at the pool and says what has to be done."""

    client: Client
    wish: Wish

    def plan(self) -> Plan:
        """UsageError when it cannot be done."""
        if self.wish.machines:
            return self._named()
        return self._count() if self.wish.state in _TAKING else self._giving()

    def members(self) -> list[Object]:
        return self._list(self.wish.pool)

    def _named(self) -> Plan:
        items = find_all(self.client, "machines", self.wish.machines)
        chosen = [item for item in items if not self.wish.is_done(item)]
        for item in chosen:
            if obstacle := self.wish.obstacle(item):
                raise UsageError(f"machine {models.label_of('machines', item)} {obstacle}")
        return Plan([item for item in items if self.wish.is_done(item)], len(chosen), len(chosen), chosen)

    def _count(self) -> Plan:
        """The server chooses among the free machines: so two tasks at a time never take the same."""
        wish = self.wish
        there = [item for item in self.members() if wish.is_done(item)]
        wanted = 1 if wish.count is None else wish.count
        least = wanted if wish.minimum is None else wish.minimum
        short, needed = max(least - len(there), 0), max(wanted - len(there), 0)
        if not needed:
            return Plan(there)
        source = wish.pool if wish.state == ALLOCATED else self._source()
        matching = self._list(source, wish.filters)
        free = [item for item in matching if not is_locked(item) and item.get("PoolStatus") == pools.FREE]
        free = [item for item in free if not item.get("PoolAllocated")]
        if len(free) < short:
            raise UsageError(
                f"pool {source}: {short} more machines are needed, and {len(free)} are free"
                f"{self._that_match} ({wanted} wanted, {len(there)} {wish.state} already)"
            )
        needed = min(needed, len(free))
        return Plan(there, needed, max(short, 1) if needed else 0)

    def _giving(self) -> Plan:
        """Which machines go back is decided here, so that they can be named beforehand."""
        wish, members = self.wish, self.members()
        there = [item for item in members if wish.is_done(item)] if wish.state == FREE else []
        matching = {
            item["Uuid"] for item in (self._list(wish.pool, wish.filters) if wish.filters else members)
        }
        able = [
            item
            for item in members
            if not wish.is_done(item)
            and not wish.obstacle(item)
            and item["Uuid"] in matching
            and wish.is_mine(item)
        ]
        if wish.count is None:
            return Plan(there, len(able), len(able), able)
        able = [item for item in able if wish.include_locked or not is_locked(item)]
        least = wish.count if wish.minimum is None else wish.minimum
        if len(there) + len(able) < least:
            raise UsageError(
                f"pool {wish.pool}: {least} machines are to be free, {len(there)} are, and only {len(able)} "
                f"more can be released{self._that_match}"
            )
        able = able[: max(wish.count - len(there), 0)]
        return Plan(there, len(able), len(able), able)

    @property
    def _that_match(self) -> str:
        return " that match" if self.wish.filters else ""

    def _source(self) -> str:
        """Where machines come from when nothing is said: the server decides it the same way."""
        there = None if self.wish.source_pool else self.client.find("pools", self.wish.pool)
        return self.wish.source_pool or (there or {}).get("ParentPool") or pools.DEFAULT_POOL

    def _list(self, pool: str, where: t.Mapping[str, t.Any] | None = None) -> list[Object]:
        """Machines without their params, but for those by which this task knows its own."""
        names = tuple(self.wish.params)
        query = Query({**(where or {}), "Pool": pool}, slim=() if names else ("Params",), params=names)
        return select(self.client, "machines", query)
