# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Merging desired values into those of the server."""

from __future__ import annotations

import copy
import typing as t

from ..client.patch import same_json

Json = t.Any


def overlay(current: Json, wanted: Json) -> Json:
    """``current`` changed as little as makes it agree with ``wanted``.

    For members that the server fills up with defaults: objects are merged member by member (null
    empties one), and an element of a list that already agrees is kept as the server has it.
    """
    if isinstance(wanted, dict):
        merged = dict(current) if isinstance(current, dict) else {}
        for name, value in wanted.items():
            if value is not None:
                merged[name] = overlay(merged.get(name), value)
            elif merged.get(name):
                del merged[name]
        return merged
    if isinstance(wanted, list):
        there = current if isinstance(current, list) else []
        return [
            there[index] if index < len(there) and agrees(there[index], item) else overlay(None, item)
            for index, item in enumerate(wanted)
        ]
    return current if same_json(current, wanted) else wanted


def agrees(current: Json, wanted: Json) -> bool:
    """Whether all of ``wanted`` is in ``current``, which may hold more members; null is any empty value."""
    if wanted is None:
        return not current
    if isinstance(current, dict) and isinstance(wanted, dict):
        return all(agrees(current.get(name), value) for name, value in wanted.items())
    if isinstance(current, list) and isinstance(wanted, list):
        return len(current) == len(wanted) and all(map(agrees, current, wanted))
    return same_json(current, wanted)


def merge_map(current: dict[str, Json] | None, wanted: dict[str, Json], exact: bool) -> dict[str, Json]:
    """User data such as Params and Meta: each value as a whole, null removes it.

    With ``exact`` nothing but ``wanted`` stays.
    """
    merged = {} if exact else dict(current or {})
    for name, value in wanted.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = copy.deepcopy(value)
    return merged


def append_missing(current: list[Json] | None, wanted: list[Json]) -> list[Json]:
    """``current`` with what it lacks of ``wanted`` at its end, once each, in the order given."""
    longer = list(current or [])
    for item in wanted:
        if item not in longer:
            longer.append(item)
    return longer
