# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin objects and the types that plugin providers define."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..schemas import compile_schema
from ..wire import Obj
from .base import Rules

if TYPE_CHECKING:
    from ..store import Row
    from ..world import World


class PluginRules(Rules):
    def malformed(self, world: World, obj: Obj) -> list[str]:
        return self.name_problem(obj) + world.params.problems(("plugins", obj["Name"]), obj["Params"])

    def saved(self, world: World, row: Row, old: Row | None) -> None:
        if not old or old.data["Provider"] != row.data["Provider"]:
            world.soon(lambda: world.plugins.start(row.key))

    def removed(self, world: World, row: Row, who: str) -> None:
        world.plugins.stop(row)


class RawRules(Rules):
    name_field = "Id"

    def malformed(self, world: World, obj: Obj) -> list[str]:
        problems = [] if obj["Id"] else ["Invalid Id"]
        members = world.plugins.stored_type(obj["Type"])
        for name, schema in members.items():
            if name not in obj:
                problems += [f"{name} is required"] if schema.get("isrequired") else []
            else:
                problems += [f"{name}: {reason}" for reason in compile_schema(schema)(obj[name])]
        return problems + world.params.problems((obj["Type"], obj["Id"]), obj["Params"])
