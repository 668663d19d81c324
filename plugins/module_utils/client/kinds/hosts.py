# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds that run tasks, and kinds of what runs on them."""

from __future__ import annotations

import typing as t

from .model import DESCRIBING, Model, members, model

_RUNNER = members(
    str="Name Description Stage BootEnv Workflow Secret OS Arch Context Pool PoolStatus Pipeline"
    " JobState JobExitState",
    uuid="Uuid CurrentJob",
    ip="Address",
    list="Profiles Tasks HardwareAddrs JobResultErrors",
    structs="TaskErrorStacks",
    struct="Fingerprint",
    map="Params",
    int="CurrentTask RetryTaskAttempt PendingWorkOrders RunningWorkOrders",
    bool="Runnable Locked PoolAllocated WorkflowComplete WorkOrderMode",
)
_MACHINE = {**_RUNNER, **members(str="Documentation", any="Profile")}  # these two of v3.12
_JOB = members(
    str="Task Stage State ExitState Workflow BootEnv Context Token Pipeline WorkOrder TargetKey TargetPrefix",
    uuid="Uuid Previous Machine",
    time="StartTime EndTime",
    bool="Archived Current Independent",
    int="CurrentIndex NextIndex",
    list="ResultErrors",
    structs="ExtraClaims",
    struct="Action",
)
_WORK_ORDER = members(
    str="Blueprint Context Filter JobExitState JobState Machine Mode OnFailure Predecessor Stage State Status"
    " CurrentJob",
    uuid="Uuid",
    time="CreateTime StartTime EndTime",
    bool="Archived Runnable SchedulingHold",
    int="CurrentTask RetryTaskAttempt",
    list="JobResultErrors Profiles Tasks",
    structs="TaskErrorStacks PipelinePhase",
    map="Params",
)
_POOL = members(
    str=f"Id {DESCRIBING} ParentPool",
    struct="EnterActions ExitActions AllocateActions ReleaseActions AutoFill",
)
_BATCH = members(
    str="Description PostWorkOrder Predecessor SetupWorkOrder State Status",
    uuid="Uuid",
    time="StartTime EndTime",
    struct="PostWorkOrderTemplate SetupWorkOrderTemplate WorkOrderTemplate",
    map="WorkOrderCounts",
)
_BY_UUID: dict[str, t.Any] = {"key": "Uuid"}
_RUNS_TASKS: dict[str, t.Any] = {
    "key": "Uuid",
    "unique": ("Name",),
    "creation_order": 80,
    "has_params": True,
}

HOSTS: tuple[Model, ...] = (
    model("pools", _POOL, key="Id", creation_order=42, references={"ParentPool": "pools"}),
    model("machines", _MACHINE, **_RUNS_TASKS, hidden=("Secret", "Profile")),
    model("clusters", _RUNNER, **_RUNS_TASKS, hidden=("Secret",)),
    model("resource_brokers", _RUNNER, **_RUNS_TASKS, hidden=("Secret",)),
    model(
        "jobs", _JOB, **_BY_UUID, unique=("Machine",), creation_order=85, creatable=False, hidden=("Token",)
    ),
    model(
        "work_orders",
        _WORK_ORDER,
        **_BY_UUID,
        creation_order=86,
        references={"Predecessor": "work_orders"},
        has_params=True,
        required=("Blueprint",),
    ),
    model(
        "batches",
        _BATCH,
        **_BY_UUID,
        creation_order=87,
        references={"Predecessor": "batches"},
        required=("SetupWorkOrderTemplate",),
    ),
)
