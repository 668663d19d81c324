# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walking workflows: their expansion into a task list, and what entering a stage or bootenv does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import Obj
from .base import Change

if TYPE_CHECKING:
    from ..server import Server


def expand(server: Server, stages: list[str]) -> list[str]:
    """The task list of a workflow: ``stage:S``, ``bootenv:B`` where B changes, then the stage's tasks."""
    tasks: list[str] = []
    last = ""
    for name in stages:
        tasks.append(f"stage:{name}")
        stage = server.store.data("stages", name)
        if not stage:
            continue
        if stage["BootEnv"] and stage["BootEnv"] != last:
            last = stage["BootEnv"]
            tasks.append(f"bootenv:{last}")
        tasks.extend(stage["Tasks"])
    return tasks


def enter_bootenv(change: Change) -> None:
    """Checks and effects of a machine whose BootEnv is now another one."""
    server, new = change.server, change.new
    if change.old and change.old["BootEnv"] == new["BootEnv"]:
        return
    env = server.store.data("bootenvs", new["BootEnv"])
    if not env:
        change.refusals.append(f"BootEnv {new['BootEnv']} does not exist")
        return
    if env["OnlyUnknown"]:
        change.refusals.append(
            f"BootEnv {new['BootEnv']} does not allow Machine assignments, it has the OnlyUnknown flag."
        )
        return
    if not env["Available"]:
        change.refusals.append(f"BootEnv {new['BootEnv']} is not available")
        return
    if change.old:
        new["Runnable"] = False
    if new["BootEnv"].endswith("-install"):
        new["OS"] = env["OS"]["Name"]
    change.passing += server.isos.missing_files(env, new["Arch"])


def recompute_flags(server: Server, machine: Obj) -> None:
    """Meta feature-flags follow from the machine's bootenv and stage at every save."""
    found: list[str] = []
    for prefix, member in (("bootenvs", "BootEnv"), ("stages", "Stage")):
        data = server.store.data(prefix, machine[member])
        found += (data["Meta"].get("feature-flags", "") if data else "").split(",")
    original = "original-change-stage"
    change_stage = original if original in machine["Meta"].get("feature-flags", "") else "change-stage-v2"
    kept = [flag.strip() for flag in found if flag.strip() not in ("", original, "change-stage-v2")]
    machine["Meta"]["feature-flags"] = ",".join(dict.fromkeys([change_stage, *kept]))
