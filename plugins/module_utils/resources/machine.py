# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Machines, and what runs tasks as they do: how the server changes one thing when another is changed."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ..client import features
from ..client.errors import UsageError
from ..converge import group_params
from ..converge.resource import Object, Resource
from ..converge.results import converge_one
from ..converge.task import Result, Task
from .list_edits import SET, ListEdit
from .runner import cleanup, start
from .waiting import waiting

_MEMBERS = {
    "name": "Name",
    "uuid": "Uuid",
    "address": "Address",
    "description": "Description",
    "profiles": "Profiles",
    "params": "Params",
    "meta": "Meta",
    "workflow": "Workflow",
    "stage": "Stage",
    "bootenv": "BootEnv",
    "tasks": "Tasks",
    "runnable": "Runnable",
    "hardware_addrs": "HardwareAddrs",
    "arch": "Arch",
    "locked": "Locked",
    "context": "Context",
    "pipeline": "Pipeline",
    "work_order_mode": "WorkOrderMode",
}
_STAGE_AND_BOOTENV = ("Stage", "BootEnv")
_EDITED = {"profiles": "Profiles", "tasks": "Tasks"}
_V4_ONLY = ("locked", "context", "pipeline", "work_order_mode")


@dataclasses.dataclass
class Machine(Resource):
    """A wanted machine.

    The server refuses a change of Stage or BootEnv while a workflow is set, clears Runnable whenever
    BootEnv changes, and makes every new machine runnable.
    """

    edits: t.Mapping[str, ListEdit] = dataclasses.field(default_factory=dict)
    """Member -> how its names are laid over those that are there."""

    def __post_init__(self) -> None:
        index, _colon, value = self.key.partition(":")
        if index == "Name" and value:
            self.spec.setdefault("Name", value)
        super().__post_init__()

    def creation_body(self) -> Object:
        """With a Uuid of our own, by which a create whose reply was lost is recognised."""
        body = super().creation_body()
        lists = {name: edit.apply([], body[name]) for name, edit in self.edits.items() if name in body}
        return {"Uuid": str(uuid.uuid4()), **body, **lists}

    def check(self, current: Object | None) -> None:
        super().check(current)
        if current is None and not self.spec.get("Name"):
            raise UsageError(
                f"{self.label}: no such {self.model.singular}; to create it, set name "
                "(in drp_object, Name in its spec)"
            )
        given = [name for name in _STAGE_AND_BOOTENV if self.spec.get(name)]
        workflow = self.spec.get("Workflow")
        if given and workflow:
            raise UsageError(
                f"{self.label}: workflow {workflow} decides the stage and the boot environment by itself; "
                f"leave {' and '.join(map(str.lower, given))} out, or set workflow to ''"
            )
        changed = [name for name in given if current and current.get(name) != self.spec[name]]
        if changed and workflow is None and current and current.get("Workflow") and not self.force:
            raise UsageError(
                f"{self.label}: it is in workflow {current['Workflow']}, which decides its stage and boot "
                f"environment. To change {' and '.join(map(str.lower, changed))}, take it out of "
                "the workflow with workflow: '' or with force: true"
            )

    def wanted_object(self, current: Object) -> Object:
        wanted = super().wanted_object(current)
        for name, edit in self.edits.items():
            if self.spec.get(name) is not None and edit.mode != SET:
                there = current.get(name) or []
                wanted[name] = edit.apply(there, self.spec[name], current.get("CurrentTask", -1))
        changed = any(wanted.get(name) != current.get(name) for name in _STAGE_AND_BOOTENV)
        if changed and current.get("Workflow") and "Workflow" not in self.spec:
            wanted["Workflow"] = ""
        return wanted

    @property
    def destroys(self) -> bool:
        return super().destroys or any(
            self.spec.get(name) is not None for name in (*_STAGE_AND_BOOTENV, "Workflow")
        )

    def destruction(self, current: Object | None) -> str:
        """Another workflow, stage or boot environment begins another life of the machine."""
        if current is None or self.state == "absent":
            return super().destruction(current)
        wanted = self.wanted_object(current)
        changed = [
            name for name in (*_STAGE_AND_BOOTENV, "Workflow") if wanted.get(name) != current.get(name)
        ]
        # to take it out of its workflow only stops what goes on
        return "re-imaging" if any(wanted[name] for name in changed) else ""

    def change_warnings(self, before: Object | None, after: Object) -> list[str]:
        if not before or "Runnable" in self.spec:
            return []
        if before.get("Runnable") and not after.get("Runnable") and before["BootEnv"] != after["BootEnv"]:
            return [
                f"{self.label}: the server made it not runnable because its boot environment changed from "
                f"{before['BootEnv']} to {after['BootEnv']}; set runnable: true to let its agent go on"
            ]
        return []


def run(task: Task) -> Result:
    """What ``drp_machine`` does."""
    return _run_kind(task, "machines", "machine")


def run_cluster(task: Task) -> Result:
    """What ``drp_cluster`` does."""
    return _run_kind(task, "clusters", "cluster")


def run_resource_broker(task: Task) -> Result:
    """What ``drp_resource_broker`` does."""
    return _run_kind(task, "resource_brokers", "resource_broker")


def _run_kind(task: Task, kind: str, name: str) -> Result:
    waiting.check(task, [kind])
    for option in _V4_ONLY:
        if task.options.get(option) is not None:
            task.client.require_feature(features.V4, option)
    if kind != "machines":
        task.client.require_feature(features.V4, f"drp_{name}")
    resource = from_options(task.options, kind)
    if task.options["cleanup"]:
        return cleanup.run(task, resource, name)
    result = start.run(task, resource, name) if task.options["start"] else converge_one(task, resource, name)
    if result.get("failed") or not result.get(name):
        return result
    if task.options.get("group_params") is not None:
        result = _with_group(task, kind, result, name)
    waited = waiting.wait_after_change(task, [(kind, result[name])], single=True)
    if waited.get("object"):
        result[name] = waited["object"]
    return waiting.merge_wait_result(result, waited)


def _with_group(task: Task, kind: str, result: Result, name: str) -> Result:
    """The result with the params that the members share."""
    exists = not (task.check and result["action"] == "created")
    shared = group_params.converge(task, kind, result[name], exists)
    if shared["changed"]:
        result["changed"] = True
        result["action"] = "updated" if result["action"] == "unchanged" else result["action"]
        for side in ("before", "after"):
            result["diff"][side] = {**result["diff"][side], "group_params": shared[side]}
    if shared["warnings"]:
        result["warnings"] = [*result.get("warnings", []), *shared["warnings"]]
    return {**result, "group_params": shared["params"]}


def from_options(options: t.Mapping[str, t.Any], kind: str = "machines") -> Machine:
    """The object that the options of ``drp_machine`` describe; options that are None say nothing."""
    spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
    key = options.get("id") or options.get("uuid") or ""
    return Machine(
        kind=kind,
        spec=spec,
        state=options["state"],
        key=key,
        force=options["force"],
        purge_params=options["purge_params"],
        append_profiles=options.get("append_profiles") or False,
        require_available=options["require_available"],
        include_locked=options["include_locked"],
        update_secure=options["update_secure"],
        edits={
            member: ListEdit(name, options.get(f"{name}_mode") or SET, options.get(f"{name}_anchor"))
            for name, member in _EDITED.items()
        },
    )
