# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Go's view of values: truth, printing, comparison."""

from __future__ import annotations

import json
import math
from typing import Any


class TemplateError(Exception):
    """Rendering failed."""


class GoObject:
    """A Go struct or method set: named members, callables among them are methods."""

    def __init__(self, **members: Any) -> None:
        self.members = members


def truth(value: Any) -> bool:
    return bool(value)


def text(value: Any) -> str:
    """What ``{{ value }}`` prints."""
    match value:
        case None:
            return "<no value>"
        case bool():
            return "true" if value else "false"
        case float():
            return _float(value)
        case list() | tuple():
            return "[" + " ".join(_inner(item) for item in value) + "]"
        case dict():
            return "map[" + " ".join(f"{key}:{_inner(value[key])}" for key in sorted(value)) + "]"
        case bytes():
            return value.decode()
        case GoObject():
            return "{" + " ".join(_inner(v) for v in value.members.values() if not callable(v)) + "}"
    return str(value)


def _inner(value: Any) -> str:
    return "<nil>" if value is None else text(value)


def _float(value: float) -> str:
    """%v of a float64: the shortest text, with an exponent only far from 1."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    shortest = repr(value)
    if "e" not in shortest:
        return shortest
    mantissa, exponent = shortest.split("e")
    return f"{mantissa}e{'-' if exponent.startswith('-') else '+'}{abs(int(exponent)):02d}"


def to_json(value: Any, *, indent: int | None = None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, sort_keys=True, indent=indent, separators=separators, ensure_ascii=False)


def number(value: Any) -> int | float:
    if isinstance(value, bool) or value is None:
        return int(bool(value))
    if isinstance(value, (int, float)):
        return value
    try:
        return int(str(value), 0)
    except ValueError:
        try:
            return float(str(value))
        except ValueError:
            return 0


def integer(value: Any) -> int:
    return int(number(value))


def equal(one: Any, two: Any) -> bool:
    if isinstance(one, bool) != isinstance(two, bool) or isinstance(one, str) != isinstance(two, str):
        if one is None or two is None:
            return False
        raise TemplateError("error calling eq: incompatible types for comparison")
    return bool(one == two)


def less(one: Any, two: Any) -> bool:
    if isinstance(one, str) != isinstance(two, str) or isinstance(one, (bool, dict, list)):
        raise TemplateError("error calling lt: incompatible types for comparison")
    return bool(one < two)
