# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What never leaves the server's answer: secrets of machines, encrypted params, params with secret names."""

from __future__ import annotations

import fnmatch
import re
import typing as t

from ...module_utils.client.objects.sealed import is_sealed

Object = dict[str, t.Any]

_REMOVED_MEMBERS = ("Secret", "Profile")
"""A machine's Secret opens its tokens; Profile is a duplicate of Params, unused since v3.10."""


_WILDCARD = re.compile(r"[*?]")
_UNSEARCHABLE = re.compile(r"[\[\\'\"]|[^ -~]")
_MEMBER_OF_SEALED = "'payload'"


class Patterns:
    """Shell patterns for names of params, in any letter case; each name is looked at once."""

    def __init__(self, patterns: t.Iterable[str]) -> None:
        self._patterns = [str(pattern).lower() for pattern in patterns]
        self._match_cache: dict[str, bool] = {}
        pieces = [max(_WILDCARD.split(pattern), key=len) for pattern in self._patterns]
        self._pieces = [] if any(_UNSEARCHABLE.search(pattern) for pattern in self._patterns) else pieces
        """A text without any of these holds no name that matches; empty when that cannot be told."""

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def may_match_in(self, text: str) -> bool:
        """Whether one of the names in the ``repr`` of some data, all in lower case, can match."""
        return bool(self._patterns) and (not self._pieces or any(piece in text for piece in self._pieces))

    def match(self, name: str) -> bool:
        known = self._match_cache.get(name)
        if known is None:
            low = name.lower()
            known = any(fnmatch.fnmatchcase(low, pattern) for pattern in self._patterns)
            self._match_cache[name] = known
        return known


def remove_secrets(items: t.Collection[Object], secret: Patterns) -> None:
    """Take the secrets out of machines, profiles or stages, in place; all have Params afterwards.

    A name is as telling inside of a param as it is outside: ``{"bmc": {"password": ...}}``.
    """
    for item in items:
        for hidden in _REMOVED_MEMBERS:
            item.pop(hidden, None)
        if not item.get("Params"):
            item["Params"] = {}
        if _may_hold_secrets(item["Params"], secret):
            _clean(item["Params"], secret)


def _clean(value: t.Any, secret: Patterns) -> None:
    """Take secrets out of a map or a list, in place and at any depth."""
    if value.__class__ is dict:
        doomed = [name for name, inner in value.items() if secret.match(name) or _is_sealed(inner)]
        for name in doomed:
            del value[name]
        inners: t.Iterable[t.Any] = value.values()
    else:
        if any(map(_is_sealed, value)):
            value[:] = [inner for inner in value if not _is_sealed(inner)]
        inners = value
    for inner in inners:
        if inner.__class__ is dict or inner.__class__ is list:
            _clean(inner, secret)


def _may_hold_secrets(params: dict[str, t.Any], secret: Patterns) -> bool:
    """Whether it is worth the while to look at each value: of ten thousand machines few hold any."""
    text = repr(params).lower()
    return _MEMBER_OF_SEALED in text or secret.may_match_in(text)


def _is_sealed(value: t.Any) -> bool:
    return value.__class__ is dict and is_sealed(value)
