# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 demands of objects: of machines and what is like them, of pools, and of all kinds of its own."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..models import MODELS
from ..rules import Change, Rules, rules_for
from ..rules.base import missing
from ..rules.content import TaskRules
from ..rules.machines import MachineRules
from ..rules.names import name_problems
from ..wire import Obj, new_uuid
from . import facts

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

DEFAULT_POOL = "default"
_AFTER = {"Joining": "Free", "Building": "InUse", "Destroying": "Free", "Leaving": "Free"}
"""Where a machine of a pool goes once its workflow is complete."""
_HOLD = {"Joining": "HoldJoin", "Building": "HoldBuild", "Destroying": "HoldDestroy", "Leaving": "HoldLeave"}
"""Where it stays while its workflow stands still, because a job has failed."""
_MAY_CHANGE = {"Locked", "Validated", "Available", "Errors", "WorkflowComplete"}


class MachineRulesV4(MachineRules):
    """A locked machine is not changed by users, except that it is unlocked."""

    def __init__(self, prefix: str = "machines") -> None:
        self.prefix = prefix

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
        underway = new["PoolStatus"] == "Leaving" and new["Uuid"] in change.server.pool_moves
        if new["WorkflowComplete"] and not underway:
            new["PoolStatus"] = _AFTER.get(new["PoolStatus"], new["PoolStatus"])
        elif not new["WorkflowComplete"]:
            _hold(change.server, new)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        super().on_saved(server, row, old)
        if row.data["PoolStatus"] == "Leaving" and row.data["WorkflowComplete"] and old:
            server.after_response(lambda: server.server_profile.on_left_pool(server, row))

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return super().availability_problems(server, obj) + missing(
            server, "contexts", "Context", filter(None, [obj["Context"]])
        )

    def guard_delete(self, server: Server, row: Row) -> None:
        if row.data["Locked"]:
            raise invalid(self.prefix, row.key, [f"Machine {row.data['Name']} is locked"])


class PoolRules(Rules):
    name_field = "Id"

    def set_defaults(self, change: Change) -> None:
        if change.new["Id"] != DEFAULT_POOL:
            change.new["ParentPool"] = change.new["ParentPool"] or DEFAULT_POOL

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        # assumption: the default pool is there without being an object
        return missing(server, "pools", "Pool", {obj["ParentPool"]} - {"", DEFAULT_POOL})


class TaskRulesV4(TaskRules):
    """A task may need others before it, but not itself."""

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = super().validation_problems(server, obj)
        needed = prerequisites(server, obj["Prerequisites"])
        # assumption: in which words a circle is refused
        return [*problems, *([f"Task {obj['Name']} requires itself"] if obj["Name"] in needed else [])]

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return missing(server, "tasks", "Task", obj["Prerequisites"])


def prerequisites(server: Server, names: list[str]) -> list[str]:
    """The tasks and all that they need, each once, and what is needed before what needs it."""
    found: list[str] = []

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in found or name in path:
            return
        for needed in (server.store.data("tasks", name) or {}).get("Prerequisites") or []:
            add(needed, (*path, name))
        found.append(name)

    for name in names:
        add(name, ())
    return found


class KindRules(Rules):
    """The rules of a kind of which only the facts are known."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._key = facts.KINDS[prefix]["key"]
        # assumption: of the members that the facts require, those must be given that have no zero value
        self._required = [name for name in facts.words(prefix, "required") if name != self._key]
        self._references = _REFERENCES.get(prefix, {})

    def set_defaults(self, change: Change) -> None:
        if change.creates and self._key == "Uuid":
            change.new["Uuid"] = change.new["Uuid"] or new_uuid()

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        key = obj.get(self._key, "")
        problems = name_problems(self._key, [key]) if self._key != "Uuid" else []
        problems += [f"{name} is required" for name in self._required if not obj.get(name)]
        return problems + (
            server.params.problems((self._prefix, key), obj["Params"]) if "Params" in obj else []
        )

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        found = []
        for member, prefix in self._references.items():
            value = obj.get(member) or []
            names = value if isinstance(value, list) else [value]
            wanted = [name for name in names if ":" not in name]
            found += missing(server, prefix, member.removesuffix("s"), wanted)
        return found

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.params.keys.drop((self._prefix, row.key))


# assumption: an object that names what there is not is stored, and not available, as v3.12 has it
_REFERENCES = {
    "blueprints": {"Profiles": "profiles", "Tasks": "tasks", "Workflow": "workflows", "Context": "contexts"},
    "pipelines": {"Profiles": "profiles"},
    "trigger_providers": {"Profiles": "profiles"},
    "triggers": {
        "Blueprint": "blueprints", "Filter": "filters", "Profiles": "profiles",
        "TriggerProvider": "trigger_providers", "WorkOrderProfiles": "profiles",
    },
    "work_orders": {"Blueprint": "blueprints", "Profiles": "profiles"},
    "ux_settings": {"Option": "ux_options"},
}  # fmt: skip


def _hold(server: Server, new: Obj) -> None:
    """A machine on its way is on hold once its job has failed."""
    # assumption: the facts name these states, and neither how a machine gets into them nor out again
    job = server.store.data("jobs", new["CurrentJob"]) or {}
    if job.get("State") == "failed" and not new["Runnable"]:
        new["PoolStatus"] = _HOLD.get(new["PoolStatus"], new["PoolStatus"])


def _touched(old: Obj, new: Obj) -> bool:
    """Whether more than the lock differs; a machine that is unlocked may not change in the same request."""
    return any(new[name] != old[name] for name in new if name not in _MAY_CHANGE)


def _with_params(prefix: str) -> Rules:
    """The rules of v3.12 for a kind whose objects have got params since, which have to fit."""

    class WithParams(type(rules_for(prefix))):  # type: ignore[misc]
        def validation_problems(self, server: Server, obj: Obj) -> list[str]:
            owner = (prefix, server.store[prefix].model.key(obj))
            found: list[str] = super().validation_problems(server, obj)
            return found + server.params.problems(owner, obj["Params"])

    return WithParams()


# assumption: clusters and resource brokers are what machines are, but for what boots
_OWN: dict[str, Rules] = {
    **{
        prefix: _with_params(prefix)
        for prefix, model in MODELS.items()
        if prefix in facts.KINDS and facts.can(prefix, "params") and not model.has_params
    },
    **{prefix: MachineRulesV4(prefix) for prefix in ("machines", "clusters", "resource_brokers")},
    "pools": PoolRules(),
    "tasks": TaskRulesV4(),
    "contexts": Rules(),
}
RULES: dict[str, Rules] = {
    **{prefix: KindRules(prefix) for prefix in facts.KINDS if prefix not in MODELS},
    **_OWN,
}
