# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Objects and differences in results, without secrets."""

from __future__ import annotations

import typing as t

from ..client import masking, models
from ..client.objects.sealed import is_sealed

Json = t.Any
HIDDEN = masking.HIDDEN
OTHER_HIDDEN = "(hidden, another value)"


def masked(kind: str, item: t.Mapping[str, Json] | None) -> dict[str, Json]:
    """The object without its secrets; a sealed param value is replaced by a placeholder."""
    if not item:
        return {}
    return {name: _mask_sealed(value) for name, value in _without_hidden(kind, item).items()}


def _mask_sealed(value: Json) -> Json:
    if is_sealed(value):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _mask_sealed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_mask_sealed(inner) for inner in value]
    return value


def difference(
    kind: str, before: t.Mapping[str, Json] | None, after: t.Mapping[str, Json] | None
) -> tuple[dict[str, Json], dict[str, Json]]:
    """The members that differ, as they were and as they will be; everything when one side is absent.

    Maps such as Params are narrowed down to the entries that differ.  A changed sealed value is shown as
    such.
    """
    return _changed_members(_without_hidden(kind, before or {}), _without_hidden(kind, after or {}))


def _without_hidden(kind: str, item: t.Mapping[str, Json]) -> dict[str, Json]:
    hidden = models.hidden_members(kind)
    return {name: value for name, value in item.items() if name not in hidden}


def _changed_members(one: dict[str, Json], two: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    before: dict[str, Json] = {}
    after: dict[str, Json] = {}
    for name in [*one, *(name for name in two if name not in one)]:
        if name in one and name in two:
            left, right = one[name], two[name]
            if left == right:
                continue
            sealed = is_sealed(left), is_sealed(right)
            if all(sealed):
                left, right = HIDDEN, OTHER_HIDDEN
            elif isinstance(left, dict) and isinstance(right, dict) and not any(sealed):
                left, right = _changed_members(left, right)
            before[name], after[name] = _mask_sealed(left), _mask_sealed(right)
        elif name in one:
            before[name] = _mask_sealed(one[name])
        else:
            after[name] = _mask_sealed(two[name])
    return before, after
