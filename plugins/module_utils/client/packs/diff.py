# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""In what two content packs differ, whatever the order of anything and whatever the server filled in."""

from __future__ import annotations

import dataclasses
import typing as t

from ..objects.sealed import is_sealed
from ..patch import same_json
from ..typed.fit import COMPUTED
from .forms import COMPUTED_META, STRUCT_MAPS, TEXT_MAPS, is_zero, member_type, normalized
from .pack import Json, Object, Pack, server_key

BeforeAfter = tuple[Object, Object]
"""The members that differ: as they were, as they will be."""
ObjectKey = tuple[str, str]
"""Section and key."""

_UNSET_VALUES = {"", "Unspecified", "v0.0.0"}
"""Metadata that was not set, as we and as the original tool write it."""
_OMITTED_WHEN_EMPTY = ("ExtraClaims", "ExtraRoles", "Token")
"""Members that a v4 server leaves out of its answer while they are empty."""
_ADDED_FLAGS = {"sane-exit-codes", "original-exit-codes"}


@dataclasses.dataclass
class PackDiff:
    """Differences by object."""

    meta: BeforeAfter = dataclasses.field(default_factory=lambda: ({}, {}))
    added: dict[ObjectKey, Object] = dataclasses.field(default_factory=dict)
    removed: dict[ObjectKey, Object] = dataclasses.field(default_factory=dict)
    changed: dict[ObjectKey, BeforeAfter] = dataclasses.field(default_factory=dict)
    sealed: dict[ObjectKey, Object] = dataclasses.field(default_factory=dict)
    """Params that the server holds sealed and the pack in clear: only the server can compare those."""

    def __bool__(self) -> bool:
        return bool(self.meta[0] or self.meta[1] or self.added or self.removed or self.changed)


def compare(current: Pack, wanted: Pack, from_server: bool = False) -> PackDiff:
    """What turns ``current`` into ``wanted``.

    ``from_server`` says that ``current`` comes from a server, whose objects have all members that it knows:
    others are dropped by it silently, and so are no difference.  Empty members and sections count
    as absent.
    """
    current, wanted = normalized(current), normalized(wanted)
    old, new = _by_server_key(current), _by_server_key(wanted)
    diff = PackDiff(
        meta=_meta_changes(current["meta"], wanted["meta"], from_server),
        added={object_key: new[object_key] for object_key in new if object_key not in old},
        removed={object_key: old[object_key] for object_key in old if object_key not in new},
    )
    for object_key in new:
        if object_key in old:
            before, after = item_changes(object_key[0], old[object_key], new[object_key], from_server)
            if before or after:
                diff.changed[object_key] = (before, after)
            sealed = _sealed_params(old[object_key].get("Params") or {}, new[object_key].get("Params") or {})
            if sealed:
                diff.sealed[object_key] = sealed
    return diff


def item_changes(kind: str, current: Object, wanted: Object, from_server: bool = False) -> BeforeAfter:
    """The members of two objects that differ, on both sides.

    A stage's RunnerWait is no difference: the server sets it always.
    """
    before: Object = {}
    after: Object = {}
    for name in dict.fromkeys([*current, *wanted]):
        if name in COMPUTED or (kind == "stages" and name == "RunnerWait"):
            continue
        if from_server and name not in current and not _server_may_omit(name, current):
            continue
        old, new = current.get(name), wanted.get(name)
        if not _same_member(kind, name, old, new, from_server):
            before[name], after[name] = old, new
    return before, after


def dropped_members(current: Pack, sent: Pack) -> list[str]:
    """The members that the server has not kept of what was sent, as ``stages.Params``.

    ``current`` comes from the server, so its objects have all the members that it knows.  Empty members do
    not count.
    """
    old, new = _by_server_key(normalized(current)), _by_server_key(normalized(sent))
    names = {
        f"{section}.{name}"
        for (section, key), item in new.items()
        for name in _unknown(section, old.get((section, key)) or {}, item)
    }
    return sorted(names)


def _by_server_key(pack: Pack) -> dict[ObjectKey, Object]:
    """The objects by the keys that they have on the server."""
    return {
        (section, server_key(section, item) or object_key): item
        for section, items in sorted(pack["sections"].items())
        for object_key, item in items.items()
    }


def _meta_changes(current: Object, wanted: Object, from_server: bool) -> BeforeAfter:
    before: Object = {}
    after: Object = {}
    for name in dict.fromkeys([*current, *wanted]):
        if name in COMPUTED_META or (from_server and name not in current):
            continue
        old, new = (side.get(name) or "" for side in (current, wanted))
        if old != new and not {old, new} <= _UNSET_VALUES:
            before[name], after[name] = old, new
    return before, after


def _unknown(section: str, current: Object, sent: Object) -> t.Iterator[str]:
    for name, value in sent.items():
        if name not in current and not (
            is_zero(value) or name in COMPUTED or _server_may_omit(name, current)
        ):
            yield name
        elif member_type(section, name) in ("struct", "structs"):
            yield from (f"{name}.{inner}" for inner in _unknown_in_struct(current.get(name), value))


def _unknown_in_struct(current: Json, sent: Json) -> t.Iterator[str]:
    if isinstance(current, list) and isinstance(sent, list):
        for pair in zip(current, sent):
            yield from _unknown_in_struct(*pair)
    elif isinstance(current, dict) and isinstance(sent, dict):
        for name, value in sent.items():
            if name not in current and not is_zero(value):
                yield name
            elif name in STRUCT_MAPS and isinstance(value, dict):
                for key in value:
                    known = (current.get(name) or {}).get(key)
                    yield from (f"{name}.{inner}" for inner in _unknown_in_struct(known, value[key]))


def _server_may_omit(name: str, current: Object) -> bool:
    return name in _OMITTED_WHEN_EMPTY and ("Prerequisites" in current or "Endpoint" in current)


def _same_member(kind: str, name: str, old: Json, new: Json, from_server: bool) -> bool:
    if member_type(kind, name) in ("struct", "structs"):
        return _same_struct(old, new, from_server)
    if name == "Params":
        old, new = _without_sealed(old or {}, new or {})
    if kind == "tasks" and name == "Meta":
        old = _without_added_flags(old or {}, new or {})
    return _same(old, new)


def _same(old: Json, new: Json) -> bool:
    return same_json(old, new) or (is_zero(old) and is_zero(new))


def _same_struct(old: Json, new: Json, from_server: bool) -> bool:
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_same_struct(*pair, from_server) for pair in zip(old, new))
    if isinstance(old, dict) or isinstance(new, dict):
        old, new = (side or {} for side in (old, new))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return _same(old, new)
    known = old if from_server and old else {*old, *new}
    return all(_same_struct_member(name, old.get(name), new.get(name), from_server) for name in known)


def _same_struct_member(name: str, old: Json, new: Json, from_server: bool) -> bool:
    if name in TEXT_MAPS:
        return _same(old, new)
    if name in STRUCT_MAPS:
        old, new = old or {}, new or {}
        return old.keys() == new.keys() and all(_same_struct(old[key], new[key], from_server) for key in old)
    return _same_struct(old, new, from_server)


def _without_sealed(old: Object, new: Object) -> tuple[Json, Json]:
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
