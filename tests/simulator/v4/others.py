# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of v4 below objects of kinds that run no tasks: alerts, templates, subnets, zones, logs of jobs."""

# assumption: no v4 server was recorded; of these routes only names, queries and kinds of answers are public
from __future__ import annotations

import ipaddress
from typing import Any

from .. import objects
from ..call import OCTETS, ApiResponse, BufferedResponse, Call, reply, reply_text
from ..errors import ApiError, invalid
from ..render import Rendering
from ..routes.common import decoded, find
from ..store import Row
from ..wire import Obj, now
from .orders import runner_of


def special(call: Call) -> Any:
    """The answer of such a route, or None."""
    match call.method, call.parts:
        case "POST", ["alerts", key, "acknowledge"]:
            return _acknowledge(call, key)
        case "GET", ["templates", *name, "render", machine] if name:
            return _render(call, "/".join(name), machine)
        case "POST", ["subnets", name, "allocate"]:
            return _allocate(call, name)
        case "DELETE", ["subnets", name, "release", address]:
            return _release(call, name, address)
        case "GET", ["system", "upgrade", "status"]:
            # assumption: the profile is called so, and before any upgrade it says nothing
            profile = call.server.store["profiles"].model.struct.zero()
            return reply(profile | {"Name": "upgrade-status", "Params": {}, "Meta": {}})
        case "GET", ["zones-info"]:
            call.require("zones", "list")
            return reply({row.key: _view(row) for row in call.server.store["zones"]})
        case "GET", ["zones", name, "view"]:
            return reply({name: _view(find(call, call.server.store["zones"], name))})
        case "HEAD", ["jobs", key, "log"]:
            return _log_size(call, key)
        case "GET", ["jobs", key, "archive"]:
            return BufferedResponse(200, _log(call, key), OCTETS)
    return None


def _acknowledge(call: Call, key: str) -> ApiResponse:
    row = find(call, call.server.store["alerts"], key)
    call.require("alerts", "update:/Acknowledged", row.key)
    marks = {"Acknowledged": True, "AcknowledgeUser": call.principal, "AcknowledgeTime": now()}
    return reply_text(objects.update(call.server, row, {**row.copy(), **marks}, call.principal).text)


def _render(call: Call, name: str, machine: str) -> ApiResponse:
    template = find(call, call.server.store["templates"], name)
    row = runner_of(call.server, machine) or find(call, call.server.store["machines"], machine)
    info = {"Name": name, "Path": "", "ID": template.key, "Contents": "", "Meta": {}}
    rendering = Rendering(call.server, row, None, [info])
    text = rendering.content(info)
    if rendering.problems:
        raise invalid("templates", template.key, rendering.problems)
    return reply(text)


def _allocate(call: Call, name: str) -> ApiResponse:
    """A reservation of the first free address of the subnet, made from what was sent."""
    subnet = find(call, call.server.store["subnets"], name)
    call.require("reservations", "create")
    model = call.server.store["reservations"].model
    asked = decoded(call, model, call.json())
    first = subnet.data["AllocateStart"] or subnet.data["ActiveStart"]
    last = subnet.data["AllocateEnd"] or subnet.data["ActiveEnd"]
    address = asked["Addr"] or _free_address(call, first, last)
    if not address:
        raise ApiError(409, "POST", f"No address is free in {name}", model="subnets", key=name)
    made = {**asked, "Addr": address, "Subnet": subnet.key, "Allocated": True}
    made["Strategy"] = made["Strategy"] or subnet.data["Strategy"]
    made["Token"] = made["Token"] or address
    return reply_text(objects.create(call.server, model, made, call.principal).text, 201)


def _free_address(call: Call, first: str, last: str) -> str:
    taken = {row.data["Addr"] for kind in ("reservations", "leases") for row in call.server.store[kind]}
    if first and last:
        for number in range(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)) + 1):
            if (address := str(ipaddress.ip_address(number))) not in taken:
                return address
    return ""


def _release(call: Call, name: str, address: str) -> ApiResponse:
    find(call, call.server.store["subnets"], name)
    row = find(call, call.server.store["reservations"], address)
    call.require("reservations", "delete", row.key)
    objects.remove(call.server, row, call.principal)
    return reply_text(row.text)


def _view(zone: Row) -> Obj:
    """The records of a zone by their name and type."""
    return {
        f"{record['Name']}.{zone.data['Origin']} {record['Type']}": record["Value"]
        for record in zone.data["Records"]
    }


def _log(call: Call, key: str) -> bytes:
    row = find(call, call.server.store["jobs"], key)
    call.require("jobs", "log", row.data["Machine"])
    return bytes(call.server.job_logs.get(row.key, b""))


def _log_size(call: Call, key: str) -> ApiResponse:
    return BufferedResponse(200, b"", OCTETS, {"Content-Length": str(len(_log(call, key)))})
