# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""In what two content packs differ, whatever the order of anything and whatever the server filled in."""

from __future__ import annotations

import dataclasses
import typing as t

from ..objects.secure import is_sealed
from ..patch import same_json
from .forms import COMPUTED, COMPUTED_META, STRUCT_MAPS, TEXT_MAPS, fitted, form_of, is_zero
from .pack import Json, Object, Pack, own_key

Sides = tuple[Object, Object]
"""The members that differ: as they were, as they will be."""
Place = tuple[str, str]
"""Section and key."""

_NOTHING_SAID = {"", "Unspecified", "v0.0.0"}
"""Metadata that nobody gave, as we and as the original tool write it."""
_SENT_WHEN_SET = ("ExtraClaims", "ExtraRoles", "Token")
"""Members that a v4 server leaves out of its answer while they are empty."""
_ADDED_FLAGS = {"sane-exit-codes", "original-exit-codes"}


@dataclasses.dataclass
class PackDiff:
    """Differences by object."""

    meta: Sides = dataclasses.field(default_factory=lambda: ({}, {}))
    added: dict[Place, Object] = dataclasses.field(default_factory=dict)
    removed: dict[Place, Object] = dataclasses.field(default_factory=dict)
    changed: dict[Place, Sides] = dataclasses.field(default_factory=dict)
    sealed: dict[Place, Object] = dataclasses.field(default_factory=dict)
    """Params that the server holds sealed and the pack in clear: only the server can compare those."""

    def __bool__(self) -> bool:
        return bool(self.meta[0] or self.meta[1] or self.added or self.removed or self.changed)


def compare(there: Pack, wanted: Pack, complete: bool = False) -> PackDiff:
    """What turns ``there`` into ``wanted``.

    ``complete`` says that ``there`` comes from a server, whose objects have all members that it knows:
    others are dropped by it without a word, and so are no difference.  Empty members and sections count
    as absent.
    """
    there, wanted = fitted(there), fitted(wanted)
    old, new = _flat(there), _flat(wanted)
    diff = PackDiff(
        meta=_meta_changes(there["meta"], wanted["meta"], complete),
        added={place: new[place] for place in new if place not in old},
        removed={place: old[place] for place in old if place not in new},
    )
    for place in new:
        if place in old:
            before, after = item_changes(place[0], old[place], new[place], complete)
            if before or after:
                diff.changed[place] = (before, after)
            sealed = _sealed_params(old[place].get("Params") or {}, new[place].get("Params") or {})
            if sealed:
                diff.sealed[place] = sealed
    return diff


def item_changes(kind: str, there: Object, wanted: Object, complete: bool = False) -> Sides:
    """The members of two objects that differ, on both sides.

    A stage's RunnerWait is no difference: the server sets it always.
    """
    before: Object = {}
    after: Object = {}
    for name in dict.fromkeys([*there, *wanted]):
        if name in COMPUTED or (kind == "stages" and name == "RunnerWait"):
            continue
        if complete and name not in there and not _may_be_left_out(name, there):
            continue
        old, new = there.get(name), wanted.get(name)
        if not _same_member(kind, name, old, new, complete):
            before[name], after[name] = old, new
    return before, after


def dropped(there: Pack, sent: Pack) -> list[str]:
    """The members that the server has not kept of what was sent, as ``stages.Params``.

    ``there`` comes from the server, so its objects have all the members that it knows.  Empty members do
    not count.
    """
    old, new = _flat(fitted(there)), _flat(fitted(sent))
    names = {
        f"{section}.{name}"
        for (section, key), item in new.items()
        for name in _unknown(section, old.get((section, key)) or {}, item)
    }
    return sorted(names)


def _flat(pack: Pack) -> dict[Place, Object]:
    """The objects by the keys that they have on the server."""
    return {
        (section, own_key(section, item) or place): item
        for section, items in sorted(pack["sections"].items())
        for place, item in items.items()
    }


