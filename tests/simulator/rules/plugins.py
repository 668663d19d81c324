# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin objects and the types that plugin providers define."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..schemas import compile_schema
from ..wire import Obj
from .base import Rules
from .content import params_problems
from .names import name_problems

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row


class PluginRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return [
            *self.name_problem(obj),
            *name_problems("Provider", [obj["Provider"]]),
            *params_problems(server, "plugins", obj),
        ]

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        if not old or old.data["Provider"] != row.data["Provider"]:
            server.after_response(lambda: server.plugins.start(row.key))

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.plugins.stop(row)
        server.params.keys.drop(("plugins", row.key))


# assumption: how the members of types that plugins define are checked
class RawRules(Rules):
    name_field = "Id"

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = [] if obj.get("Id") else ["Invalid Id"]
        members = server.plugins.stored_type(obj["Type"])
        for name, schema in members.items():
            if name not in obj:
                problems += [f"{name} is required"] if schema.get("isrequired") else []
            else:
                problems += [f"{name}: {reason}" for reason in compile_schema(schema)(obj[name])]
        return problems + server.params.problems((obj["Type"], obj.get("Id", "")), obj["Params"])
