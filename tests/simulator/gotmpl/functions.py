# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functions built into text/template, and the names every template may use."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from .sprig import SPRIG
from .values import TemplateError, equal, integer, less, number, text, to_json, truth

_VERB = re.compile(r"%([-+ 0#]*)(\d*)((?:\.\d+)?)([a-zA-Z%])")


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("error calling eq: missing argument for comparison")
    return any(equal(first, other) for other in others)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, (list, str)):
            if not 0 <= key < len(value):
                raise TemplateError(f"error calling index: index out of range: {key}")
            value = value[key]
        else:
            raise TemplateError("error calling index: cannot index item")
    return value


def _slice(value: Any, *bounds: int) -> Any:
    return value[slice(*bounds)]


def printf(form: str, *arguments: Any) -> str:
    """Go's verbs, with Go's complaint about missing arguments."""
    rest = list(arguments)

    def replace(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups()
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        return _one_verb(flags, width, precision, verb, rest.pop(0))

    return _VERB.sub(replace, form)


def _one_verb(flags: str, width: str, precision: str, verb: str, value: Any) -> str:
    if verb in "dob" and isinstance(value, str):
        return f"%!{verb}(string={value})"
    if verb in "dxXob" and not isinstance(value, (str, bytes)):
        return f"%{flags}{width}{'o' if verb == 'o' else verb if verb != 'b' else 'd'}" % (
            int(f"{integer(value):b}") if verb == "b" else integer(value)
        )
    if verb in "feEgG":
        return f"%{flags}{width}{precision}{verb}" % float(number(value))
    if verb == "q":
        return to_json(text(value))
    if verb in "xX":
        shown = text(value).encode().hex()
        return shown.upper() if verb == "X" else shown
    return f"%{flags.replace('0', '')}{width}{precision if verb == 's' else ''}s" % text(value)


def _print(*values: Any) -> str:
    out = ""
    for position, value in enumerate(values):
        # Go puts a space only between operands of which neither is a string
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            out += " "
        out += text(value)
    return out


CORE: dict[str, Callable[..., Any]] = {
    "eq": _eq,
    "ne": lambda one, two: not equal(one, two),
    "lt": less,
    "le": lambda one, two: less(one, two) or equal(one, two),
    "gt": lambda one, two: less(two, one),
    "ge": lambda one, two: not less(one, two),
    "not": lambda value: not truth(value),
    "len": len,
    "index": _index,
    "slice": _slice,
    "printf": printf,
    "print": _print,
    "println": lambda *values: " ".join(map(text, values)) + "\n",
    "html": lambda *values: html.escape(_print(*values)),
    "js": lambda *values: to_json(_print(*values))[1:-1],
    "urlquery": lambda *values: quote_plus(_print(*values)),
    "call": lambda function, *values: function(*values),
}

NAMES = frozenset(CORE) | frozenset(SPRIG) | {"and", "or"}
