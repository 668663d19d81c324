# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How a change of a content pack is shown: by object and member, only what differs, and no secret."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import DrpError
from ...client.objects.sealed import is_sealed
from ...client.objects.secure import secure_flags
from ...client.packs.diff import ObjectKey, PackDiff
from ...client.packs.forms import without_defaults
from ...client.packs.pack import Json, Object, Pack
from ...converge.show import HIDDEN, masked

CHANGED = "(hidden, changed)"


@dataclasses.dataclass
class View:
    """Shows both sides of a change; ``client`` is asked which params are secure, when it matters."""

    client: Client
    packs: t.Sequence[Pack]
    _secure: set[str] = dataclasses.field(default_factory=set)

    def sides(self, diff: PackDiff) -> tuple[Object, Object]:
        """What was, what will be.  A text of several lines is a list of lines: a diff shows the one."""
        self._find_secure_params(diff)
        before: Object = {"sections": {}}
        after: Object = {"sections": {}}
        before["meta"], after["meta"] = map(_as_lines, diff.meta)
        for place, (old, new) in diff.changed.items():
            old, new = self._changed_members(place[0], old, new)
            _put(before, place, old)
            _put(after, place, new)
        for place, item in diff.removed.items():
            _put(before, place, self._item(place[0], item))
        for place, item in diff.added.items():
            _put(after, place, self._item(place[0], item))
        for place, params in diff.sealed.items():
            _put(before, place, {"Params": dict.fromkeys(params, HIDDEN)})
            _put(after, place, {"Params": dict.fromkeys(params, CHANGED)})
        return before, after

    def _item(self, section: str, item: Object) -> Object:
        one = without_defaults({"meta": {}, "sections": {section: {"": item}}})["sections"][section][""]
        return {name: self._value(section, name, value) for name, value in one.items()}

    def _changed_members(self, section: str, old: Object, new: Object) -> tuple[Object, Object]:
        """Both sides; maps such as Params cut down to the entries that differ."""
        before: Object = {}
        after: Object = {}
        for name in old:
            one, two = old[name], new[name]
            if isinstance(one, dict) and isinstance(two, dict):
                one, two = (
                    {
                        entry: side[entry]
                        for entry in side
                        if entry not in other or side[entry] != other[entry]
                    }
                    for side, other in ((one, two), (two, one))
                )
            before[name] = self._value(section, name, one)
            after[name] = self._value(section, name, two, CHANGED)
        return before, after

    def _value(self, section: str, name: str, value: Json, hidden: str = HIDDEN) -> Json:
        if name in models.hidden_members(section):
            return hidden
        if name == "Params" and isinstance(value, dict):
            return {
                param: hidden if param in self._secure or is_sealed(param_value) else _as_lines(param_value)
                for param, param_value in value.items()
            }
        return _as_lines(masked(section, {name: value}).get(name))

    def _find_secure_params(self, diff: PackDiff) -> None:
        """Which of the params that will be shown are secure; undefined params count as not secure."""
        self._secure = secure_params(*self.packs)
        sides = (side for both in diff.changed.values() for side in both)
        items = [*diff.added.values(), *diff.removed.values(), *sides]
        defined = {name for pack in self.packs for name in pack["sections"].get("params") or {}}
        named = {name for item in items for name in item.get("Params") or {}} - defined
        if named:
            self._secure |= self._secure_on_server(named)

    def _secure_on_server(self, names: set[str]) -> set[str]:
        try:
            return {name for name, secure in secure_flags(self.client, names).items() if secure}
        except DrpError:
            return names


def secure_params(*packs: Pack) -> set[str]:
    """The params that the packs themselves define as secure."""
    return {
        str(item.get("Name"))
        for pack in packs
        for item in (pack["sections"].get("params") or {}).values()
        if item.get("Secure")
    }


def secret_texts(pack: Pack, secure: t.Collection[str] = ()) -> t.Iterator[str]:
    """The secret strings in a pack: of params that it defines as secure, and of those in ``secure``."""
    secure = {*secure_params(pack), *secure}
    for section, items in pack["sections"].items():
        for item in items.values():
            for name in models.hidden_members(section):
                yield from _texts(item.get(name))
            for name, value in (item.get("Params") or {}).items():
                if name in secure:
                    yield from _texts(value)


def _texts(value: Json) -> t.Iterator[str]:
    if isinstance(value, str):
        yield from filter(None, [value])
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def outline(pack: Pack | None) -> Object:
    """A whole pack that comes or goes: its metadata, and what its objects are called."""
    if pack is None:
        return {}
    kept = without_defaults(pack)
    names = {section: sorted(items) for section, items in kept["sections"].items() if items}
    return {"meta": _as_lines(kept["meta"]), "sections": names}


def _put(side: Object, place: ObjectKey, item: Object) -> None:
    section, key = place
    there = side["sections"].setdefault(section, {}).setdefault(key, {})
    for name, value in item.items():
        known = there.get(name)
        there[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value


def _as_lines(value: Json) -> Json:
    if isinstance(value, str) and "\n" in value:
        return value.split("\n")
    if isinstance(value, dict):
        return {name: _as_lines(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_lines(inner) for inner in value]
    return value
