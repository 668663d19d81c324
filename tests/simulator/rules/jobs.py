# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs, as far as plain writes to them go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..store import Row
from ..wire import ZERO_TIME, Obj, now
from .base import Change, Rules, absent_or_unavailable, missing
from .names import name_problems

if TYPE_CHECKING:
    from ..server import Server

_STATES = ("created", "running", "failed", "finished", "incomplete")
_EXIT_STATES = ("", "reboot", "poweroff", "stop", "complete", "failed")
ENDED = ("finished", "failed")


class JobRules(Rules):
    tells_all = True

    def change(self, change: Change) -> None:
        old, new = change.old, change.new
        if old and not change.internal:
            # not for clients to decide; what they say is dropped without complaint
            new["Current"] = old["Current"]
        before = old["State"] if old else ""
        if new["State"] in ENDED and new["State"] != before and new["EndTime"] == ZERO_TIME:
            new["EndTime"] = now()
        if new["Current"] and new["State"] != before and new["State"] in ("created", "running"):
            new["StartTime"] = now()

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        # an ended job is valid whatever else is wrong, and so is one that is not its machine's newest
        return [] if obj["State"] in ENDED or not obj["Current"] else self._problems(server, obj)

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        if obj["Current"]:
            return self._problems(server, obj) if obj["State"] in ENDED else []
        return self._reference_problems(obj)

    @staticmethod
    def _reference_problems(obj: Obj) -> list[str]:
        problems = [] if obj["Uuid"] else ["Job was not assigned a uuid!"]
        return problems + ([] if obj["Previous"] else ["Job does not have a Previous job"])

    def _problems(self, server: Server, obj: Obj) -> list[str]:
        named = ":" in obj["Task"]
        problems = self._reference_problems(obj)
        problems += [] if named else name_problems("Task", [obj["Task"]])
        problems += name_problems("Stage", [obj["Stage"]])
        if obj["State"] not in _STATES:
            problems.append(f"Invalid State `{obj['State']}`")
        if obj["ExitState"] not in _EXIT_STATES:
            problems.append(f"Invalid ExitState `{obj['ExitState']}`")
        problems += [] if named else missing(server, "tasks", "Task", [obj["Task"]])
        return problems + absent_or_unavailable(server, "stages", "Stage", [obj["Stage"]])

    def before_store(self, change: Change, principal: str) -> None:
        if change.new["Current"] and not change.new["Available"]:
            change.new["State"] = "failed"
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
