# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What may be shown of an object, and how a change is shown."""

from __future__ import annotations

import typing as t

from ..client import models

Json = t.Any
HIDDEN = "(hidden)"
_SEALED = {"Key", "Nonce", "Payload"}


def shown(kind: str, item: t.Mapping[str, Json] | None) -> dict[str, Json]:
    """The object without its secrets; a sealed param value is replaced by a word."""
    if not item:
        return {}
    hidden = models.get(kind).hidden
    return {name: _open(value) for name, value in item.items() if name not in hidden}


def is_sealed(value: Json) -> bool:
    """Whether this is the wire form of a secure param."""
    return isinstance(value, dict) and set(value) == _SEALED


def _open(value: Json) -> Json:
    if is_sealed(value):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _open(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_open(inner) for inner in value]
    return value


def difference(
    kind: str, before: t.Mapping[str, Json] | None, after: t.Mapping[str, Json] | None
) -> tuple[dict[str, Json], dict[str, Json]]:
    """The members that differ, as they were and as they will be; everything when one side is absent.

    Maps such as Params are narrowed down to the entries that differ.
    """
    return _narrow(shown(kind, before), shown(kind, after))


def _narrow(one: dict[str, Json], two: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    before: dict[str, Json] = {}
    after: dict[str, Json] = {}
    for name in [*one, *(name for name in two if name not in one)]:
        if name in one and name in two:
            left, right = one[name], two[name]
            if left == right:
                continue
            if isinstance(left, dict) and isinstance(right, dict):
                left, right = _narrow(left, right)
            before[name], after[name] = left, right
        elif name in one:
            before[name] = one[name]
        else:
            after[name] = two[name]
    return before, after
