# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on their way: entering a workflow, a stage, a bootenv, and who may send them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import Obj
from .base import Change

if TYPE_CHECKING:
    from ..server import Server

_MAP = "change-stage/map"


def expand(server: Server, stages: list[str]) -> list[str]:
    """The task list of a workflow: ``stage:S``, ``bootenv:B`` where B changes, then the stage's tasks."""
    tasks: list[str] = []
    last, section = "", 0
    for name in stages:
        tasks.append(f"stage:{name}")
        stage = server.store.data("stages", name)
        if not stage:
            continue
        if stage["BootEnv"] and stage["BootEnv"] != last:
            last, section = stage["BootEnv"], len(tasks)
            tasks.append(f"bootenv:{last}")
        tasks.extend(server.server_profile.with_prerequisites(server, stage["Tasks"], tasks[section:]))
    return tasks


def move(change: Change) -> None:
    """What a change of workflow, stage or bootenv brings with it, or why it cannot be."""
    old, new = change.old or {"Workflow": "", "Stage": "", "BootEnv": "local"}, change.new
    led = _enter_workflow(change, old)
    _enter_stage(change, old)
    if new["BootEnv"] != old["BootEnv"]:
        _enter_bootenv(change)
    if change.creates:
        return
    if not new["Workflow"]:
        _refuse_without_workflow(change, old)
    elif not change.internal:
        for member, title in (("BootEnv", "bootenv"), ("Stage", "stage")):
            if new[member] != old[member] and member not in led:
                change.noted.append(f"Changing machine {title} not allowed")


def _enter_workflow(change: Change, old: Obj) -> set[str]:
    """The members that a new workflow sets."""
    server, new = change.server, change.new
    if new["Workflow"] == old["Workflow"]:
        return set()
    if not new["Workflow"]:
        new["Params"].pop(_MAP, None)
        if new["Stage"] == old["Stage"]:
            new["Stage"] = ""
        return set()
    flow = server.store.data("workflows", new["Workflow"])
    if not flow:
        change.refusals.append(f"Workflow {new['Workflow']} does not exist")
        return set()
    if not flow["Available"]:
        change.refusals.append(
            f"Machine {new['Uuid']} wants Workflow {new['Workflow']}, which is not available"
        )
        return set()
    new["CurrentTask"] = -1
    new["Tasks"] = expand(server, flow["Stages"])
    if not flow["Stages"]:
        return set()
    new["Stage"] = flow["Stages"][0]
    stage = server.store.data("stages", new["Stage"]) or {}
    if not stage.get("BootEnv"):
        return {"Stage"}
    new["BootEnv"] = stage["BootEnv"]
    return {"Stage", "BootEnv"}


def _enter_stage(change: Change, old: Obj) -> None:
    new = change.new
    if new["Stage"] == old["Stage"]:
        return
    new["Stage"] = new["Stage"] or "none"
    stage = change.server.store.data("stages", new["Stage"])
    if not stage:
        change.refusals.append(f"Stage {new['Stage']} does not exist")
        return
    if not stage["Available"] and not new["Workflow"]:
        change.refusals.append(f"Machine {new['Uuid']} wants Stage {new['Stage']}, which is not available")
        return
    new["BootEnv"] = stage["BootEnv"] or new["BootEnv"]
    if new["Workflow"]:
        return
    if stage["Tasks"] or not change.creates:
        profile = change.server.server_profile
        new["Tasks"] = profile.with_prerequisites(change.server, stage["Tasks"], [])
    new["CurrentTask"] = -1


def _enter_bootenv(change: Change) -> None:
    new = change.new
    env = change.server.store.data("bootenvs", new["BootEnv"])
    if not env:
        change.refusals.append(f"Bootenv {new['BootEnv']} does not exist")
    elif env["OnlyUnknown"]:
        change.refusals.append(only_unknown(new["BootEnv"]))
    elif not env["Available"]:
        change.refusals.append(f"BootEnv {new['BootEnv']} is not available")


def only_unknown(env: str) -> str:
    return f"BootEnv {env} does not allow Machine assignments, it has the OnlyUnknown flag."


def _refuse_without_workflow(change: Change, old: Obj) -> None:
    new = change.new
    moved, pending = new["Stage"] != old["Stage"], old["Tasks"] and old["CurrentTask"] != len(old["Tasks"])
    if moved and pending and not old["Workflow"] and not change.force:
        change.refusals.append("Can not change stages with pending tasks unless forced")
    if not moved and new["Stage"] != "none" and new["BootEnv"] != old["BootEnv"] and not change.force:
        change.refusals.append(
            f"Can not change bootenv while in a stage unless forced. "
            f"old: {old['BootEnv']} new {new['BootEnv']}"
        )
    if new["Runnable"] and not old["Tasks"] and new["Tasks"]:
        new["CurrentTask"] = -1


def arrive(change: Change) -> None:
    """What a machine finds in the bootenv that it has now been sent to."""
    old, new = change.old, change.new
    env = change.server.store.data("bootenvs", new["BootEnv"])
    if new["BootEnv"] == (old["BootEnv"] if old else "local") or not env:
        return
    if new["BootEnv"].endswith("-install"):
        new["OS"] = env["OS"]["Name"]
    if old:
        change.passing += change.server.isos.boot_problems(env, new["Arch"])
        new["Runnable"] = False


def recompute_flags(server: Server, machine: Obj) -> None:
    """Meta feature-flags follow from the machine's bootenv and stage at every save."""
    found = {"change-stage-v2"}
    for prefix, member in (("bootenvs", "BootEnv"), ("stages", "Stage")):
        data = server.store.data(prefix, machine[member])
        found |= {flag.strip() for flag in (data["Meta"].get("feature-flags", "") if data else "").split(",")}
    if "original-change-stage" in found:
        found.discard("change-stage-v2")
    machine["Meta"]["feature-flags"] = ",".join(sorted(found - {""}))
