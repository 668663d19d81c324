# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the routes of several kinds of objects share."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import bad_request, not_found
from ..go_types import DecodeError
from ..models import Model
from ..patch import BadPatch, Op, parse
from ..store import Row, Table
from ..wire import Obj


def find(call: Call, table: Table, asked: str) -> Row:
    """The object that a path names; absent and forbidden look the same to GET."""
    model = table.model
    row = table.find(asked)
    hidden = call.method == "GET" and row and not call.may(model.prefix, "get", auth_key(row))
    if not row or hidden:
        raise not_found(call.method, model.prefix, model.asked_key(asked))
    return row


def auth_key(row: Row) -> str:
    """What the specific part of a claim is compared with: jobs belong to their machine."""
    return row.data["Machine"] if row.model.prefix == "jobs" else row.key


def decoded(call: Call, model: Model, value: Any) -> Obj:
    try:
        return model.decode({} if value is None else value)
    except DecodeError as problem:
        raise bad_request(call.method, str(problem)) from None


def parse_ops(call: Call) -> list[Op]:
    try:
        return parse(call.json())
    except BadPatch as problem:
        raise bad_request("PATCH", str(problem)) from None


def require_ops(call: Call, scope: str, specific: str, ops: list[Op], below: str = "") -> None:
    """Each op needs a claim on what it writes; a move also on what it takes away."""
    for op in ops:
        if op.op != "test":
            call.require(scope, f"update:{below}{op.path}", specific)
            if op.op == "move":
                call.require(scope, f"update:{below}{op.source}", specific)
