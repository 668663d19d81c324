# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 demands of machines, pools and contexts."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..rules import Change, Rules
from ..rules.base import missing
from ..rules.machines import MachineRules
from ..wire import Obj

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

DEFAULT_POOL = "default"
_AFTER = {"Joining": "Free", "Building": "InUse", "Destroying": "Free", "Leaving": "Free"}
"""Where a machine of a pool goes once its workflow is complete."""
_MAY_CHANGE = {"Locked", "Validated", "Available", "Errors", "WorkflowComplete"}


class MachineRulesV4(MachineRules):
    """A locked machine is not changed by users, except that it is unlocked."""

    def set_defaults(self, change: Change) -> None:
        super().set_defaults(change)
        change.new["Pool"] = change.new["Pool"] or DEFAULT_POOL
        change.new["PoolStatus"] = change.new["PoolStatus"] or "Free"

    def change(self, change: Change) -> None:
        old, new = change.old, change.new
        if old and old["Locked"] and not change.internal and _touched(old, new):
            change.refusals.append(f"Machine {new['Name']} is locked")
            return
        super().change(change)
        new["WorkflowComplete"] = not new["Tasks"] or new["CurrentTask"] >= len(new["Tasks"])
        if new["WorkflowComplete"]:
            new["PoolStatus"] = _AFTER.get(new["PoolStatus"], new["PoolStatus"])

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return super().availability_problems(server, obj) + missing(
            server, "contexts", "Context", filter(None, [obj["Context"]])
        )

    def guard_delete(self, server: Server, row: Row) -> None:
        if row.data["Locked"]:
            raise invalid("machines", row.key, [f"Machine {row.data['Name']} is locked"])


class PoolRules(Rules):
    name_field = "Id"

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return missing(server, "pools", "Pool", filter(None, [obj["ParentPool"]]))


def _touched(old: Obj, new: Obj) -> bool:
    """Whether more than the lock differs; a machine that is unlocked may not change in the same request."""
    return any(new[name] != old[name] for name in new if name not in _MAY_CHANGE)


RULES: dict[str, Rules] = {"machines": MachineRulesV4(), "pools": PoolRules(), "contexts": Rules()}
