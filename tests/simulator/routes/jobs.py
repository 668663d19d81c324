# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: the standard routes with another POST, and the log and the rendered actions of a job."""

from __future__ import annotations

from ..call import OCTETS, ApiResponse, BufferedResponse, Call, no_content, reply, reply_text
from ..errors import ApiError, Crash, invalid
from ..jobs import next_job
from ..render import RenderFailed, job_actions
from ..store import Row, Table
from . import actions, models
from .common import auth_key, decoded


def handle(call: Call) -> ApiResponse:
    table = call.server.store["jobs"]
    if len(call.parts) == 1:
        if call.method == "POST":
            return _create(call, table)
        return models.handle(call)
    if len(call.parts) == 2:
        return models.item(call, table, call.parts[1])
    key, below, *rest = call.parts[1:]
    if below == "log" and not rest:
        return _log(call, table, key)
    if below == "actions" and not rest and call.method == "GET":
        return _actions(call, table, key)
    if below == "plugin_actions" and len(rest) <= 1:
        return actions.handle(call, table, key, rest)
    raise call.no_route()


def _create(call: Call, table: Table) -> BufferedResponse:
    value = call.json()
    if value is None:
        raise Crash("a job without a body")
    asked = decoded(call, table.model, value)
    if not asked["Machine"]:
        raise Crash("a job without a machine")
    call.require("jobs", "create", asked["Machine"])
    machine = _runner(call, asked["Machine"])
    if not machine:
        raise invalid("", "", [f"Machine {asked['Machine']} does not exist"])
    status, job = next_job(call.server, machine, asked, call.principal)
    return reply_text(job.text, status) if job else no_content()


def _runner(call: Call, key: str) -> Row | None:
    """What runs tasks under that UUID."""
    found = (call.server.store.get(prefix, key) for prefix in call.server.server_profile.runners)
    return next((row for row in found if row), None)


def _find(call: Call, table: Table, key: str, action: str) -> Row:
    row = table.find(key)
    if not row:
        raise ApiError(404, "ValidationError", f"Job {key} does not exist")
    call.require("jobs", action, auth_key(row))
    return row


def _log(call: Call, table: Table, key: str) -> BufferedResponse:
    logs = call.server.job_logs
    if call.method == "GET":
        row = _find(call, table, key, "log")
        return BufferedResponse(200, bytes(logs.get(row.key, b"")), OCTETS)
    if call.method != "PUT":
        raise call.no_route()
    kind = call.header("Content-Type")
    if kind != OCTETS:
        raise ApiError(415, "API ERROR", f"Want {OCTETS}, not {kind}")
    row = _find(call, table, key, "log")
    logs.setdefault(row.key, bytearray()).extend(call.body)
    return no_content()


def _actions(call: Call, table: Table, key: str) -> BufferedResponse:
    row = _find(call, table, key, "actions")
    store = call.server.store
    machine, task = _runner(call, row.data["Machine"]), store.get("tasks", row.data["Task"])
    if not machine:
        raise invalid("", "", [f"Machine {row.data['Machine']} does not exist"])
    if ":" in row.data["Task"]:
        return reply([])
    if not task:
        raise invalid("", "", [f"Task {row.data['Task']} does not exist"])
    try:
        seen = call.server.server_profile.runner_of_job(call.server, machine, row)
        return reply(job_actions(call.server, seen, task, call.option("os")))
    except RenderFailed as problem:
        raise invalid("", "", problem.messages) from None
