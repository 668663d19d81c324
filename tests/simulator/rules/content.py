# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates, tasks, stages, workflows, profiles and params."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import Crash, invalid
from ..gotmpl import parse
from ..schema_check import schema_problem
from ..schemas import compile_schema
from ..wire import Obj
from .base import Change, Rules, absent_or_unavailable, flags, missing, refuse_if_used
from .names import name_problems, param_name_problems, secret_problems
from .rendering import member_problems
from .templates import (
    common_names,
    fill_templates,
    merge_problems,
    parse_problem,
    sanity_problems,
    system_problems,
    twins,
    user_problems,
)

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row


class TemplateRules(Rules):
    name_field = "ID"
    trusted_in_packs = True

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = name_problems("ID", [obj["ID"]])
        if problem := parse_problem(obj["Contents"]):
            return [*problems, f"Parse error for template {obj['ID']}: {problem}"]
        if problems:
            return problems
        known = common_names(server, without=obj["ID"]) | {obj["ID"], *defined(obj["Contents"])}
        return user_problems(server, known)

    def guard_delete(self, server: Server, row: Row) -> None:
        refuse_if_used("templates", row.key, user_problems(server, common_names(server, without=row.key)))


class TaskRules(Rules):
    def set_defaults(self, change: Change) -> None:
        fill_templates(change.new)
        found = flags(change.new)
        if "sane-exit-codes" in found or "original-exit-codes" in found:
            return
        added = "sane-exit-codes" if change.creates and not change.internal else "original-exit-codes"
        given = filter(None, change.new["Meta"].get("feature-flags", "").split(","))
        change.new["Meta"]["feature-flags"] = ",".join(sorted([*given, added]))

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        infos = obj["Templates"]
        return [
            *self.name_problem(obj),
            *needs_problems(obj),
            *sanity_problems(infos, path_needed=False),
            *twins(infos),
            *system_problems(infos),
            *merge_problems(common_names(server), infos, path_needed=False),
        ]

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        for stage in server.store["stages"]:
            if row.key in stage.data["Tasks"]:
                # what was wrong with the stage before stays with it until it is saved itself
                problems = server.server_profile.rules("stages").availability_problems(server, stage.data)
                errors = stage.data["Errors"] + problems
                stage.refresh(Errors=errors, Available=not problems and stage.data["Available"])
                recheck_first_workflow(server, stage.key)

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"{prefix}:{other.key} still uses {row.key}"
            for prefix in ("machines", "stages")
            for other in server.store[prefix]
            if row.key in other.data["Tasks"]
        ]
        refuse_if_used("tasks", row.key, users)


class StageRules(Rules):
    def set_defaults(self, change: Change) -> None:
        fill_templates(change.new)
        change.new["RunnerWait"] = True

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        infos = obj["Templates"]
        sanity = sanity_problems(infos, path_needed=True)
        return [
            *self.name_problem(obj),
            *(name_problems("BootEnv", [obj["BootEnv"]]) if obj["BootEnv"] else ()),
            *needs_problems(obj),
            *sanity,
            *twins(infos),
            *name_problems("Profile", obj["Profiles"]),
            *(problem for task in obj["Tasks"] for problem in _stage_task_problems(server, task)),
            # the server looks twice
            *sanity,
        ]

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = [
            *missing(server, "tasks", "Task", self._plain_tasks(server, obj)),
            *missing(server, "profiles", "Profile", obj["Profiles"]),
            *self._bootenv_problems(server, obj),
        ]
        problems += merge_problems(common_names(server), obj["Templates"], path_needed=True)
        return problems or member_problems(server, "stages", "Stage", obj)

    @staticmethod
    def _plain_tasks(server: Server, obj: Obj) -> list[str]:
        """The entries of the task list that are looked up as tasks: on v3.12 all of them."""
        known = server.server_profile.stage_entries
        return [task for task in obj["Tasks"] if len(known) == 1 or task.partition(":")[0] not in known]

    @staticmethod
    def _bootenv_problems(server: Server, obj: Obj) -> list[str]:
        problems = absent_or_unavailable(server, "bootenvs", "BootEnv", filter(None, [obj["BootEnv"]]))
        env = server.store.data("bootenvs", obj["BootEnv"])
        if not env or problems:
            return problems
        return [
            f"Stage {obj['Name']} Template {ours['Name']} overlaps with "
            f"BootEnv {env['Name']} Template {theirs['Name']}"
            for theirs in env["Templates"]
            for ours in obj["Templates"]
            if ours["Path"] == theirs["Path"]
        ]

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"Stage {row.key} in use by Machine {m.data['Name']}"
            for m in server.store["machines"]
            if m.data["Stage"] == row.key
        ]
        users += [
            f"Stage {row.key} in use by Workflow {flow.key}"
            for flow in server.store["workflows"]
            for name in flow.data["Stages"]
            if name == row.key
        ]
        refuse_if_used("stages", row.key, users)

    def before_store(self, change: Change, principal: str) -> None:
        server, new = change.server, change.new
        inside = [m for m in server.store["machines"] if m.data["Stage"] == new["Name"]]
        if any(not server.params.lookup(m, name)[0] for m in inside for name in new["RequiredParams"]):
            raise Crash("a stage whose machines lack a param that it requires")
        # workflows are judged by the stage as it was
        recheck_first_workflow(server, new["Name"])


class WorkflowRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return self.name_problem(obj) + name_problems("Stage Name", obj["Stages"])

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return absent_or_unavailable(server, "stages", "Stage", obj["Stages"])


class ProfileRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return self.name_problem(obj) + params_problems(server, "profiles", obj)

    def guard_delete(self, server: Server, row: Row) -> None:
        users = ["Profile global is the global profile, you cannot delete it"] if row.key == "global" else []
        users += [
            f"{title} {other.key} is using profile {row.key}"
            for prefix, title in (("machines", "Machine"), ("stages", "Stage"))
            for other in server.store[prefix]
            if row.key in other.data["Profiles"]
        ]
        if users:
            raise invalid("profiles", row.key, users)

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.params.keys.drop(("profiles", row.key))


class ParamRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = param_name_problems("Name", [obj["Name"]])
        schema = obj["Schema"]
        if schema is None:
            return problems
        if problem := schema_problem(schema):
            return [*problems, problem]
        if isinstance(schema, dict) and "default" in schema:
            wrong = compile_schema(schema)(schema["default"])
            problems += [f"Error in default value: {reason}" for reason in wrong]
        return problems


def defined(contents: str) -> Iterable[str]:
    return parse(contents).defines


def needs_problems(obj: Obj) -> list[str]:
    """What is wrong with the params that an object names as its needs."""
    return [
        *param_name_problems("Required Param", obj["RequiredParams"]),
        *param_name_problems("Optional Param", obj["OptionalParams"]),
    ]


def params_problems(server: Server, prefix: str, obj: Obj) -> list[str]:
    """What is wrong with the Params of an object that is called by its name."""
    secret = secret_problems(prefix, obj["Name"])
    return [
        *param_name_problems("Param Name", obj["Params"]),
        *(secret or server.params.problems((prefix, obj["Name"]), obj["Params"])),
    ]


def _stage_task_problems(server: Server, task: str) -> list[str]:
    kind, colon, rest = task.partition(":")
    if not colon:
        return name_problems("Task", [task])
    if kind not in server.server_profile.stage_entries:
        return [f"Invalid Task: {task}"]
    if kind != "action":
        return []
    plugin, colon, action = rest.partition(":")
    if not colon:
        return [f"Invalid action specifier {rest}"]
    return name_problems("Plugin", [plugin]) + name_problems("Action", [action])


def recheck_first_workflow(server: Server, stage: str) -> None:
    """A saved stage makes the server judge a workflow anew, but only the first one it finds."""
    first = next(iter(server.store["workflows"]), None)
    if first and stage in first.data["Stages"]:
        server.recheck("workflows", first.key)
