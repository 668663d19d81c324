# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that go from pool to pool, and are allocated and released in them."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import objects
from ..call import ApiResponse, Call, reply
from ..errors import ApiError, bad_request, not_found
from ..filters import select
from ..store import Row
from ..wire import Obj
from .etags import duration
from .rules import DEFAULT_POOL

if TYPE_CHECKING:
    from ..server import Server

_LOOK_EVERY = 0.01


@dataclass(frozen=True)
class Verb:
    """What one of the four verbs does to a machine, and which machines it takes."""

    actions: str
    allocated: bool
    """Whether the machines it takes are allocated; those that are not must be free."""
    status: str
    """What they become while their workflow runs."""


VERBS = {
    "addMachines": Verb("EnterActions", False, "Joining"),
    "removeMachines": Verb("ExitActions", False, "Leaving"),
    "allocateMachines": Verb("AllocateActions", False, "Building"),
    "releaseMachines": Verb("ReleaseActions", True, "Destroying"),
}


def active(call: Call) -> ApiResponse:
    return reply(sorted({row.data["Pool"] for row in call.server.store["machines"]}))


def status(call: Call, pool: str) -> ApiResponse:
    call.require("pools", "get", pool)
    found: dict[str, list[Obj]] = {}
    for row in call.server.store["machines"]:
        if row.data["Pool"] == pool:
            found.setdefault(row.data["PoolStatus"], []).append(_result(row))
    return reply(found)


async def manage(call: Call, pool: str, name: str) -> ApiResponse:
    """One of the four verbs on machines of a pool."""
    verb, asked = VERBS[name], call.json() if call.body else {}
    call.require("pools", f"action:{name}", pool)
    source = pool
    if name == "addMachines":
        source = call.option("source-pool") or _parent(call, pool)
    rows = _chosen(call, pool, source, verb, asked)
    moved = [_move(call, row, pool, name, asked) for row in rows]
    return reply(await _settled(call, moved, str(asked.get("pool/wait-timeout") or "0")))


async def release(call: Call, key: str) -> ApiResponse:
    """``releaseToPool`` of one machine."""
    row = call.server.store["machines"].find(key)
    if not row:
        raise not_found(call.method, "machines", key)
    asked = call.json() if call.body else {}
    pool = row.data["Pool"]
    _refuse(call, pool, row, pool, VERBS["releaseMachines"])
    moved = _move(call, row, pool, "releaseMachines", asked)
    return reply(await _settled(call, [moved], str(asked.get("pool/wait-timeout") or "0")))


def _parent(call: Call, pool: str) -> str:
    data = call.server.store.data("pools", pool)
    return (data or {}).get("ParentPool") or DEFAULT_POOL


def _chosen(call: Call, pool: str, source: str, verb: Verb, asked: Obj) -> list[Row]:
    """The machines that the request means; ApiError when they are fewer than its minimum."""
    table = call.server.store["machines"]
    named = asked.get("pool/machine-list") or []
    if named:
        rows = []
        for text in named:
            row = table.find(str(text))
            if not row:
                raise not_found(call.method, "machines", str(text))
            _refuse(call, pool, row, source, verb)
            rows.append(row)
        return rows
    query = [tuple(part.split("=", 1)) for part in asked.get("pool/filter") or []]
    rows = [
        row
        for row in select(call.server, table.model, query, call.method)
        if not _pool_problem(row, source, verb) and not row.data["Locked"]
    ]
    if asked.get("pool/all-machines"):
        return rows
    count = int(asked.get("pool/count") or 1)
    minimum = int(asked.get("pool/minimum") or count)
    if len(rows) < minimum:
        message = f"Not enough machines: {len(rows)} available, {minimum} required"
        raise ApiError(409, call.method, message, model="pools", key=pool)
    return rows[:count]


def _pool_problem(row: Row, source: str, verb: Verb) -> str:
    data = row.data
    if data["Pool"] != source:
        return f"Machine {data['Name']} is in pool {data['Pool']}, not in {source}"
    if data["PoolAllocated"] != verb.allocated:
        return f"Machine {data['Name']} is {'already' if data['PoolAllocated'] else 'not'} allocated"
    if not verb.allocated and data["PoolStatus"] != "Free":
        return f"Machine {data['Name']} is {data['PoolStatus']}, not Free"
    return ""


