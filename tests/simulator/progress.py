# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that finish their task lists by themselves, for benchmarks of waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import objects
from .disturb import seconds
from .errors import ApiError
from .wire import Obj

if TYPE_CHECKING:
    from .store import Row
    from .world import World


def finish(world: World, asked: Obj) -> Obj:
    """Let ``machines`` (UUIDs, or ``*`` for all) finish one after the other, evenly ``over`` seconds.

    It goes on after the answer.
    """
    keys = _keys(world, asked.get("machines", ["*"]))
    world.background(_finish_all(world, keys, seconds(asked, "over", 0.0)))
    return {"machines": len(keys)}


def _keys(world: World, names: object) -> list[str]:
    if not isinstance(names, list):
        raise ValueError("machines must be a list")
    table = world.store["machines"]
    if names == ["*"]:
        return [row.key for row in table]
    found = [(name, table.find(str(name))) for name in names]
    if missing := [str(name) for name, row in found if not row]:
        raise ValueError(f"no such machine: {', '.join(missing)}")
    return [row.key for _, row in found if row]


async def _finish_all(world: World, keys: list[str], over: float) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    for number, key in enumerate(keys, 1):
        # also without a pause: websockets get to send in between
        await asyncio.sleep(max(begin + over * number / len(keys) - loop.time(), 0))
        row = world.store.get("machines", key)
        if row:
            _finish_one(world, row)


def _finish_one(world: World, row: Row) -> None:
    """What the last request of a machine's agent leaves behind."""
    new = row.copy()
    new["CurrentTask"] = len(new["Tasks"])
    stages = [task.removeprefix("stage:") for task in new["Tasks"] if task.startswith("stage:")]
    new["Stage"] = stages[-1] if stages else new["Stage"]
    try:
        objects.update(world, row, new, f"runner:{row.key}", internal=True)
    except ApiError as problem:
        world.logs.add("progress", "error", f"{row.key} did not finish: {problem}")
