# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Info, indexes, logs, preferences, meta and interfaces."""

from __future__ import annotations

from ..call import ApiResponse, BufferedResponse, Call, reply
from ..claims import scope_document
from ..errors import ApiError, Crash, bad_request, not_found
from ..go_types import STRING_MAP
from ..indexes import Index, base_indexes
from ..interfaces import interfaces as host_interfaces
from ..wire import Obj, dumps
from .common import auth_key, parse_ops, require_ops
from .params import patch_member

_LICENSE_TEXTS = (
    "Contact", "ContactEmail", "ContactId", "Owner", "OwnerEmail", "OwnerId", "Grantor", "GrantorEmail",
    "GenerationVersion",
)  # fmt: skip
_NO_INDEXES = ("plugin_providers", "preferences", "interfaces")
_WITHOUT_META = ("interfaces", "preferences")


def info(call: Call) -> ApiResponse:
    if call.method != "GET" or len(call.parts) > 1:
        raise call.no_route()
    call.require("info", "get")
    return reply(info_document(call))


def info_document(call: Call) -> Obj:
    store, ports, server_profile = call.server.store, call.server.ports, call.server.server_profile
    return {
        "arch": "amd64", "os": "linux", "version": server_profile.version, "id": "simulator",
        "api_port": ports.api, "file_port": ports.static, "dhcp_port": 67, "binl_port": 4011, "tftp_port": 69,
        "tftp_enabled": False, "dhcp_enabled": False, "binl_enabled": False, "prov_enabled": True,
        "address": "127.0.0.1",
        "stats": [{"name": f"{p}.count", "count": store[p].size} for p in ("machines", "subnets")],
        "features": list(server_profile.features),
        "scopes": scope_document(server_profile.scopes),
        "License": {**dict.fromkeys(_LICENSE_TEXTS, ""), "Licenses": _licences(call)},
    }  # fmt: skip


def _licences(call: Call) -> list[Obj]:
    return [{"Name": "rbac", "Active": True, "Expired": False}] if call.server.server_profile.licensed else []


def _index_map(call: Call, prefix: str) -> dict[str, Index]:
    table = call.server.store.tables.get(prefix)
    return table.model.indexes if table else {index.name: index for index in base_indexes("Key")}


def indexes(call: Call) -> ApiResponse:
    if call.method != "GET" or len(call.parts) > 3:
        raise call.no_route()
    if len(call.parts) == 1:
        tables, models = call.server.store.tables.values(), call.server.server_profile.models
        static = [t.model for t in tables if t.model.prefix in models and t.model.counted]
        found = {m.prefix: {i.name: i.document() for i in m.indexes.values()} for m in static}
        return reply(dict(sorted(found.items())))
    prefix = call.parts[1]
    if prefix in _NO_INDEXES:
        raise ApiError(404, "GET", f"indexes get: not found: {prefix}")
    if len(call.parts) == 3:
        return _one_index(call, prefix, call.parts[2])
    return reply({name: index.document() for name, index in _index_map(call, prefix).items()})


def _one_index(call: Call, prefix: str, name: str) -> BufferedResponse:
    absent = ApiError(404, "GET", f"index get: not found: {prefix}/{name}")
    index = _index_map(call, prefix).get(name)
    if index:
        # the real server forgets to return after the index: an error document follows it
        answer = reply(index.document())
        answer.body += dumps(absent.document())
        return answer
    models = call.server.server_profile.models
    if prefix in models and models[prefix].has_params and call.server.store.get("params", name):
        return reply({"Type": "parameter", "Unique": False})
    raise absent


def logs(call: Call) -> ApiResponse:
    if call.method != "GET" or len(call.parts) > 1:
        raise call.no_route()
    return reply(list(call.server.logs.lines))


def prefs(call: Call) -> ApiResponse:
    if len(call.parts) > 1:
        raise call.no_route()
    if call.method == "GET":
        return reply(call.server.prefs.all())
    if call.method != "POST":
        raise call.no_route()
    # there is no such scope: everyone may
    call.require("prefs", "post")
    wanted = call.json()
    call.server.prefs.change({} if wanted is None else wanted, call.principal)
    return reply(call.server.prefs.all(), 201)


def meta(call: Call) -> ApiResponse:
    if len(call.parts) < 3 or call.method not in ("GET", "PATCH"):
        raise call.no_route()
    prefix, key = call.parts[1], "/".join(call.parts[2:])
    if prefix in _WITHOUT_META:
        raise bad_request(prefix, "Object type does not have metadata")
    table = call.server.store.tables.get(prefix)
    if not table or prefix == "plugin_providers":
        raise Crash("meta of what the server has no objects of")
    row = table.find(key)
    if not row or (call.method == "GET" and not call.may(prefix, "get", auth_key(row))):
        raise not_found(call.method, prefix, key)
    if call.method == "GET":
        return reply(row.data["Meta"])
    ops = parse_ops(call)
    require_ops(call, prefix, auth_key(row), ops, "/Meta")
    return reply(patch_member(call, row, key, "Meta", ops, STRING_MAP))


def interfaces(call: Call) -> ApiResponse:
    if call.method != "GET" or len(call.parts) > 2:
        raise call.no_route()
    found = host_interfaces()
    if len(call.parts) == 1:
        return reply(found if call.may("interfaces", "list") else [])
    for entry in found:
        if entry["Name"] == call.parts[1] and call.may("interfaces", "get", entry["Name"]):
            return reply(entry)
    raise not_found("GET", "interfaces", call.parts[1])
