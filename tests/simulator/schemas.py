# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema (draft 4) checks of param values, with a shortcut for the many one-type schemas."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from .schema_formats import FORMATS
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


def compile_schema(schema: Any) -> Check:
    if schema is None or schema is True or schema == {}:
        return lambda value: []
    if not isinstance(schema, dict):
        return lambda value: ["nothing is allowed"]
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _SIMPLE and not schema.keys() - _SILENT:
        return _simple(kind)
    # booleans for exclusive bounds are draft 4, numbers are younger; the server knows both
    kind_of = Draft4Validator if _has_boolean_bounds(schema) else Draft7Validator
    validator = kind_of(schema, registry=_NO_REMOTE, format_checker=FORMATS)

    def check(value: Any) -> list[str]:
        try:
            return [message for error in validator.iter_errors(value) for message in _told(error)]
        except (Unresolvable, re.error) as problem:
            return [str(problem)]

    return check


def _has_boolean_bounds(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_boolean_bounds, schema))
    if not isinstance(schema, dict):
        return False
    bounds = (schema.get(name) for name in ("exclusiveMinimum", "exclusiveMaximum"))
    return any(isinstance(b, bool) for b in bounds) or any(map(_has_boolean_bounds, schema.values()))


# assumption: how many messages a value gets that fails within allOf, then, else or contains
def _told(error: ValidationError) -> list[str]:
    """What the server says of it: where nothing fits, also what is wrong with the best choice."""
    reasons = [_text(error)]
    if error.validator in ("oneOf", "anyOf") and error.context:
        groups: dict[Any, list[str]] = {}
        for inner in error.context:
            groups.setdefault(inner.schema_path[0], []).append(inner.message)
        reasons += min(groups.values(), key=len)
    elif error.validator == "contains":
        reasons.append("none of the items fits")
    elif {"then", "else", "allOf"} & set(error.absolute_schema_path):
        reasons.append("Must validate the condition")
    return reasons


def _simple(kind: str) -> Check:
    types = _SIMPLE[kind]

    def check(value: Any) -> list[str]:
        good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        return [] if good else [f"Invalid type. Expected: {kind}, given: {type(value).__name__}"]

    return check


def _text(error: ValidationError) -> str:
    if error.validator == "type" and isinstance(error.validator_value, str):
        return f"Invalid type. Expected: {error.validator_value}, given: {type(error.instance).__name__}"
    return str(error.message)


class Schemas:
    """Compiled schemas, kept as long as their param stays the same revision."""

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[Row, Check]] = {}

    def check(self, param: Row) -> Check:
        found = self._compiled.get(param.key)
        if not found or found[0] is not param:
            found = self._compiled[param.key] = (param, compile_schema(param.data["Schema"]))
        return found[1]
