# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines, clusters and resource brokers can be asked to do: start, clean up, render, share params."""

# assumption: no v4 server was recorded; this is what its models and its public documentation tell
from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from .. import objects
from ..call import ApiResponse, Call, reply, reply_text
from ..errors import ApiError, bad_request, invalid
from ..go_types import DecodeError
from ..patch import PatchConflict, apply
from ..render import Rendering
from ..routes import models, params
from ..routes.common import parse_ops, require_ops
from ..rules import Change, Rules
from ..store import Row
from . import batches, order_jobs, orders
from .orders import RUNNERS, found
from .rules import MachineRulesV4

if TYPE_CHECKING:
    from ..server import Server

_ON_DELETE = "on-delete-workflow"
_DELETES = "on-complete-delete"


def special(call: Call) -> Any:
    """The answer of a route below a runner, or None."""
    match call.method, call.parts:
        case "PATCH", [prefix, key, "start"] if prefix in RUNNERS:
            return _start(call, prefix, key)
        case "DELETE", [prefix, key, "cleanup"] if prefix in RUNNERS:
            return _cleanup(call, prefix, key)
        case "POST", [prefix, key, "render"] if prefix in RUNNERS:
            return _render(call, found(call, prefix, key), call.parsed() if call.body else "")
        case "GET", [prefix, key, "connections"] if prefix in RUNNERS:
            call.require(prefix, "get", found(call, prefix, key).key)
            return reply([])  # assumption: there are none, and they are a list
        case method, ["clusters" | "resource_brokers" as prefix, key, "group", *below]:
            return _of_group(call, method, found(call, prefix, key), below)
        case "POST", ["work_orders" | "batches" as prefix, key, "restart"]:
            return orders.restart(call, prefix, key)
        case "POST", ["machines" as prefix, key, "pick", order]:
            return order_jobs.pick(call, prefix, key, order)
        case "POST", ["zones-import"]:
            return _import_zone(call)
        case "GET" | "HEAD", ["machines"] if call.flag("exclude-self"):
            return _without_self(call)
        case "POST", ["jobs"]:
            return _job_of_order(call)
    return None


def _without_self(call: Call) -> ApiResponse:
    # assumption: the server's own machine is the one with this entry in its Meta
    query = [
        *((n, v) for n, v in call.query if n != "exclude-self"),
        ("Meta.machine-self-runner", "Ne(true)"),
    ]
    return models.listing(dataclasses.replace(call, query=query), call.server.store["machines"])


def _job_of_order(call: Call) -> Any:
    asked = call.json()
    uuid = asked.get("WorkOrder") if isinstance(asked, dict) else ""
    return order_jobs.next_job(call, found(call, "work_orders", uuid), asked) if uuid else None


def _import_zone(call: Call) -> ApiResponse:
    # assumption: the body is the text of a zone file, of which the origin and the records are taken
    call.require("zones", "create")
    zone = zone_of(call.body.decode("utf-8", "replace"))
    if not zone["Origin"]:
        raise bad_request("POST", "zone file without $ORIGIN")
    model = call.server.store["zones"].model
    return reply_text(objects.create(call.server, model, model.decode(zone), call.principal).text, 201)


def zone_of(text: str) -> dict[str, Any]:
    """The members of a zone that a zone file describes, as far as simple ones go."""
    words = [line.split(";")[0].split() for line in text.splitlines()]
    origin = next((line[1] for line in words if len(line) == 2 and line[0] == "$ORIGIN"), "")
    ttl = next((int(line[1]) for line in words if len(line) == 2 and line[0] == "$TTL"), 0)
    return {"Name": origin.rstrip("."), "Origin": origin, "TTL": ttl}


