# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema (draft 4) checks of param values, with a shortcut for the many one-type schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from .store import Row

Check = Callable[[Any], list[str]]

_SILENT = {"type", "default", "title", "description", "readonly", "$schema"}
_SIMPLE: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
_NO_REMOTE: Registry[Any] = Registry()


def schema_problem(schema: Any) -> str:
    """Why it is no schema, or an empty text."""
    if not isinstance(schema, dict):
        return "Invalid schema: schema must be an object"
    try:
        Draft4Validator.check_schema(schema)
    except SchemaError as problem:
        return f"Invalid schema: {problem.message}"
    return ""


def compile_schema(schema: Any) -> Check:
    if not isinstance(schema, dict) or not schema:
        return lambda value: []
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _SIMPLE and not schema.keys() - _SILENT:
        return _simple(kind)
    validator = Draft4Validator(schema, registry=_NO_REMOTE)

    def check(value: Any) -> list[str]:
        try:
            return [error.message for error in validator.iter_errors(value)]
        except (Unresolvable, re.error) as problem:
            return [str(problem)]

    return check


def _simple(kind: str) -> Check:
    types = _SIMPLE[kind]

    def check(value: Any) -> list[str]:
        good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return [] if good else [f"Invalid type. Expected: {kind}, given: {type(value).__name__}"]

    return check


class Schemas:
    """Compiled schemas, kept as long as their param stays the same revision."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[Row, Check]] = {}

    def check(self, param: Row) -> Check:
        found = self._compiled.get(param.key)
        if not found or found[0] is not param:
            found = self._compiled[param.key] = (param, compile_schema(param.data["Schema"]))
        return found[1]
