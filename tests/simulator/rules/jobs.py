# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs, as far as plain writes to them go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..store import Row
from ..wire import ZERO_TIME, Obj, now
from .base import Change, Rules

if TYPE_CHECKING:
    from ..world import World

_STATES = ("created", "running", "failed", "finished", "incomplete")
_EXIT_STATES = ("", "reboot", "poweroff", "stop", "complete", "failed")
_FIXED = ("Current", "Previous", "Machine", "Task", "Stage", "BootEnv", "Workflow")
ENDED = ("finished", "failed")


class JobRules(Rules):
    def change(self, change: Change) -> None:
        old, new = change.old, change.new
        if not old:
            return
        if not change.internal:
            # read-only for clients; their changes are dropped without complaint
            new.update({name: old[name] for name in _FIXED})
        if new["State"] != old["State"]:
            if new["State"] == "running":
                new["StartTime"] = now()
            elif new["State"] in ENDED and new["EndTime"] == ZERO_TIME:
                new["EndTime"] = now()

    def malformed(self, world: World, obj: Obj) -> list[str]:
        problems = []
        if obj["State"] not in _STATES:
            problems.append(f"Invalid State `{obj['State']}`")
        if obj["ExitState"] not in _EXIT_STATES:
            problems.append(f"Invalid ExitState `{obj['ExitState']}`")
        return problems

    def storing(self, change: Change, who: str) -> None:
        # the server saves the predecessor again with every write to a current job
        previous = change.world.store.get("jobs", change.new["Previous"])
        if change.new["Current"] and previous:
            save_not_current(change.world, previous, who)

    def guard_delete(self, world: World, row: Row) -> None:
        if row.data["State"] in ENDED or not world.store.get("machines", row.data["Machine"]):
            return
        if not any(job.data["Previous"] == row.key for job in world.store["jobs"]):
            raise invalid(
                "jobs", row.key, [f"Jobs {row.key} is not in a deletable state: {row.data['State']}"]
            )

    def removed(self, world: World, row: Row, who: str) -> None:
        world.job_logs.pop(row.key, None)


def save_not_current(world: World, row: Row, who: str) -> None:
    """Re-save a job that is not its machine's newest one (any more)."""
    saved = Row(row.model, row.key, {**row.data, "Current": False})
    world.store["jobs"].put(saved)
    world.bus.publish("jobs", "save", row.key, who, lambda: saved.full_text)
