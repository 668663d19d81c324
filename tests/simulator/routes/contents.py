# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content packs: the layers of the store as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import layers
from ..call import ApiResponse, Call, no_content, reply
from ..errors import ApiError, bad_request, invalid, not_found
from ..go_types import ANY_MAP, DecodeError, MapOf
from ..models import raw_model
from ..store import WRITABLE, Layer
from ..wire import Obj, dumps

if TYPE_CHECKING:
    from ..server import Server

_SECTIONS = MapOf(ANY_MAP)
_LOCAL = "LocalStore"
_LONGEST_FILE = 250


def handle(call: Call) -> ApiResponse:
    if len(call.parts) == 1:
        if call.method == "GET":
            call.require("contents", "list")
            return reply([_summary(call.server, name) for name in _names(call.server)])
        if call.method == "POST":
            return _create(call)
    elif len(call.parts) == 2 and call.parts[1]:
        name = call.parts[1]
        match call.method:
            case "GET":
                return _get(call, name)
            case "PUT":
                return _replace(call, name)
            case "DELETE":
                return _delete(call, name)
    raise call.no_route()


def _names(server: Server) -> list[str]:
    """Layers from the strongest to the weakest, as lists show them."""

    def of(kind: str) -> list[str]:
        return sorted(layer.name for layer in server.store.layers.values() if layer.type == kind)

    return [WRITABLE, _LOCAL, *of("dynamic"), *of("default"), *of("plugin"), *of("basic")]


def _meta(server: Server, name: str) -> Obj:
    layer = server.store.layers.get(name)
    given = layer.meta if layer else {"Name": name, "Description": f"{name}: the server's own objects"}
    kinds = {WRITABLE: "writable", _LOCAL: "local"}
    known = server.server_profile.content_meta
    return {
        **known.decode({k: v for k, v in given.items() if k in known.fields}),
        "Type": layer.type if layer else kinds[name],
        "Writable": name == WRITABLE,
        "Overwritable": bool(layer and layer.type in ("default", "basic")),
    }


def _sections(server: Server, name: str) -> dict[str, dict[str, Obj]]:
    layer = server.store.layers.get(name)
    if layer:
        return layer.sections
    if name != WRITABLE:
        return {}
    tables = server.store.tables.items()
    found = {prefix: {row.key: row.data for row in table if not row.read_only} for prefix, table in tables}
    return {prefix: rows for prefix, rows in found.items() if rows and prefix != "plugin_providers"}


def _summary(server: Server, name: str, *, warnings: bool = False) -> Obj:
    counts = {prefix: len(rows) for prefix, rows in _sections(server, name).items()}
    found = layers.warnings(server) if warnings else []
    return {"meta": _meta(server, name), "Counts": counts, "Warnings": found}


def _get(call: Call, name: str) -> ApiResponse:
    if name not in _names(call.server) or not call.may("contents", "get", name):
        raise not_found("GET", "contents", name, "No such content store")
    server = call.server
    sections = {
        prefix: {key: _complete(server, prefix, obj) for key, obj in objects.items()}
        for prefix, objects in _sections(server, name).items()
    }
    return reply({"meta": _meta(server, name), "sections": sections})


def _complete(server: Server, prefix: str, obj: Obj) -> Obj:
    """The object with all its members, not yet judged."""
    table = server.store.tables.get(prefix)
    model = table.model if table else raw_model(prefix)
    data = model.decode({} if obj is None else obj)
    server.server_profile.rules(prefix).fill(data)
    # nobody fills those of workflows
    errors = None if prefix == "workflows" else []
    fresh: Obj = {"Validated": False, "Available": False, "Errors": errors}
    return model.public({**data, **{k: v for k, v in fresh.items() if k in model.struct.fields}})


