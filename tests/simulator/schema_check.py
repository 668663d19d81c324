# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which JSON schemas the server takes: more than draft 4 allows, and some of drafts 6 and 7."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES = {"array", "boolean", "integer", "number", "null", "object", "string"}
_WITHIN_LIST = ("oneOf", "anyOf", "allOf")
_WITHIN_MAP = ("properties", "patternProperties", "definitions")
_WITHIN = (
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "additionalItems",
    "additionalProperties",
)
_PAIRS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minProperties", "maxProperties"))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _pattern(value: Any) -> bool:
    try:
        re.compile(value)
    except (re.error, TypeError):
        return False
    return True


def _type(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(entry, str) for entry in value)
    return isinstance(value, str) and value in _TYPES


def _distinct_texts(value: Any) -> bool:
    return (
        isinstance(value, list) and all(isinstance(v, str) for v in value) and len(set(value)) == len(value)
    )


def _distinct(value: Any) -> bool:
    return isinstance(value, list) and len({repr(v) for v in value}) == len(value)


_FORMS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("title", "description", "id", "$id", "$ref"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("minimum", "maximum"), _number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _count),
    **dict.fromkeys(("minProperties", "maxProperties"), _count),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum"), lambda value: isinstance(value, bool) or _number(value)
    ),
    **dict.fromkeys(_WITHIN_LIST, lambda value: isinstance(value, list)),
    **dict.fromkeys(_WITHIN_MAP, lambda value: isinstance(value, dict)),
    "type": _type,
    "multipleOf": lambda value: _number(value) and value > 0,
    "pattern": _pattern,
    "patternProperties": lambda value: isinstance(value, dict) and all(map(_pattern, value)),
    "required": _distinct_texts,
    "uniqueItems": lambda value: isinstance(value, bool),
    "enum": _distinct,
    "dependencies": lambda value: isinstance(value, dict),
}


def schema_problem(schema: Any) -> str:
    """Why the server does not take it for a schema, or an empty text."""
    return next(_problems(schema, schema), "")


def _problems(schema: Any, root: Any) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield "Invalid type. Expected: schema"
        return
    for name, fits in _FORMS.items():
        if name in schema and not fits(schema[name]):
            yield f"Invalid schema: {name} cannot be {schema[name]!r}"
    yield from _pair_problems(schema)
    if isinstance(schema.get("$ref"), str) and not _leads_somewhere(schema["$ref"], root):
        yield f"Object has no key '{schema['$ref']}'"
        return
    for below in _below(schema):
        yield from _problems(below, root)


def _pair_problems(schema: dict[str, Any]) -> Iterator[str]:
    for least, most in _PAIRS:
        if least in schema and most in schema and schema[least] > schema[most]:
            yield f"{least} cannot be greater than {most}"
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(exclusive), bool) and bound not in schema:
            yield f"{exclusive} cannot be used without {bound}"


def _below(schema: dict[str, Any]) -> Iterator[Any]:
    """The schemas inside of it."""
    for name in _WITHIN_LIST:
        yield from schema.get(name) or []
    for name in _WITHIN_MAP:
        yield from (schema.get(name) or {}).values()
    yield from (schema[name] for name in _WITHIN if name in schema)
    items = schema.get("items", [])
    yield from items if isinstance(items, list) else [items]
    for needs in (schema.get("dependencies") or {}).values():
        if not _distinct_texts(needs):
            yield needs


def _leads_somewhere(reference: str, root: Any) -> bool:
    """Only references into the same document are followed; the rest would need a network."""
    if not reference.startswith("#"):
        return False
    found = root
    for part in reference.lstrip("#").split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or part not in found:
            return False
        found = found[part]
    return True
