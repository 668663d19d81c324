# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 adds to lists: In, Nin and Re, projection of params, decoding, and the count of all matches."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..call import Call
from ..filters import Parse, select
from ..indexes import BadValue
from ..models import Model
from ..store import Row
from ..wire import Obj, dumps

_SLIM = {"meta": "Meta", "params": "Params"}

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
        text = value[1] if isinstance(value, tuple) else value
        return isinstance(text, str) and pattern.search(text) is not None

    return test


OPERATORS = {"In": _one_of, "Nin": _none_of, "Re": _matching}


def project(call: Call, row: Row) -> bytes:
    """The object as ``slim``, ``params`` and ``decode`` of the query want it."""
    data = row.model.public(row.data)
    changed: Obj = {}
    if "Params" in data:
        values = data["Params"]
        if call.flag("decode"):
            call.require(row.model.prefix, "getSecure", row.key)
            values = call.server.params.decode((row.model.prefix, row.key), values)
        if wanted := call.option("params"):
            values = {name: values[name] for name in wanted.split(",") if name in values}
            changed["Partial"] = True
        changed["Params"] = values
    for word in call.option("slim").lower().split(","):
        if (member := _SLIM.get(word.strip())) and member in data:
            changed |= {member: {}, **({"Partial": True} if "Partial" in data else {})}
    known = {name: value for name, value in changed.items() if name in data}
    return dumps({**data, **known}) if any(data[name] != value for name, value in known.items()) else row.text


def matches(call: Call, model: Model) -> int:
    """How many objects the filters select, whatever page of them was asked for."""
    query = [(name, value) for name, value in call.query if name not in ("limit", "offset", "sort")]
    return len(select(call.server, model, query, call.method)) if call.may(model.prefix, "list") else 0
