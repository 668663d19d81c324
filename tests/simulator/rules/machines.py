# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines: what a new one gets, what is wrong with one, and what its removal leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..store import Row
from ..wire import Obj, new_secret, new_uuid
from .arches import arch_problem
from .base import Change, Rules
from .jobs import save_not_current
from .names import machine_name_problems, name_problems
from .network import maybe_unicast_problems
from .rendering import render_problems
from .tasklist import edit, refuse_jump
from .workflow import arrive, move, only_unknown, recompute_flags

if TYPE_CHECKING:
    from ..server import Server

_MAC = re.compile(r"([0-9a-fA-F]{2}[:-]){5,19}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2,9}[0-9a-fA-F]{4}")


class MachineRules(Rules):
    strict_create = True
    tells_all = True

    def fill(self, obj: Obj) -> None:
        obj["Arch"] = obj["Arch"] or "amd64"

    def set_defaults(self, change: Change) -> None:
        new = change.new
        new["Secret"] = new["Secret"] or new_secret()
        if not change.creates:
            return
        new["Uuid"] = new["Uuid"] or new_uuid()
        for member, pref in (
            ("Workflow", "defaultWorkflow"), ("Stage", "defaultStage"), ("BootEnv", "defaultBootEnv")
        ):  # fmt: skip
            new[member] = new[member] or change.server.prefs.value(pref)

    def change(self, change: Change) -> None:
        new = change.new
        if change.creates:
            move(change)
            self._adopt_profile(new)
            new["CurrentTask"] = -1
            new["Runnable"] = True
        else:
            self._update(change)
        if change.refusals:
            return
        arrive(change)
        recompute_flags(change.server, new)
        new["CurrentTask"] = min(new["CurrentTask"], len(new["Tasks"]))

    @staticmethod
    def _adopt_profile(new: Obj) -> None:
        """Machines once had a profile of their own; what it holds are their params."""
        given = new.get("Profile")
        if given and given["Params"] is not None:
            new["Params"], given["Params"] = given["Params"], None

    @staticmethod
    def _update(change: Change) -> None:
        before = {name: change.new[name] for name in ("Tasks", "CurrentTask")}
        refuse_jump(change)
        if change.refusals:
            return
        move(change)
        if not change.refusals:
            edit(change, before)

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        arch = arch_problem(obj["Arch"])
        others = server.store["machines"].at_address(obj["Address"]) - {obj["Uuid"]} if obj["Address"] else ()
        return [
            *([arch] if arch else ()),
            *machine_name_problems(obj["Name"]),
            *name_problems("Stage", [obj["Stage"]]),
            *name_problems("BootEnv", [obj["BootEnv"]]),
            *name_problems("Workflow", filter(None, [obj["Workflow"]])),
            *name_problems("Profile", obj["Profiles"]),
            *(problem for entry in obj["Tasks"] for problem in _task_name_problems(entry)),
            *(f"Invalid Hardware Address `{mac}`" for mac in obj["HardwareAddrs"] if not _MAC.fullmatch(mac)),
            *maybe_unicast_problems(obj["Address"]),
            *(f"Machine {other} already has IP address {obj['Address']}" for other in others),
            *server.params.problems(("machines", obj["Uuid"]), obj["Params"]),
            # the server looks twice
            *([f"Another machine has Address {obj['Address']}, we cannot have it"] if others else ()),
            *_duplicate_profiles(obj["Profiles"]),
        ]

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        return [
            *(
                f"Profile {name} (at {number}) does not exist"
                for number, name in enumerate(obj["Profiles"])
                if not server.store.get("profiles", name)
            ),
            *self._place_problems(server, obj),
            *(
                problem
                for number, entry in enumerate(obj["Tasks"])
                if (problem := _task_problem(server, number, entry))
            ),
        ]

    @staticmethod
    def _place_problems(server: Server, obj: Obj) -> Iterator[str]:
        """What is wrong with where the machine is."""
        row = Row(server.store["machines"].model, obj["Uuid"], obj)
        for prefix, title in (("workflows", "Workflow"), ("stages", "Stage"), ("bootenvs", "BootEnv")):
            name = obj[title]
            data = server.store.data(prefix, name)
            if not data:
                if name:
                    yield f"{title.capitalize()} {name} does not exist"
                continue
            if data.get("OnlyUnknown"):
                yield only_unknown(name)
            if not data["Available"]:
                yield f"{title} {name} is not available"
            if prefix != "workflows":
                yield from render_problems(server, row, prefix, data)

    def on_loaded(self, server: Server, row: Row) -> None:
        if not row.data["Validated"]:
            return
        data = row.copy()
        recompute_flags(server, data)
        row.refresh(Meta=data["Meta"], Runnable=data["Runnable"] and data["Available"])

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        job = server.store.get("jobs", row.data["CurrentJob"])
        if job:
            save_not_current(server, job, principal)
        server.params.keys.drop(("machines", row.key))


def _duplicate_profiles(names: list[str]) -> list[str]:
    return [
        f"Duplicate profile {name}: at {names.index(name)} and {position}"
        for position, name in enumerate(names)
        if names.index(name) != position
    ]


def _task_name_problems(entry: str) -> list[str]:
    kind, colon, name = entry.partition(":")
    if not colon:
        return name_problems("Task", [entry])
    if kind in ("stage", "bootenv"):
        return name_problems("Stage" if kind == "stage" else "BootEnv", [name])
    if kind != "action":
        return []
    plugin, colon, action = name.partition(":")
    return (
        name_problems("Plugin", [plugin]) + name_problems("Action", [action])
        if colon
        else (name_problems("Action", [name]))
    )


def _task_problem(server: Server, number: int, entry: str) -> str:
    kind, colon, name = entry.partition(":")
    if not colon:
        prefix, title = "tasks", f"Task {entry}"
    elif kind in ("stage", "bootenv"):
        prefix, title = f"{kind}s", f"{'Stage' if kind == 'stage' else 'BootEnv'} {name}"
    else:
        return "" if kind in ("chroot", "action") else f"{entry} (at {number}) is malformed"
    return "" if server.store.get(prefix, name or entry) else f"{title} (at {number}) does not exist"
