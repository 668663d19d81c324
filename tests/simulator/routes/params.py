# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The /params and /pubkey routes of machines, profiles, plugins and plugin-defined types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import objects
from ..call import ApiResponse, BufferedResponse, Call, reply
from ..errors import ApiError, bad_request
from ..go_types import ANY, ANY_MAP, DecodeError, GoType
from ..patch import Op, PatchConflict, apply
from ..store import Row, Table
from ..wire import Obj
from .common import find, parse_ops, require_ops

if TYPE_CHECKING:
    from ..params import Params


def handle(call: Call, table: Table, asked: str, name: str | None) -> ApiResponse:
    if call.method in ("POST", "PATCH"):
        call.json()
    row = find(call, table, asked)
    match call.method:
        case "GET":
            return _get(call, row, asked, name)
        case "POST":
            return _set_all(call, row, asked) if name is None else _set_one(call, row, asked, name)
        case "PATCH" if name is None:
            return _patch(call, row, asked)
        case "DELETE":
            return _delete(call, row, asked, name or "")
    raise call.no_route()


def public_key(call: Call, table: Table, asked: str) -> BufferedResponse:
    row = find(call, table, asked)
    call.require(row.model.prefix, "updateSecure", asked)
    return reply(call.server.params.keys.public((row.model.prefix, row.key)))


def _get(call: Call, row: Row, asked: str, name: str | None) -> BufferedResponse:
    params: Params = call.server.params
    decode, aggregate = call.flag("decode"), call.flag("aggregate")
    call.require(row.model.prefix, "get", asked)
    if decode:
        call.require(row.model.prefix, "getSecure", asked)
    if name is not None:
        return reply(params.lookup(row, name, aggregate=aggregate, decode=decode)[1])
    if aggregate:
        return reply(params.aggregate(row, decode=decode))
    values = row.data["Params"]
    return reply(params.decode((row.model.prefix, row.key), values) if decode else values)


def _set_all(call: Call, row: Row, asked: str) -> BufferedResponse:
    call.require(row.model.prefix, "update:/Params", asked)
    values = _decoded(call, call.json(), ANY_MAP)
    stored = write_member(call, row, asked, "Params", values or {})
    return reply(stored.data["Params"]) if values is not None else BufferedResponse()


def _set_one(call: Call, row: Row, asked: str, name: str) -> BufferedResponse:
    call.require(row.model.prefix, f"update:/Params/{name.replace('/', '~1')}", asked)
    value = _decoded(call, call.json(), ANY)
    write_member(call, row, asked, "Params", {**row.data["Params"], name: value})
    return reply(value)


def _decoded(call: Call, value: Any, kind: GoType) -> Any:
    try:
        return None if value is None else kind.decode(value, "")
    except DecodeError as problem:
        raise bad_request(call.method, str(problem)) from None


def _delete(call: Call, row: Row, asked: str, name: str) -> BufferedResponse:
    call.require(row.model.prefix, f"update:/Params/{name.replace('/', '~1')}", asked)
    values = dict(row.data["Params"])
    if name not in values:
        raise ApiError(404, "DELETE", "Not Found", model="params", key=name)
    value = values.pop(name)
    write_member(call, row, asked, "Params", values)
    return reply(value)


def _patch(call: Call, row: Row, asked: str) -> BufferedResponse:
    ops = parse_ops(call)
    require_ops(call, row.model.prefix, asked, ops, "/Params")
    values = patch_member(call, row, asked, "Params", ops, ANY_MAP)
    return BufferedResponse() if values is None else reply(values)


def patch_member(call: Call, row: Row, asked: str, member: str, ops: list[Op], kind: GoType) -> Obj | None:
    """Patch one map of an object (Params, Meta); what it is patched to."""
    prefix = row.model.prefix
    try:
        values = apply(row.copy()[member], ops)
    except PatchConflict as problem:
        where = f"Patch failed to apply at line {problem.line}"
        raise ApiError(409, "PATCH", where, problem.why, model=prefix, key=asked) from None
    try:
        values = None if values is None else kind.decode(values, member)
    except DecodeError as problem:
        raise ApiError(409, "PATCH", str(problem), model=prefix, key=asked) from None
    write_member(call, row, asked, member, values or {})
    return values


def write_member(call: Call, row: Row, asked: str, member: str, value: Obj) -> Row:
    """A normal update of the owner; whatever is wrong with it is a conflict here."""
    new = row.copy()
    new[member] = value
    try:
        return objects.update(call.server, row, new, call.principal, method=call.method, force=row.forced)
    except ApiError as problem:
        raise ApiError(409, call.method, *problem.messages, model=row.model.prefix, key=asked) from None
