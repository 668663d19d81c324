# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work orders under way: how one is picked, its jobs, and what their templates see."""

# assumption: no v4 server was recorded; this is what its models and its public documentation tell
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import objects
from ..call import ApiResponse, Call, no_content, reply_text
from ..errors import ApiError, Crash
from ..rules.jobs import ENDED, save_not_current
from ..store import Row
from ..wire import ZERO_UUID, Obj, new_uuid, now
from .orders import found, runner_of, running_for

if TYPE_CHECKING:
    from ..server import Server

_MOVES = {"stage": "Stage", "context": "Context"}


def pick(call: Call, prefix: str, key: str, order_key: str) -> ApiResponse:
    # assumption: the key is that of a work order, which begins to run; one that runs already is the answer
    runner, order = found(call, prefix, key), found(call, "work_orders", order_key)
    call.require(prefix, "update:/RunningWorkOrders", runner.key)
    if current := running_for(call.server, {**order.data, "Machine": runner.key}):
        return reply_text(current.text)
    elsewhere = order.data["Machine"] not in ("", runner.key)
    if elsewhere or order.data["SchedulingHold"] or order.data["State"] not in ("created", "running"):
        raise _refusal(f"WorkOrder {order.key} cannot be picked by {runner.key}")
    if not (runner.data["WorkOrderMode"] and runner.data["Runnable"] and runner.data["Available"]):
        raise _refusal(f"{runner.key} does not run work orders")
    running = {**order.copy(), "State": "running", "Machine": runner.key}
    return reply_text(objects.update(call.server, order, running, call.principal, internal=True).text)


def next_job(call: Call, order: Row, asked: dict[str, Any]) -> ApiResponse:
    """The decision procedure of a machine's jobs, with the work order in the place of the machine."""
    # assumption: a job of a work order is asked for as one of a machine, with the work order's UUID
    data = order.data
    call.require("jobs", "create", data["Machine"])
    if data["Machine"] != asked.get("Machine"):
        raise _refusal(f"WorkOrder {order.key} is not one of {asked.get('Machine')}")
    if asked.get("Context", "") != data["Context"]:
        return no_content()
    if data["State"] != "running" or not data["Runnable"]:
        raise _refusal(f"WorkOrder {order.key} is not runnable")
    current = call.server.store.get("jobs", data["CurrentJob"])
    state = current.data["State"] if current else "failed"
    if state not in ("incomplete", *ENDED):
        raise _refusal(f"WorkOrder {order.key} already has running or created job")
    if current and state == "incomplete":
        return reply_text(current.text, 202)
    index = max(data["CurrentTask"] + (state == "finished"), 0)
    return _walk(call, order, index, asked.get("Uuid") or "", current)


def _walk(call: Call, order: Row, index: int, uuid: str, current: Row | None) -> ApiResponse:
    """The job of the entry at ``index``; none after an entry that only moves it, nor at the end."""
    tasks, new = order.data["Tasks"], order.copy()
    while index < len(tasks) and (member := _MOVES.get(tasks[index].partition(":")[0])):
        new[member] = tasks[index].partition(":")[2]
        index += 1
        if new[member] != order.data[member]:
            job = _add_job(call, {**new, "CurrentTask": index - 1}, new_uuid(), current, "finished")
            _save(call, order, {**new, "CurrentTask": index - 1, "CurrentJob": job.key})
            return no_content()
    if index >= len(tasks):
        # assumption: the server itself finishes a work order without further tasks
        _save(call, order, {**new, "CurrentTask": len(tasks), "State": "finished"})
        return no_content()
    if uuid and call.server.store.get("jobs", uuid):
        raise Crash("the supplied job Uuid exists already")
    new["CurrentTask"] = index
    job = _add_job(call, new, uuid or new_uuid(), current, "created")
    _save(call, order, {**new, "CurrentJob": job.key})
    return reply_text(job.text, 201)


def _save(call: Call, order: Row, new: Obj) -> None:
    objects.update(call.server, order, new, call.principal, internal=True)


def _add_job(call: Call, order: Obj, uuid: str, previous: Row | None, state: str) -> Row:
    server, index = call.server, order["CurrentTask"]
    runner = runner_of(server, order["Machine"])
    if previous:
        save_not_current(server, previous, call.principal)
    task = order["Tasks"][index]
    job = server.store["jobs"].model.struct.zero() | {
        "Uuid": uuid,
        "Previous": previous.key if previous else ZERO_UUID,
        "Machine": order["Machine"],
        "WorkOrder": order["Uuid"],
        "Task": task,
        "Context": order["Context"],
        "ExtraClaims": (server.store.data("tasks", task) or {}).get("ExtraClaims") or [],
        "Stage": order["Stage"] or (runner.data["Stage"] if runner else ""),
        "BootEnv": runner.data["BootEnv"] if runner else "",
        "State": state,
        "ExitState": "complete" if state == "finished" else "",
        "StartTime": now(),
        "Current": True,
        "CurrentIndex": index,
        "NextIndex": index + 1,
    }
    row = objects.create(server, server.store["jobs"].model, job, call.principal, internal=True)
    server.job_logs[row.key] = bytearray(f"Log for Job: {row.key}\n".encode())
    return row


def as_seen_by_job(server: Server, runner: Row, job: Row) -> Row:
    """The machine with the params and profiles of the job's work order before its own."""
    order = server.store.data("work_orders", job.data["WorkOrder"]) if job.data["WorkOrder"] else None
    if not order:
        return runner
    merged = {
        "Params": {**runner.data["Params"], **order["Params"]},
        "Profiles": [*order["Profiles"], *runner.data["Profiles"]],
    }
    return Row(runner.model, runner.key, {**runner.data, **merged})


def _refusal(message: str) -> ApiError:
    return ApiError(409, "Conflict", message)
