# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public facts about the kinds of v4 (``kinds.json``), as Go types and indexes.

The facts tell names and JSON types; the rest is concluded from the names, as v3.12 has them.
"""

# assumption: members that v3.12 has as UUIDs, addresses and so on have these types in new kinds too
from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from .. import indexes as ix
from ..go_types import (
    ANY,
    ANY_MAP,
    BOOL,
    BYTE,
    BYTES,
    INT,
    IP,
    STR,
    STRING_MAP,
    STRINGS,
    TIME,
    UUID,
    GoType,
    ListOf,
    MapOf,
    Struct,
)
from .values import AnyOf

_FACTS = json.loads((Path(__file__).parent / "kinds.json").read_text(encoding="utf-8"))
KINDS: dict[str, dict[str, Any]] = _FACTS["kinds"]
_COMMON: dict[str, GoType] = {
    "Validated": BOOL, "Available": BOOL, "Errors": STRINGS, "ReadOnly": BOOL, "Meta": STRING_MAP,
    "Endpoint": STR, "Bundle": STR, "CreatedAt": TIME, "CreatedBy": STR, "LastModifiedAt": TIME,
    "LastModifiedBy": STR,
}  # fmt: skip
_PLAIN: dict[str, GoType] = {
    "text": STR, "bool": BOOL, "int": INT, "time": TIME, "any": ANY, "texts": STRINGS, "map": ANY_MAP,
    "map of text": STRING_MAP, "map of texts": MapOf(STRINGS), "map of int": MapOf(INT),
    # enumerations, which travel as texts
    "PoolStatus": STR, "ZoneType": STR, "ZoneFilterType": STR, "ZoneName": STR,
}  # fmt: skip
_SPECIAL: dict[str, GoType] = {
    **dict.fromkeys(("Uuid", "CurrentJob", "SetupWorkOrder", "PostWorkOrder"), UUID),
    **dict.fromkeys(("Address", "Addr", "AllocateStart", "AllocateEnd"), IP),
    "PasswordHash": BYTES,
}


def words(kind: str, name: str) -> list[str]:
    return str(KINDS[kind].get(name, "")).split()


def can(kind: str, what: str) -> bool:
    """Whether objects of the kind can be ``create write delete params actions``."""
    return what in words(kind, "can")


def members(kind: str) -> dict[str, GoType]:
    """All members of a kind, those that all kinds have first."""
    lacking = words(kind, "without")
    common = {name: form for name, form in _COMMON.items() if name not in lacking}
    return {**common, **_typed(KINDS[kind]["members"])}


def struct(kind: str) -> Struct:
    return Struct(KINDS[kind]["struct"], **members(kind))


def indexes(kind: str, struct: Struct) -> dict[str, ix.Index]:
    """One for each filterable field, beside those that v3.12 has of every kind."""
    key = KINDS[kind]["key"]
    if not key or KINDS[kind].get("filterable") is False:
        return {}
    unique = {key, *words(kind, "unique")}
    fields = {name: form for name, form in struct.fields.items() if name in members(kind)}
    found = [_index(name, form, name in unique) for name, form in sorted(fields.items())]
    return {index.name: index for index in (*ix.base_indexes(key), *found)}


def content_meta() -> Struct:
    """What a content pack may say of itself, without what the server says of the pack."""
    typed = _typed(_FACTS["structs"]["ContentMetaData"])
    computed = ("Type", "Writable", "Overwritable")
    return Struct("ContentMetaData", **{name: form for name, form in typed.items() if name not in computed})


@dataclasses.dataclass(frozen=True)
class ListIndex(ix.Index):
    """An index over a list: a filter is about any one of its elements."""

    def value(self, obj: dict[str, Any]) -> Any:
        return AnyOf(obj.get(self.name) or [])


@dataclasses.dataclass(frozen=True)
class NumberIndex(ix.Index):
    def document(self) -> dict[str, Any]:
        return {"Type": "number", "Unique": self.unique}

    def parse(self, text: str) -> Any:
        try:
            return int(text)
        except ValueError:
            raise ix.BadValue(f"{self.name} must be a number") from None

    def value(self, obj: dict[str, Any]) -> Any:
        return obj.get(self.name) or 0


@dataclasses.dataclass(frozen=True)
class TextIndex(ix.Index):
    """An index over a structure: a filter is about its JSON."""

    def value(self, obj: dict[str, Any]) -> Any:
        return json.dumps(obj.get(self.name), sort_keys=True)


_INDEX_TYPES: dict[str, str] = {
    STR.name: ix.STRING, BOOL.name: ix.BOOLEAN, UUID.name: ix.UUID, IP.name: ix.ADDRESS,
    TIME.name: ix.DATETIME, BYTES.name: ix.STRING,
}  # fmt: skip


# assumption: how fields are filtered that are neither text, boolean, UUID, address nor time; and no index but
# those of the key and of names is unique
def _index(name: str, form: GoType, unique: bool) -> ix.Index:
    if form.name in _INDEX_TYPES:
        return ix.index(name, _INDEX_TYPES[form.name], unique=unique)
    if form.name in (INT.name, "int32", BYTE.name):
        return NumberIndex(name, ix.STRING, (name,), unique)
    if form.name == STRINGS.name:
        return ListIndex(name, ix.STRING, (name,))
    return TextIndex(name, ix.STRING, (name,))


def _typed(by_form: dict[str, str]) -> dict[str, GoType]:
    typed: dict[str, GoType] = {}
    for form, names in by_form.items():
        for name in names.split():
            typed[name] = _SPECIAL[name] if form == "text" and name in _SPECIAL else _form(form)
    return typed


def _form(form: str) -> GoType:
    if form in _PLAIN:
        return _PLAIN[form]
    for start, wrap in (("list of ", ListOf), ("map of ", MapOf)):
        if form.startswith(start):
            return wrap(_form(form.removeprefix(start)))
    if form in ("WorkOrder", "Plugin"):  # objects within others
        return struct({"WorkOrder": "work_orders", "Plugin": "plugins"}[form])
    return Struct(form, **_typed(_FACTS["structs"][form]))