def _meta_changes(there: Object, wanted: Object, complete: bool) -> Sides:
    before: Object = {}
    after: Object = {}
    for name in dict.fromkeys([*there, *wanted]):
        if name in COMPUTED_META or (complete and name not in there):
            continue
        old, new = (side.get(name) or "" for side in (there, wanted))
        if old != new and not {old, new} <= _NOTHING_SAID:
            before[name], after[name] = old, new
    return before, after


def _unknown(section: str, there: Object, sent: Object) -> t.Iterator[str]:
    for name, value in sent.items():
        if name not in there and not (is_zero(value) or name in COMPUTED or _may_be_left_out(name, there)):
            yield name
        elif form_of(section, name) in ("struct", "structs"):
            yield from (f"{name}.{inner}" for inner in _unknown_in_struct(there.get(name), value))


def _unknown_in_struct(there: Json, sent: Json) -> t.Iterator[str]:
    if isinstance(there, list) and isinstance(sent, list):
        for pair in zip(there, sent):
            yield from _unknown_in_struct(*pair)
    elif isinstance(there, dict) and isinstance(sent, dict):
        for name, value in sent.items():
            if name not in there and not is_zero(value):
                yield name
            elif name in STRUCT_MAPS and isinstance(value, dict):
                for key in value:
                    known = (there.get(name) or {}).get(key)
                    yield from (f"{name}.{inner}" for inner in _unknown_in_struct(known, value[key]))


def _may_be_left_out(name: str, there: Object) -> bool:
    return name in _SENT_WHEN_SET and ("Prerequisites" in there or "Endpoint" in there)


def _same_member(kind: str, name: str, old: Json, new: Json, complete: bool) -> bool:
    if form_of(kind, name) in ("struct", "structs"):
        return _same_struct(old, new, complete)
    if name == "Params":
        old, new = _comparable(old or {}, new or {})
    if kind == "tasks" and name == "Meta":
        old = _without_added_flags(old or {}, new or {})
    return _same(old, new)


def _same(old: Json, new: Json) -> bool:
    return same_json(old, new) or (is_zero(old) and is_zero(new))


def _same_struct(old: Json, new: Json, complete: bool) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_same_struct(*pair, complete) for pair in zip(old, new))
    if isinstance(old, dict) or isinstance(new, dict):
        old, new = (side or {} for side in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return _same(old, new)
    known = old if complete and old else {*old, *new}
    return all(_same_inner(name, old.get(name), new.get(name), complete) for name in known)


def _same_inner(name: str, old: Json, new: Json, complete: bool) -> bool:
    if name in TEXT_MAPS:
        return _same(old, new)
    if name in STRUCT_MAPS:
        old, new = old or {}, new or {}
        return old.keys() == new.keys() and all(_same_struct(old[key], new[key], complete) for key in old)
    return _same_struct(old, new, complete)


def _comparable(old: Object, new: Object) -> tuple[Json, Json]:
    """Both without what the server holds sealed and the other side in clear."""
    hidden = _sealed_params(old, new)
    return (
        {name: value for name, value in old.items() if name not in hidden},
        {name: value for name, value in new.items() if name not in hidden},
    )


def _sealed_params(old: Object, new: Object) -> Object:
    return {name: value for name, value in new.items() if is_sealed(old.get(name)) and not is_sealed(value)}


def _without_added_flags(old: Object, new: Object) -> Object:
    """A task's metadata without the flags that the server gives to a task that has none of them."""
    asked = _flags(new)
    if asked & _ADDED_FLAGS or not _flags(old) - asked <= _ADDED_FLAGS or not asked <= _flags(old):
        return old
    rest = {name: value for name, value in old.items() if name != "feature-flags"}
    return {**rest, "feature-flags": new["feature-flags"]} if "feature-flags" in new else rest


def _flags(meta: Object) -> set[str]:
    return {flag.strip() for flag in str(meta.get("feature-flags") or "").split(",")} - {""}
