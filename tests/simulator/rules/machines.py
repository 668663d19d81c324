# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines: defaults on create, follow-up changes and refusals on update."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from ..wire import Obj, new_secret, new_uuid
from .arches import arch_problem
from .base import MACHINE_NAME, Change, Rules, missing
from .jobs import save_not_current
from .workflow import enter_bootenv, expand, recompute_flags

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

_MAC = re.compile(r"([0-9a-fA-F]{2}[:-]){5,19}[0-9a-fA-F]{2}|([0-9a-fA-F]{4}\.){2,9}[0-9a-fA-F]{4}")
_MAP = "change-stage/map"


class MachineRules(Rules):
    strict_create = True
    name_pattern = MACHINE_NAME

    def set_defaults(self, change: Change) -> None:
        new = change.new
        new["Secret"] = new["Secret"] or new_secret()
        new["Arch"] = new["Arch"] or "amd64"
        if change.creates:
            prefs = change.server.prefs
            new["Uuid"] = new["Uuid"] or new_uuid()
            for member, pref in (
                ("Workflow", "defaultWorkflow"), ("Stage", "defaultStage"), ("BootEnv", "defaultBootEnv")
            ):  # fmt: skip
                new[member] = new[member] or prefs.value(pref)
            new["CurrentTask"] = -1
            new["Runnable"] = True

    def change(self, change: Change) -> None:
        if change.creates:
            self._create(change)
        elif not change.internal:
            self._update(change)
        if not change.refusals:
            enter_bootenv(change)
            recompute_flags(change.server, change.new)

    def _create(self, change: Change) -> None:
        new = change.new
        if new["Workflow"]:
            self._start_workflow(change)
            return
        stage = change.server.store.data("stages", new["Stage"])
        if stage:
            new["BootEnv"] = stage["BootEnv"] or new["BootEnv"]
            new["Tasks"] = list(stage["Tasks"]) or new["Tasks"]

    def _update(self, change: Change) -> None:
        old, new = change.old or {}, change.new
        if new["Workflow"] != old["Workflow"]:
            if new["Workflow"]:
                self._start_workflow(change)
            else:
                self._leave_workflow(change, old)
        elif new["Stage"] != old["Stage"]:
            self._change_stage(change, old)
        else:
            self._refuse_bootenv(change, old)
            edit_tasks(change, old)
        new["CurrentTask"] = min(new["CurrentTask"], len(new["Tasks"]))

    @staticmethod
    def _start_workflow(change: Change) -> None:
        server, new = change.server, change.new
        flow = server.store.data("workflows", new["Workflow"])
        if not flow:
            change.refusals.append(f"Workflow {new['Workflow']} does not exist")
            return
        if not flow["Available"]:
            change.refusals.append(f"Workflow {new['Workflow']} is not available")
            return
        new["Tasks"] = expand(server, flow["Stages"])
        new["CurrentTask"] = -1
        if flow["Stages"]:
            new["Stage"] = flow["Stages"][0]
            stage = server.store.data("stages", new["Stage"])
            new["BootEnv"] = (stage and stage["BootEnv"]) or new["BootEnv"]

    @staticmethod
    def _leave_workflow(change: Change, old: Obj) -> None:
        new = change.new
        new["Params"].pop(_MAP, None)
        stays = new["Stage"] == old["Stage"]
        if stays:
            new["Stage"] = "none"
        _adopt_stage(change, keep_bootenv=stays)

    @staticmethod
    def _change_stage(change: Change, old: Obj) -> None:
        new = change.new
        if new["Workflow"]:
            change.refusals.append("Changing machine stage not allowed")
        if old["Tasks"] and old["CurrentTask"] != len(old["Tasks"]) and not change.force:
            change.refusals.append("Can not change stages with pending tasks unless forced")
        if not change.refusals:
            _adopt_stage(change, keep_bootenv=False)

    @staticmethod
    def _refuse_bootenv(change: Change, old: Obj) -> None:
        new = change.new
        if new["BootEnv"] == old["BootEnv"]:
            return
        if new["Workflow"]:
            change.refusals.append("Changing machine bootenv not allowed")
        elif new["Stage"] != "none" and not change.force:
            change.refusals.append("Can not change bootenv while in a stage unless forced")

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj)
        problem = _address_problem(obj["Address"])
        problems += [problem] if problem else []
        problems += [f"Invalid MAC address {mac}" for mac in obj["HardwareAddrs"] if not _MAC.fullmatch(mac)]
        problem = arch_problem(obj["Arch"])
        problems += [problem] if problem else []
        return problems + server.params.problems(("machines", obj["Uuid"]), obj["Params"])

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = missing(server, "workflows", "Workflow", [obj["Workflow"]])
        for prefix, title, name in (
            ("stages", "Stage", obj["Stage"]),
            ("bootenvs", "BootEnv", obj["BootEnv"]),
        ):
            data = server.store.data(prefix, name)
            if not data:
                problems.append(f"{title} {name} does not exist")
            elif not data["Available"]:
                problems.append(f"{title} {name} is not available")
        problems += missing(server, "profiles", "Profile", obj["Profiles"])
        if len(set(obj["Profiles"])) != len(obj["Profiles"]):
            problems.append("Duplicate profiles")
        problems += [problem for entry in obj["Tasks"] if (problem := _task_problem(server, entry))]
        others = server.store["machines"].at_address(obj["Address"]) - {obj["Uuid"]} if obj["Address"] else ()
        problems += [
            f"Machine {other} already has Address {obj['Address']}, we cannot have it" for other in others
        ]
        return problems

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        job = server.store.get("jobs", row.data["CurrentJob"])
        if job and job.data["Current"]:
            save_not_current(server, job, principal)
        server.params.keys.drop(("machines", row.key))


