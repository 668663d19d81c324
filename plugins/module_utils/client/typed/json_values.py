# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Values that Python and YAML have, and that no JSON can bring to a server."""

from __future__ import annotations

import math
import typing as t

from .. import limits
from ..errors import UsageError


def require_json(value: t.Any, path: str) -> None:
    """UsageError unless a server can read ``value`` from JSON; the text tells where in ``path`` the fault is.

    Servers are written in Go: their numbers are 64-bit floats, so there is no NaN, no infinity, and nothing
    beyond 1.8e308.  Halves of surrogate pairs are no text, and nothing is nested without an end.
    """
    require_depth(value, path)
    _require(value, path)


def require_depth(value: t.Any, path: str) -> None:
    """UsageError for what is nested more deeply than any answer of a server may be."""
    try:
        limits.check_depth(value)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _require(value: t.Any, path: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _require(name, f"{path}, the name {name!r}")
            _require(inner, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            _require(inner, f"{path}[{index}]")
    elif isinstance(value, (int, float)):
        _require_number(value, path)
    elif isinstance(value, str) and not value.isascii():
        _require_text(value, path)


def _require_number(value: int | float, path: str) -> None:
    if isinstance(value, int):
        try:
            float(value)
        except OverflowError:
            raise UsageError(
                f"{path}: the number has {value.bit_length()} bits, and numbers on the server are 64-bit "
                "floats; put it in quotes"
            ) from None
    elif not math.isfinite(value):
        raise UsageError(f"{path}: JSON has no number {value}; put it in quotes, or leave it out")


def _require_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path}: the text holds half of a surrogate pair, and is no Unicode") from None
