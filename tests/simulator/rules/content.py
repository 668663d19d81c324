# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates, tasks, stages, workflows, profiles and params."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..schemas import compile_schema, schema_problem
from ..wire import Obj
from .base import (
    PARAM_NAME,
    Change,
    Rules,
    absent_or_unavailable,
    flags,
    missing,
    parse_problem,
    refuse_if_used,
    template_problems,
)

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row


class TemplateRules(Rules):
    name_field = "ID"
    name_pattern = PARAM_NAME

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problem = parse_problem(obj["Contents"])
        return self.name_problem(obj) + ([problem] if problem else [])

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"In use by {prefix[:-1]} {other.key}"
            for prefix in ("bootenvs", "stages", "tasks")
            for other in server.store[prefix]
            if any(info["ID"] == row.key for info in other.data["Templates"])
        ]
        refuse_if_used("templates", row.key, users)


class TaskRules(Rules):
    def set_defaults(self, change: Change) -> None:
        found = flags(change.new)
        if "sane-exit-codes" in found or "original-exit-codes" in found:
            return
        added = "sane-exit-codes" if change.creates and not change.internal else "original-exit-codes"
        change.new["Meta"]["feature-flags"] = ",".join([*found, added])

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj) + template_problems(server, obj, path_needed=False)
        limited = [bool(info["Meta"].get("OS")) for info in obj["Templates"]]
        if any(limited) and not all(limited):
            problems.append("OS must be given for all templates or for none")
        return problems

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"Task {row.key} in use by {title} {other.key}"
            for prefix, title in (("stages", "Stage"), ("machines", "Machine"))
            for other in server.store[prefix]
            if row.key in other.data["Tasks"]
        ]
        refuse_if_used("tasks", row.key, users)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        server.recheck("stages", "workflows")

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.recheck("stages", "workflows")


class StageRules(Rules):
    def set_defaults(self, change: Change) -> None:
        change.new["RunnerWait"] = True

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return self.name_problem(obj) + template_problems(server, obj)

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return [
            *absent_or_unavailable(server, "bootenvs", "BootEnv", [obj["BootEnv"]] if obj["BootEnv"] else []),
            *missing(server, "tasks", "Task", obj["Tasks"]),
            *missing(server, "profiles", "Profile", obj["Profiles"]),
        ]

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"Stage {row.key} in use by Machine {m.key}"
            for m in server.store["machines"]
            if m.data["Stage"] == row.key
        ]
        users += [
            f"Stage {row.key} in use by Workflow {flow.key}"
            for flow in server.store["workflows"]
            if row.key in flow.data["Stages"]
        ]
        refuse_if_used("stages", row.key, users)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        server.recheck("workflows")

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.recheck("workflows")


class WorkflowRules(Rules):
    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return absent_or_unavailable(server, "stages", "Stage", obj["Stages"])


class ProfileRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return self.name_problem(obj) + server.params.problems(("profiles", obj["Name"]), obj["Params"])

    def guard_delete(self, server: Server, row: Row) -> None:
        if row.key == "global":
            raise invalid("profiles", row.key, ["Profile global is the global profile, you cannot delete it"])
        users = [
            f"{title} {other.key} is using profile {row.key}"
            for prefix, title in (("machines", "Machine"), ("stages", "Stage"))
            for other in server.store[prefix]
            if row.key in other.data["Profiles"]
        ]
        if users:
            raise invalid("profiles", row.key, users)


class ParamRules(Rules):
    name_pattern = PARAM_NAME

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj)
        schema = obj["Schema"]
        if schema is None:
            return problems
        problem = schema_problem(schema)
        if problem:
            return [*problems, problem]
        if "default" in schema:
            wrong = compile_schema(schema)(schema["default"])
            problems += [f"Default value does not match the schema: {'; '.join(wrong)}"] if wrong else []
        return problems

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        if row.data["Secure"] and not (old and old.data["Secure"]):
            self._seal_plain_values(server, row.key)

    @staticmethod
    def _seal_plain_values(server: Server, key: str) -> None:
        for prefix in ("machines", "profiles", "plugins"):
            for owner in list(server.store[prefix]):
                if key in owner.data["Params"]:
                    sealed = server.params.keys.seal((prefix, owner.key), owner.data["Params"][key])
                    owner.refresh(Params={**owner.data["Params"], key: sealed})