def _document(call: Call) -> tuple[Obj, dict[str, dict[str, Obj]]]:
    """(meta, sections) of the body."""
    body = call.json()
    body = {} if body is None else body
    if not isinstance(body, dict):
        raise bad_request(call.method, "json: cannot unmarshal value into Go value of type models.Content")
    folded: dict[str, Any] = {key.lower(): value for key, value in body.items()}
    try:
        meta = call.server.server_profile.content_meta.decode(folded.get("meta") or {})
        sections = _SECTIONS.decode(folded.get("sections") or {}, "Content.sections")
    except DecodeError as problem:
        raise bad_request(call.method, str(problem)) from None
    return meta, sections


def _file_problem(meta: Obj) -> str:
    """Why the pack cannot become a file: that bears its name and version, and a mark while it is written."""
    path = f"{meta['Name']}-{meta['Version']}.yaml"
    return f"open {path}: file name too long" if len(path.encode()) > _LONGEST_FILE else ""


def _check(server: Server, meta: Obj) -> None:
    if not meta["Name"]:
        raise ApiError(422, "STORE_ERROR", "Content Store must have a name", model="contents")
    have = {feature.lower() for feature in server.server_profile.features}
    for wanted in filter(None, (part.strip() for part in meta["RequiredFeatures"].split(","))):
        if wanted.lower() not in have:
            message = f"dr-provision missing required feature {wanted}"
            raise ApiError(422, "STORE_ERROR", message, model="contents")


def _install(call: Call, layer: Layer) -> None:
    asked = call.flag("replaceWritable") and call.server.server_profile.replaces_writable
    layers.install(call.server, layer, replace_writable=asked)


def _create(call: Call) -> ApiResponse:
    meta, sections = _document(call)
    name = meta["Name"]
    call.require("contents", "create", name)
    if name in _names(call.server):
        raise ApiError(409, "POST", f"Content {name} already exists", model="contents", key=name)
    if problem := _file_problem(meta):
        raise ApiError(500, "POST", problem, model="contents", key=name)
    _check(call.server, meta)
    try:
        _install(call, Layer(name, "dynamic", meta, sections))
    except layers.KeyClash as clash:
        raise invalid(
            "", "", ["\n".join(["New layer violates key restrictions:", *clash.problems])]
        ) from None
    except layers.LoadError as failure:
        raise ApiError(500, "Failed to load backing objects from cache", *failure.problems) from None
    return _done(call, name, "create", 201)


def _replace(call: Call, name: str) -> ApiResponse:
    meta, sections = _document(call)
    call.require("contents", "update", name)
    if meta["Name"] != name:
        message = f"Cannot change name from {name} to {meta['Name']}"
        raise bad_request("PUT", message, model="contents", key=name)
    layer = call.server.store.layers.get(name)
    # assumption: the server's own layers cannot be replaced
    if not layer or layer.type != "dynamic":
        raise not_found("PUT", "contents", name, f"Cannot find {name}")
    if problem := _file_problem(meta):
        raise ApiError(500, "PUT", "Failed to build content", problem, model="contents", key=name)
    _check(call.server, meta)
    try:
        _install(call, Layer(name, "dynamic", meta, sections))
    except layers.KeyClash as clash:
        message = "\n".join(["New layer violates key restrictions:", *clash.problems])
        raise ApiError(500, "PUT", message, model="contents", key=name) from None
    except layers.LoadError as failure:
        raise ApiError(500, "PUT", *failure.problems, model="contents", key=name) from None
    return _done(call, name, "update", 200)


def _done(call: Call, name: str, action: str, status: int) -> ApiResponse:
    summary = _summary(call.server, name, warnings=True)
    call.server.stats.changes += 1
    call.server.bus.publish("contents", action, name, call.principal, lambda: dumps(summary))
    return reply(summary, status)


def _delete(call: Call, name: str) -> ApiResponse:
    if name not in _names(call.server):
        raise not_found("DELETE", "contents", name, "No such content store")
    call.require("contents", "delete", name)
    summary, layer = _summary(call.server, name), call.server.store.layers.get(name)
    # the built-in layers accept the request and stay
    if layer and layer.type == "dynamic":
        layers.uninstall(call.server, name)
        call.server.stats.changes += 1
    call.server.bus.publish("contents", "delete", name, call.principal, lambda: dumps(summary))
    return no_content()
