# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List queries: filters, sorting, paging and slimming."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from types import NoneType
from typing import TYPE_CHECKING, Any

from .errors import ApiError, Crash
from .indexes import BadValue
from .models import Model
from .schemas import compile_schema
from .store import Row
from .wire import Obj, dumps

if TYPE_CHECKING:
    from .server import Server
    from .server_profile import ServerProfile

OPERATORS = ("Eq", "Lt", "Lte", "Gt", "Gte", "Ne", "Between", "Except")
_RANGES = ("Between", "Except")
# members that a `slim` word empties
_SLIM = {"meta": "Meta", "params": "Params"}

Read = Callable[[Row], Any]
Parse = Callable[[str], Any]


class _Refused(Exception):
    """The query cannot be answered (406)."""


def select(server: Server, model: Model, query: list[tuple[str, str]], method: str) -> list[Row]:
    """The rows a list request asks for, in order."""
    try:
        rows = _filtered(server, model, query)
        for name, value in query:
            if name == "sort":
                rows = _sorted(model, rows, value)
        if any(name == "reverse" for name, _ in query):
            rows.reverse()
        return _page(rows, query)
    except (_Refused, BadValue) as problem:
        raise ApiError(406, method, str(problem), model=model.prefix) from None


def slimmed(row: Row, query: Iterable[tuple[str, str]]) -> bytes:
    """The object's JSON, some maps emptied when the query says so."""
    words = {word.strip().lower() for name, value in query if name == "slim" for word in value.split(",")}
    emptied: Obj = {_SLIM[word]: {} for word in words if _SLIM.get(word) in row.data}
    return dumps({**row.model.public(row.data), **emptied}) if emptied else row.text


def _filtered(server: Server, model: Model, query: list[tuple[str, str]]) -> list[Row]:
    rows = list(server.store[model.prefix])
    wanted: dict[str, list[str]] = {}
    for name, value in query:
        if name not in server.server_profile.list_parameters:
            wanted.setdefault(name, []).append(value)
    repeated = False
    for name, values in wanted.items():
        read, parse = _subject(server, model, name)
        tests = [_test(server.server_profile, parse, value) for value in values]
        values_of = [(row, read(row)) for row in rows]
        # alternatives for one name may return an object twice
        rows = [row for test in tests for row, value in values_of if test(value)]
        repeated = repeated or len(tests) > 1
    if repeated:
        rows.sort(key=lambda row: row.key)
    return rows


def _subject(server: Server, model: Model, name: str) -> tuple[Read, Parse]:
    """How to read what a filter name means from a row, and how to parse its values."""
    index = model.indexes.get(name)
    if index:
        return (lambda row: index.value(row.data)), index.parse
    if model.has_params and (param := server.store.get("params", name)):
        return _param_subject(server, param)
    if name.startswith("Meta."):
        key = name.removeprefix("Meta.")
        return (lambda row: row.data["Meta"].get(key, "")), str
    raise _Refused(f"Filter not found: {name}")


def _param_subject(server: Server, param: Row) -> tuple[Read, Parse]:
    schema = param.data["Schema"]
    kind = schema.get("type") if isinstance(schema, dict) else None
    check = compile_schema(schema)

    def parse(text: str) -> Any:
        try:
            value = json.loads(text)
        except ValueError as problem:
            if kind == "string":
                return (1, text)
            raise _Refused(f"invalid character: {problem}") from None
        if reasons := check(value):
            raise _Refused(reasons[0])
        return _param_key(value)

    def read(row: Row) -> Any:
        found, value = server.params.lookup(row, param.key, decode=True)
        if kind == "boolean" and not found:
            return _param_key(False)
        return _param_key(value) if found else (0, "")

    return read, parse


def _param_key(value: Any) -> Any:
    """Only strings and booleans compare; of the rest one value is like another and matches nothing."""
    return (1, value if isinstance(value, (str, bool)) else None)


def _test(server_profile: ServerProfile, parse: Parse, text: str) -> Callable[[Any], bool]:
    operator, argument = _operator(server_profile, text)
    if operator in server_profile.extra_operators:
        return server_profile.extra_operators[operator](parse, argument)
    if operator in _RANGES:
        low_text, comma, high_text = argument.partition(",")
        if not comma:
            raise Crash("a range without a comma")
        low, high = parse(low_text), parse(high_text)
        inside = operator == "Between"
        return lambda value: _comparable(value, low, high) and (low <= value <= high) == inside
    bound = parse(argument)
    comparisons: dict[str, Callable[[Any], bool]] = {
        "Eq": lambda value: value == bound,
        "Ne": lambda value: value != bound,
        "Lt": lambda value: value < bound,
        "Lte": lambda value: value <= bound,
        "Gt": lambda value: value > bound,
        "Gte": lambda value: value >= bound,
    }
    compare = comparisons[operator]
    return lambda value: _comparable(value, bound) and compare(value)


def _comparable(*keys: Any) -> bool:
    value, *bounds = keys
    if not isinstance(value, tuple) or not any(_of_param(key) for key in keys):
        return True
    # values of a param need not be of one type
    kind = type(value[1]) if _of_param(value) else None
    if kind in (str, bool) and any(_of_param(bound) and type(bound[1]) is not kind for bound in bounds):
        raise Crash("a comparison of different types")
    return kind is not NoneType and not any(bound == (1, None) for bound in bounds)


def _of_param(key: Any) -> bool:
    return (
        isinstance(key, tuple) and len(key) == 2 and key[0] == 1 and isinstance(key[1], (str, bool, NoneType))
    )


def _operator(server_profile: ServerProfile, text: str) -> tuple[str, str]:
    known = (*OPERATORS, *server_profile.extra_operators)
    if text in known:
        raise Crash("a bare operator word")
    name, bracket, rest = text.partition("(")
    if bracket and name in known:
        return name, rest.partition(")")[0]
    return "Eq", text


def _sorted(model: Model, rows: list[Row], name: str) -> list[Row]:
    index = model.indexes.get(name)
    if not index:
        raise _Refused(f"Not sortable: {name}")
    return sorted(rows, key=lambda row: index.value(row.data))


def _page(rows: list[Row], query: list[tuple[str, str]]) -> list[Row]:
    offset = _count("offset", query)
    limit = _count("limit", query)
    start = offset or 0
    return rows[start:] if limit is None else rows[start : start + limit]


def _count(name: str, query: list[tuple[str, str]]) -> int | None:
    text = next((value for key, value in query if key == name), None)
    if text is None:
        return None
    title = name.capitalize()
    try:
        count = int(text)
    except ValueError:
        raise _Refused(f'{title} not valid: strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if count < 0:
        raise _Refused(f"{title} cannot be negative")
    return count
