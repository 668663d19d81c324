# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List, create, get, patch, put and delete: the standard routes of a model."""

from __future__ import annotations

from .. import objects
from ..call import ApiResponse, BufferedResponse, Call, reply_text
from ..errors import ApiError, Crash, bad_request, not_found
from ..filters import select
from ..go_types import DecodeError
from ..models import Model
from ..patch import PatchConflict, apply, same
from ..store import Row, Table
from ..wire import Obj
from . import actions, params
from .common import auth_key, decoded, find, parse_ops, require_ops

_LICENSED = ("roles", "tenants")


def handle(call: Call) -> ApiResponse:
    table = call.server.store.tables.get(call.parts[0])
    if not table or table.model.prefix in ("preferences", "interfaces"):
        raise call.no_route()
    if len(call.parts) == 1:
        return _collection(call, table)
    return _item(call, table, call.parts[1:])


def _collection(call: Call, table: Table) -> ApiResponse:
    if call.method in ("GET", "HEAD"):
        return listing(call, table)
    if call.method == "POST" and table.model.writable:
        return _create(call, table.model)
    raise call.no_route()


def _item(call: Call, table: Table, rest: list[str]) -> ApiResponse:
    model = table.model
    if model.prefix == "params":
        rest = ["/".join(rest)]
    key, *below = rest
    if not below:
        return item(call, table, key)
    if below[0] == "params" and model.has_params:
        return params.handle(call, table, key, "/".join(below[1:]) if below[1:] else None)
    if below == ["pubkey"] and model.has_params and call.method == "GET":
        return params.public_key(call, table, key)
    if below[0] == "actions" and len(below) <= 2 and model.prefix not in ("params", "jobs"):
        return actions.handle(call, table, key, below[1:])
    raise call.no_route()


def item(call: Call, table: Table, key: str) -> ApiResponse:
    """One object by key or unique index."""
    match call.method:
        case "GET":
            return reply_text(call.server.server_profile.shown(call, find(call, table, key)))
        case "HEAD":
            find(call, table, key)
            return BufferedResponse()
        case "DELETE" if table.model.writable or table.model.prefix == "leases":
            return _delete(call, table, key)
    if not table.model.writable:
        raise call.no_route()
    if call.method == "PATCH":
        return _patch(call, table, key)
    if call.method == "PUT":
        return _put(call, table, key)
    raise call.no_route()


def listing(call: Call, table: Table) -> BufferedResponse:
    model = table.model
    visible = call.may(model.prefix, "list")
    rows = select(call.server, model, call.query, call.method) if visible else []
    headers = {
        "X-DRP-LIST-TOTAL-COUNT": str(table.size if visible else 0),
        "X-DRP-LIST-COUNT": str(len(rows)),
        **call.server.server_profile.count_headers(call, model),
    }
    if call.method == "HEAD":
        return BufferedResponse(headers=headers)
    texts = [call.server.server_profile.shown(call, row) for row in rows]
    answer = reply_text(b"[" + b",".join(texts) + b"]")
    answer.headers = headers if model.counted else {}
    return answer


def _refuse_unlicensed(call: Call, model: Model, action: str) -> None:
    if model.prefix in _LICENSED and not call.server.server_profile.licensed:
        why = "is a licensed enterprise feature.  Contact support@rackn.com"
        raise call.forbidden(f"{model.prefix} {action} {why}")


def _create(call: Call, model: Model) -> BufferedResponse:
    value = call.json()
    if value is None and model.prefix == "machines":
        raise Crash("a machine without a body")
    obj = decoded(call, model, value)
    call.require(model.prefix, "create")
    _refuse_unlicensed(call, model, "create")
    row = objects.create(call.server, model, obj, call.principal)
    return reply_text(row.text, 201)


def _delete(call: Call, table: Table, key: str) -> BufferedResponse:
    row = find(call, table, key)
    call.require(table.model.prefix, "delete", auth_key(row))
    _refuse_unlicensed(call, table.model, "delete")
    objects.remove(call.server, row, call.principal)
    return reply_text(row.text)


def _patch(call: Call, table: Table, key: str) -> BufferedResponse:
    ops = parse_ops(call)
    row = find(call, table, key)
    model = table.model
    require_ops(call, model.prefix, auth_key(row), ops)
    _refuse_unlicensed(call, model, "update")
    try:
        # an empty hash is left out of what is patched
        document = {k: v for k, v in row.copy().items() if v or k not in model.hidden}
        patched = apply(document, ops)
    except PatchConflict as problem:
        where = f"Patch error at line {problem.line}: {problem.why}"
        raise ApiError(
            409, "PATCH", where, f"Patch line: {problem.op.text()}", model=model.prefix, key=row.key
        ) from None
    try:
        # what has been patched is written again with its members in order
        new = model.decode(dict(sorted(patched.items())) if isinstance(patched, dict) else patched)
    except DecodeError as problem:
        raise ApiError(406, "PATCH", str(problem), model=model.prefix, key=row.key) from None
    return _store(call, row, new)


def _put(call: Call, table: Table, key: str) -> BufferedResponse:
    model = table.model
    new = decoded(call, model, call.json())
    asked, given = model.asked_key(key), model.key(new)
    if given != asked:
        message = f"Key change from {asked} to {given} not allowed"
        raise bad_request("PUT", message, model=model.prefix, key=asked)
    row = table.get(asked)
    if not row:
        raise not_found("PUT", model.prefix, asked)
    for name, value in new.items():
        if not same(value, row.data.get(name)):
            call.require(model.prefix, f"update:/{name}", auth_key(row))
    _refuse_unlicensed(call, model, "update")
    return _store(call, row, new)


def _store(call: Call, row: Row, new: Obj) -> BufferedResponse:
    force = row.model.prefix == "machines" and call.flag("force")
    # a change that was forced leaves a mark on the object, which only PUT takes away
    force = force or (call.method == "PATCH" and row.forced)
    stored = objects.update(call.server, row, new, call.principal, method=call.method, force=force)
    return reply_text(stored.text)