def _refuse(call: Call, pool: str, row: Row, source: str, verb: Verb) -> None:
    if problem := _pool_problem(row, source, verb):
        raise ApiError(409, call.method, problem, model="pools", key=pool)


def _move(call: Call, row: Row, pool: str, name: str, asked: Obj) -> Row:
    """The first step of a machine on its way; what it has become by then."""
    server, verb = call.server, VERBS[name]
    if name in ("allocateMachines", "releaseMachines"):
        return _step(server, row, pool, verb, asked, call.principal)
    leaving = name == "removeMachines"
    destination = _parent(call, pool) if leaving else pool
    source, farewell = row.data["Pool"], asked if leaving else {}
    server.pool_moves[row.key] = (destination, {} if leaving else asked)
    if _workflow(server, source, VERBS["removeMachines"], farewell) or leaving:
        row = _step(server, row, source, VERBS["removeMachines"], farewell, call.principal)
        if _workflow(server, source, VERBS["removeMachines"], farewell):
            return row
    arrive(server, row, call.principal)
    return server.store["machines"].rows[row.key]


def arrive(server: Server, row: Row, principal: str) -> None:
    """The second step of a machine that has left its pool, if it is on its way to another one."""
    destination, asked = server.pool_moves.pop(row.key, ("", {}))
    if destination:
        current = server.store["machines"].rows[row.key]
        _step(server, current, destination, VERBS["addMachines"], asked, principal)


def _workflow(server: Server, pool: str, verb: Verb, asked: Obj) -> str:
    return str(asked.get("pool/workflow") or _actions(server, pool, verb).get("Workflow") or "")


def _actions(server: Server, pool: str, verb: Verb) -> Obj:
    return (server.store.data("pools", pool) or {}).get(verb.actions) or {}


def _step(server: Server, row: Row, pool: str, verb: Verb, asked: Obj, principal: str) -> Row:
    """What a transition of a pool does to a machine."""
    new, defaults = row.copy(), _actions(server, pool, verb)
    wanted = {
        member: asked.get(f"pool/{option}") or defaults.get(member)
        for member, option in (
            ("AddProfiles", "add-profiles"), ("RemoveProfiles", "remove-profiles"),
            ("AddParameters", "add-parameters"), ("RemoveParameters", "remove-parameters"),
        )
    }  # fmt: skip
    gone, added = wanted["RemoveProfiles"] or [], wanted["AddProfiles"] or []
    kept = [profile for profile in new["Profiles"] if profile not in gone]
    new["Profiles"] = [*kept, *(profile for profile in added if profile not in kept)]
    params = {**new["Params"], **(wanted["AddParameters"] or {})}
    new["Params"] = {key: params[key] for key in params if key not in (wanted["RemoveParameters"] or [])}
    if workflow := _workflow(server, pool, verb, asked):
        new["Workflow"] = ""
        row = objects.update(server, row, new, principal)
        new = {**row.copy(), "Workflow": workflow, "Runnable": True}
    new["Pool"] = pool
    new["PoolAllocated"] = verb.status == "Building"
    new["PoolStatus"] = verb.status
    return objects.update(server, row, new, principal)


async def _settled(call: Call, moved: list[Row], timeout: str) -> list[Obj]:
    """What the machines have become, at the latest after so long."""
    loop = asyncio.get_running_loop()
    try:
        deadline = loop.time() + duration(timeout)
    except ValueError as problem:
        raise bad_request(call.method, str(problem)) from None
    while True:
        rows = [call.server.store["machines"].get(row.key) or row for row in moved]
        if loop.time() >= deadline or all(row.data["WorkflowComplete"] for row in rows):
            return [_result(row) for row in rows]
        await asyncio.sleep(_LOOK_EVERY)


def _result(row: Row) -> dict[str, Any]:
    data = row.data
    return {
        "Name": data["Name"],
        "Uuid": data["Uuid"],
        "Allocated": data["PoolAllocated"],
        "Status": data["PoolStatus"],
    }
