# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of a machine's task list and of its position in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Crash
from ..wire import Obj
from .base import Change

if TYPE_CHECKING:
    from ..server import Server


def refuse_jump(change: Change) -> None:
    """A client may only leave the position alone or go back to the start."""
    old, new = change.old or {}, change.new
    split(old)
    split(new)
    if change.internal or not old["Tasks"] or new["CurrentTask"] in (-1, old["CurrentTask"]):
        return
    change.refusals.append(f"Cannot change CurrentTask from {old['CurrentTask']} to {new['CurrentTask']}")


def edit(change: Change, before: Obj) -> None:
    """What may become of the list; ``before`` is the machine as the client sent it."""
    old, new = change.old or {}, change.new
    kept = "Workflow" if new["Workflow"] else "Stage"
    if new[kept] != old[kept]:
        return
    if old["CurrentTask"] == new["CurrentTask"]:
        (was, _, later), (now, _, future) = split(old), split(before)
        if was != now:
            what = "remove" if len(was) > len(now) else "change"
            change.refusals.append(f"Cannot {what} tasks that have already executed or are already executing")
        if later != future:
            change.refusals.append("Cannot change tasks that are past the next stage transition")
    elif new["Tasks"] != old["Tasks"] and old["Tasks"] and new["CurrentTask"] > -1:
        change.refusals.append("Cannot change task list and current task at the same time")
    if new["CurrentTask"] == -1 and new["Runnable"]:
        new["CurrentTask"] = _rewound(change.server, new, old["CurrentTask"])


def split(machine: Obj) -> tuple[list[str], list[str], list[str]]:
    """(done, to do in this stage, what follows the next stage)."""
    tasks, position = machine["Tasks"], machine["CurrentTask"]
    if not tasks:
        return [], [], []
    if not -1 <= position <= len(tasks):
        raise Crash("a position outside of the task list")
    done = position if position == len(tasks) else position + 1
    after = next((n for n in range(done, len(tasks)) if tasks[n].startswith("stage:")), len(tasks))
    return tasks[:done], tasks[done:after], tasks[after:]


def _rewound(server: Server, machine: Obj, position: int) -> int:
    """The earliest stage entry that can be run again without leaving the machine's bootenv."""
    tasks, found = machine["Tasks"], -1
    # a position past the end makes the server skip the last entry as well
    start = position if position < len(tasks) else len(tasks) - 2
    for index in range(start, -1, -1):
        kind, colon, name = tasks[index].partition(":")
        if not colon or kind != "stage":
            continue
        stage = server.store.data("stages", name)
        if not stage:
            return -1
        if not stage["BootEnv"]:
            continue
        if stage["BootEnv"] != machine["BootEnv"]:
            break
        found = index
    return found
