# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 adds to lists: In, Nin and Re, projection of params, decoding, and the count of all matches."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..call import Call
from ..errors import invalid
from ..filters import Parse, select
from ..indexes import BadValue
from ..models import Model
from ..render import Rendering
from ..store import Row
from ..wire import Obj, dumps
from .values import AnyOf

_SLIM = {"meta": "Meta", "params": "Params"}
_COMPUTED = (
    "Validated", "Available", "Errors", "ReadOnly", "Endpoint", "Bundle", "Partial", "CreatedAt", "CreatedBy",
    "LastModifiedAt", "LastModifiedBy",
)  # fmt: skip

Test = Callable[[Any], bool]


def _one_of(parse: Parse, argument: str) -> Test:
    wanted = [parse(part) for part in argument.split(",")]
    return lambda value: value in wanted


def _none_of(parse: Parse, argument: str) -> Test:
    among = _one_of(parse, argument)
    return lambda value: not among(value)


def _matching(parse: Parse, argument: str) -> Test:
    try:
        pattern = re.compile(argument)
    except re.error as problem:
        raise BadValue(f"error parsing regexp: {problem}") from None

    def test(value: Any) -> bool:
        # the values of a param come in pairs, see filters.py of v3.12
        texts = value.items if isinstance(value, AnyOf) else [value[1] if isinstance(value, tuple) else value]
        return any(isinstance(text, str) and pattern.search(text) is not None for text in texts)

    return test


OPERATORS = {"In": _one_of, "Nin": _none_of, "Re": _matching}


def project(call: Call, row: Row) -> bytes:
    """The object as ``aggregate``, ``decode``, ``params``, ``slim`` and ``reduced`` of the query want it."""
    data = row.model.public(row.data)
    changed = _params(call, row) if "Params" in data else {}
    slimmed = {word.strip().lower() for word in call.option("slim").split(",")}
    for member in (_SLIM[word] for word in slimmed & _SLIM.keys() if _SLIM[word] in data):
        changed |= {member: {}, **({"Partial": True} if "Partial" in data else {})}
    # assumption: maps come back empty as on v3.12, and any other member is left out, in any letter case
    removed = {name for name in data if name.lower() in slimmed - _SLIM.keys()}
    known = {name: value for name, value in changed.items() if name in data}
    # assumption: which members a reduced object lacks
    left_out = {*removed, *(_COMPUTED if call.flag("reduced") else ())}
    if not left_out and all(data[name] == value for name, value in known.items()):
        return row.text
    return dumps({name: value for name, value in {**data, **known}.items() if name not in left_out})


def _params(call: Call, row: Row) -> Obj:
    """What of an object's Params is to be shown, and whether that is a part of them."""
    params, owner, decode = call.server.params, (row.model.prefix, row.key), call.flag("decode")
    if decode:
        call.require(row.model.prefix, "getSecure", row.key)
    values = row.data["Params"]
    if call.flag("aggregate"):
        values = params.aggregate(row, decode=decode)
    elif decode:
        values = params.decode(owner, values)
    if call.flag("expand"):
        values = _expanded(call, row, values)
    wanted = call.option("params")
    if not wanted:
        return {"Params": values}
    return {"Params": {name: values[name] for name in wanted.split(",") if name in values}, "Partial": True}


def _expanded(call: Call, row: Row, values: Obj) -> Obj:
    """The values with the template expressions in their texts expanded, as for a task of the object."""
    # assumption: also in lists and maps; an object that runs no tasks has nothing that they could name
    runs = row.model.prefix in call.server.server_profile.runners
    rendering = Rendering(call.server, row if runs else None, None, [])
    expanded: Obj = {name: _expand(rendering, value) for name, value in values.items()}
    if rendering.problems:
        raise invalid(row.model.prefix, row.key, rendering.problems)
    return expanded


def _expand(rendering: Rendering, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _expand(rendering, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_expand(rendering, inner) for inner in value]
    if not isinstance(value, str) or "{{" not in value:
        return value
    return rendering.content({"ID": "", "Name": "expand", "Path": "", "Contents": value})


def matches(call: Call, model: Model) -> int:
    """How many objects the filters select, whatever page of them was asked for."""
    query = [(name, value) for name, value in call.query if name not in ("limit", "offset", "sort")]
    return len(select(call.server, model, query, call.method)) if call.may(model.prefix, "list") else 0
