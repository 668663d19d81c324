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
    from ..server import Server

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

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = []
        if obj["State"] not in _STATES:
            problems.append(f"Invalid State `{obj['State']}`")
        if obj["ExitState"] not in _EXIT_STATES:
            problems.append(f"Invalid ExitState `{obj['ExitState']}`")
        return problems

    def before_store(self, change: Change, principal: str) -> None:
        # the server saves the predecessor again with every write to a current job
        previous = change.server.store.get("jobs", change.new["Previous"])
        if change.new["Current"] and previous:
            save_not_current(change.server, previous, principal)

    def guard_delete(self, server: Server, row: Row) -> None:
        if row.data["State"] in ENDED or not server.store.get("machines", row.data["Machine"]):
            return
        if not any(job.data["Previous"] == row.key for job in server.store["jobs"]):
            raise invalid(
                "jobs", row.key, [f"Jobs {row.key} is not in a deletable state: {row.data['State']}"]
            )

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.job_logs.pop(row.key, None)


def save_not_current(server: Server, row: Row, principal: str) -> None:
    """Re-save a job that is not its machine's newest one (any more)."""
    saved = Row(row.model, row.key, {**row.data, "Current": False})
    server.store["jobs"].put(saved)
    server.bus.publish("jobs", "save", row.key, principal, lambda: saved.full_text)
