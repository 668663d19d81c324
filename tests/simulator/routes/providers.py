# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin providers."""

from __future__ import annotations

import json
from dataclasses import replace

from ..call import OCTETS, ApiResponse, BufferedResponse, Call, no_content, reply
from ..errors import ApiError
from ..store import Table
from . import models
from .common import find


def handle(call: Call) -> ApiResponse:
    table = call.server.store["plugin_providers"]
    if len(call.parts) == 1:
        answer = _listing(call, table) if call.method in ("GET", "HEAD") else None
    elif len(call.parts) > 2:
        answer = None
    elif call.method in ("GET", "HEAD"):
        return models.item(call, table, call.parts[1])
    elif call.method == "DELETE":
        return _delete(call, call.parts[1])
    else:
        answer = _upload(call, call.parts[1]) if call.method == "POST" else None
    if answer is None:
        raise call.no_route()
    return answer


def _listing(call: Call, table: Table) -> BufferedResponse:
    """All of them, whatever the query says."""
    return models.listing(replace(call, query=[]), table)


def _upload(call: Call, name: str) -> BufferedResponse:
    """Take a provider in; here it is not a program but the JSON that its ``define`` command prints."""
    # assumption: a provider is a program to a real server, which runs it to learn this
    call.require("plugin_providers", "post", name)
    kind = call.header("Content-Type")
    if kind != OCTETS:
        raise ApiError(415, "API ERROR", f"upload: plugin_provider {name} must have content-type {OCTETS}")
    try:
        definition = json.loads(call.body)
        definition["Name"] = definition.get("Name") or name
        row = call.server.plugins.add_provider(definition)
    except (ValueError, TypeError, AttributeError) as problem:
        raise ApiError(400, "API ERROR", f"Import plugin failed {name}: {problem}") from None
    call.server.stats.changes += 1
    call.server.bus.publish("plugin_providers", "create", row.key, call.principal, lambda: row.text)
    return reply({"path": name, "size": len(call.body)}, 201)


def _delete(call: Call, name: str) -> BufferedResponse:
    row = find(call, call.server.store["plugin_providers"], name)
    call.require("plugin_providers", "delete", row.key)
    call.server.plugins.remove_provider(row)
    call.server.stats.changes += 1
    call.server.bus.publish("plugin_providers", "delete", row.key, call.principal, lambda: row.text)
    return no_content()
