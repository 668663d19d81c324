# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that finish their task lists by themselves, for benchmarks of waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import objects
from .disruptions import seconds
from .errors import ApiError
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server
    from .store import Row


def finish(server: Server, asked: Obj) -> Obj:
    """Let ``machines`` (UUIDs, or ``*`` for all) finish one after the other, evenly ``over`` seconds.

    It goes on after the answer.
    """
    keys = _keys(server, asked.get("machines", ["*"]))
    server.background(_finish_all(server, keys, seconds(asked, "over", 0.0)))
    return {"machines": len(keys)}


def _keys(server: Server, names: object) -> list[str]:
    if not isinstance(names, list):
        raise ValueError("machines must be a list")
    table = server.store["machines"]
    if names == ["*"]:
        return [row.key for row in table]
    found = [(name, table.find(str(name))) for name in names]
    if missing := [str(name) for name, row in found if not row]:
        raise ValueError(f"no such machine: {', '.join(missing)}")
    return [row.key for _, row in found if row]


async def _finish_all(server: Server, keys: list[str], over: float) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, key in enumerate(keys, 1):
        # also without a pause: websockets get to send in between
        await asyncio.sleep(max(begin + over * number / len(keys) - loop.time(), 0))
        row = server.store.get("machines", key)
        if row:
            _finish_one(server, row)


def _finish_one(server: Server, row: Row) -> None:
    """What the last request of a machine's agent leaves behind."""
    new = row.copy()
    new["CurrentTask"] = len(new["Tasks"])
    stages = [task.removeprefix("stage:") for task in new["Tasks"] if task.startswith("stage:")]
    new["Stage"] = stages[-1] if stages else new["Stage"]
    try:
        objects.update(server, row, new, f"runner:{row.key}", internal=True)
    except ApiError as problem:
        server.logs.add("progress", "error", f"{row.key} did not finish: {problem}")