def _start(call: Call, prefix: str, key: str) -> ApiResponse:
    """Apply the patch with the workflow left first, so that it begins again whatever it was."""
    row, ops = found(call, prefix, key), parse_ops(call)
    require_ops(call, prefix, row.key, ops)
    try:
        new = row.model.decode(apply(row.copy(), ops))
    except PatchConflict as problem:
        raise ApiError(409, "PATCH", problem.why, model=prefix, key=row.key) from None
    except DecodeError as problem:
        raise ApiError(406, "PATCH", str(problem), model=prefix, key=row.key) from None
    if not new["Workflow"]:
        raise invalid(prefix, row.key, ["No workflow to start"])
    left = objects.update(call.server, row, {**row.copy(), "Workflow": ""}, call.principal)
    entered = {
        **new,
        "Stage": left.data["Stage"],
        "BootEnv": left.data["BootEnv"],
        "Tasks": [],
        "CurrentTask": -1,
    }
    stored = objects.update(call.server, left, entered, call.principal)
    if not stored.data["Runnable"]:  # a new boot environment has cleared it
        stored = objects.update(call.server, stored, {**stored.copy(), "Runnable": True}, call.principal)
    return reply_text(stored.text)


def _cleanup(call: Call, prefix: str, key: str) -> ApiResponse:
    row = found(call, prefix, key)
    call.require(prefix, "delete", row.key)
    call.server.server_profile.rules(prefix).guard_delete(call.server, row)
    value = call.server.params.lookup(row, _ON_DELETE)[1]
    if not isinstance(value, str) or not value:
        objects.remove(call.server, row, call.principal)
        return reply_text(row.text)
    marked = {**row.copy(), "Workflow": value, "Runnable": True}
    marked["Params"] = {**marked["Params"], _DELETES: True}
    return reply_text(objects.update(call.server, row, marked, call.principal).text, 202)


def _render(call: Call, row: Row, text: Any) -> ApiResponse:
    """A text with its template expressions expanded as for a task of the machine."""
    if not isinstance(text, str):
        raise bad_request("POST", "json: cannot unmarshal value into Go value of type string")
    call.require(row.model.prefix, "get", row.key)
    rendering = Rendering(call.server, row, None, [])
    content = rendering.content({"ID": "", "Name": "render", "Path": "", "Contents": text})
    if rendering.problems:
        raise invalid(row.model.prefix, row.key, rendering.problems)
    return reply(content)


class RunnerRules(MachineRulesV4):
    """A cluster has a profile of its own name; what is cleaned up is gone with the end of its workflow."""

    def change(self, change: Change) -> None:
        name = change.new["Name"]
        # assumption: resource brokers have such a profile as clusters do
        if change.creates and self.prefix != "machines" and name:
            profiles = change.server.store["profiles"]
            if not profiles.get(name):
                profile = profiles.model.decode({"Name": name})
                objects.create(change.server, profiles.model, profile, "system", internal=True)
            if name not in change.new["Profiles"]:
                change.new["Profiles"] = [*change.new["Profiles"], name]
        super().change(change)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        super().on_saved(server, row, old)
        if old and row.data["WorkflowComplete"] and row.data["Params"].get(_DELETES) is True:
            # assumption: the server deletes it right after the request that completes its workflow
            server.after_response(lambda: _remove(server, row))


def _remove(server: Server, row: Row) -> None:
    there = server.store.get(row.model.prefix, row.key)
    if there:
        objects.remove(server, there, "system")


def _of_group(call: Call, method: str, row: Row, below: list[str]) -> ApiResponse:
    """The params of the profile that is named like the cluster, which has it from the beginning."""
    profiles = call.server.store["profiles"]
    if not profiles.get(row.data["Name"]):
        raise ApiError(404, method, "Not Found", model="profiles", key=row.data["Name"])
    if below == ["pubkey"] and method == "GET":
        call.require(row.model.prefix, "updateSecure", row.key)
        return params.public_key(call, profiles, row.data["Name"])
    if below[:1] != ["params"]:
        raise call.no_route()
    # assumption: who may do that with the cluster may do it with its profile
    secure = ["getSecure"] if call.flag("decode") else []
    for action in ["get", *secure] if method == "GET" else ["update:/Params"]:
        call.require(row.model.prefix, action, row.key)
    return params.handle(call, profiles, row.data["Name"], "/".join(below[1:]) or None)


RULES: dict[str, Rules] = {
    **{prefix: RunnerRules(prefix) for prefix in RUNNERS},
    "work_orders": orders.WorkOrderRules(),
    "batches": batches.BatchRules(),
    "jobs": orders.JobRulesV4(),
}
