# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What never leaves the server's answer: secrets of machines, encrypted params, params with secret names."""

from __future__ import annotations

import fnmatch
import typing as t

from ...module_utils.client.objects.secure import is_sealed

Object = dict[str, t.Any]

_REMOVED_MEMBERS = ("Secret", "Profile")
"""A machine's Secret opens its tokens; Profile is a duplicate of Params, unused since v3.10."""


class Patterns:
    """Shell patterns for names of params, in any letter case; each name is looked at once."""

    def __init__(self, patterns: t.Iterable[str]) -> None:
        self._patterns = [str(pattern).lower() for pattern in patterns]
        self._match_cache: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, name: str) -> bool:
        known = self._match_cache.get(name)
        if known is None:
            low = name.lower()
            known = any(fnmatch.fnmatchcase(low, pattern) for pattern in self._patterns)
            self._match_cache[name] = known
        return known


def remove_secrets(items: t.Collection[Object], secret: Patterns) -> None:
    """Take the secrets out of machines, profiles or stages, in place; all have Params afterwards."""
    names: set[str] = set()
    for item in items:
        for hidden in _REMOVED_MEMBERS:
            item.pop(hidden, None)
        if not item.get("Params"):
            item["Params"] = {}
        names.update(item["Params"])
    doomed = {name for name in names if secret.match(name)}
    for item in items:
        params = item["Params"]
        for name in doomed.intersection(params):
            del params[name]
        for name in [name for name, value in params.items() if value.__class__ is dict and is_sealed(value)]:
            del params[name]