def _adopt_stage(change: Change, *, keep_bootenv: bool) -> None:
    new = change.new
    stage = change.server.store.data("stages", new["Stage"])
    if not stage:
        change.refusals.append(f"Stage {new['Stage']} does not exist")
        return
    new["Tasks"] = list(stage["Tasks"])
    new["CurrentTask"] = -1
    if stage["BootEnv"] and not keep_bootenv:
        new["BootEnv"] = stage["BootEnv"]


def edit_tasks(change: Change, old: Obj) -> None:
    """A client's edit of the task list or of the position in it."""
    new = change.new
    moved = new["CurrentTask"] != old["CurrentTask"]
    if new["Tasks"] != old["Tasks"]:
        _edit_list(change, old, moved=moved)
    elif moved and new["CurrentTask"] != -1 and old["Tasks"]:
        change.refusals.append(f"Cannot change CurrentTask from {old['CurrentTask']} to {new['CurrentTask']}")
    elif moved and new["CurrentTask"] == -1 and new["Runnable"]:
        new["CurrentTask"] = _rewind(change.server, new, old["CurrentTask"])


def _edit_list(change: Change, old: Obj, *, moved: bool) -> None:
    new, done = change.new, old["CurrentTask"] + 1
    if not old["Tasks"]:
        if new["Runnable"]:
            new["CurrentTask"] = -1
        return
    if moved:
        if new["CurrentTask"] != -1:
            change.refusals.append("Cannot change tasks and current task at the same time")
        return
    was, now = old["Tasks"], new["Tasks"]
    if now[:done] != was[:done]:
        change.refusals.append(
            "Cannot remove or change tasks that have already executed or are already executing"
        )
        return
    following = next((i for i in range(done, len(was)) if was[i].startswith("stage:")), len(was))
    future = was[following:]
    if future and (len(now) - len(future) < done or now[-len(future) :] != future):
        change.refusals.append("Cannot change tasks that are past the next stage transition")


def _rewind(server: Server, machine: Obj, position: int) -> int:
    """The earliest stage entry that can be run again without leaving the machine's bootenv."""
    found = -1
    for index in range(min(position, len(machine["Tasks"]) - 1), -1, -1):
        kind, _, name = machine["Tasks"][index].partition(":")
        stage = server.store.data("stages", name) if kind == "stage" else None
        if not stage or not stage["BootEnv"]:
            continue
        if stage["BootEnv"] != machine["BootEnv"]:
            break
        found = index
    return found


def _address_problem(text: str) -> str:
    if not text:
        return ""
    address = ipaddress.ip_address(text)
    if address.version != 4:
        return f"Address {text} is not an IPv4 address"
    bad = address.is_loopback or address.is_multicast or address.is_link_local or text == "255.255.255.255"
    return f"Address {text} is not a global unicast address" if bad else ""


def _task_problem(server: Server, entry: str) -> str:
    kind, colon, name = entry.partition(":")
    if not colon:
        return "" if server.store.get("tasks", entry) else f"Task {entry} does not exist"
    if kind in ("stage", "bootenv") and name:
        return "" if server.store.get(f"{kind}s", name) else f"{kind.capitalize()} {name} does not exist"
    if (kind == "chroot" and name) or (kind == "action" and 1 <= len(name.split(":")) <= 2 and name):
        return ""
    return f"Task {entry} is malformed"
