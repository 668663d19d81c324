# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Pools of a v4 server: machines that go from pool to pool, and are allocated and released in them.

A machine is in one pool at a time, at first in ``default``.  A pool exists as soon as a machine is in it; an
object of the kind ``pools`` only adds what is to happen at each transition.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import Client
from ..errors import UsageError

Json = t.Any
PoolResult = dict[str, Json]
"""``{Name, Uuid, Allocated, Status}`` of one machine."""

DEFAULT_POOL = "default"
FREE, IN_USE = "Free", "InUse"
ON_HOLD = ("HoldJoin", "HoldBuild", "HoldDestroy", "HoldLeave")
"""Where a transition got stuck: its workflow failed, or the machine needs attention."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which machines: those of ``machines`` (UUIDs or ``Name:x``), or ``count`` of those that match."""

    machines: t.Sequence[str] = ()
    count: int = 0
    minimum: int = 0
    """With fewer than this the server refuses; 0 means all of ``count``."""
    filters: t.Sequence[str] = ()
    """Texts such as ``Arch=Eq(arm64)``."""

    def as_body(self) -> dict[str, Json]:
        if self.machines:
            return {"pool/machine-list": list(self.machines)}
        body: dict[str, Json] = {"pool/count": self.count, "pool/minimum": self.minimum or self.count}
        return {**body, "pool/filter": list(self.filters)} if self.filters else body


@dataclasses.dataclass(frozen=True)
class Changes:
    """What else is done to the machines; what is empty here is left to the pool object."""

    workflow: str = ""
    add_profiles: t.Sequence[str] = ()
    remove_profiles: t.Sequence[str] = ()
    add_params: t.Mapping[str, Json] = dataclasses.field(default_factory=dict)
    remove_params: t.Sequence[str] = ()

    def as_body(self) -> dict[str, Json]:
        members: dict[str, Json] = {
            "pool/workflow": self.workflow,
            "pool/add-profiles": list(self.add_profiles),
            "pool/remove-profiles": list(self.remove_profiles),
            "pool/add-parameters": dict(self.add_params),
            "pool/remove-parameters": list(self.remove_params),
        }
        return {name: value for name, value in members.items() if value}


def require(client: Client) -> None:
    """Raise UsageError unless the server has pools.  There is no feature for them, but a scope of claims."""
    if "pools" not in (client.info().get("scopes") or {}):
        version = client.info().get("version", "unknown")
        raise UsageError(f"pools: not supported by this server (version {version})")


def active(client: Client) -> list[str]:
    """The pools that hold machines, with or without a pool object."""
    require(client)
    return t.cast("list[str]", client.req().get().url_for("pools-active").do() or [])


def status(client: Client, pool: str) -> dict[str, list[PoolResult]]:
    """The machines of a pool by their status (Joining, Free, Building, InUse...)."""
    require(client)
    return t.cast(
        "dict[str, list[PoolResult]]", client.req().get().url_for("pools", pool, "status").do() or {}
    )


def add(
    client: Client, pool: str, selection: Selection, changes: Changes = Changes(), source: str = ""
) -> list[PoolResult]:
    """Take free machines over from the pool ``source``, the parent of this one by default."""
    return _manage(client, pool, "add", selection, changes, ("source-pool", source) if source else ())


def remove(client: Client, pool: str, selection: Selection, changes: Changes = Changes()) -> list[PoolResult]:
    """Give free machines back to the parent of the pool."""
    return _manage(client, pool, "remove", selection, changes)


def allocate(
    client: Client, pool: str, selection: Selection, changes: Changes = Changes()
) -> list[PoolResult]:
    """Reserve free machines.  They are Building while the workflow of the transition runs, then InUse."""
    return _manage(client, pool, "allocate", selection, changes)


def release(
    client: Client, pool: str, selection: Selection, changes: Changes = Changes()
) -> list[PoolResult]:
    """Give allocated machines back.  They are Destroying while the workflow runs, then Free."""
    return _manage(client, pool, "release", selection, changes)


def release_to_pool(client: Client, machine: str) -> None:
    """Release one machine in whatever pool it is; it needs no claim on the pool."""
    require(client)
    client.req().post({}).url_for("machines", machine, "releaseToPool").fail_fast().do()


def _manage(
    client: Client, pool: str, verb: str, selection: Selection, changes: Changes, query: tuple[str, ...] = ()
) -> list[PoolResult]:
    """Never sent twice: a request that took effect and whose reply was lost would take more machines."""
    require(client)
    request = (
        client.req()
        .post({**changes.as_body(), **selection.as_body()})
        .url_for("pools", pool, f"{verb}Machines")
    )
    return t.cast("list[PoolResult]", request.params(*query).fail_fast().do() or [])
