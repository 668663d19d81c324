# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The two forms of a content pack: fitted, as a server takes it, and trimmed, as a person writes it."""

from __future__ import annotations

import typing as t

from .. import models
from ..errors import UsageError
from ..typed.fit import COMPUTED, fit_packed, text_of
from .pack import Json, Object, Pack

COMPUTED_META = ("Type", "Writable", "Overwritable")
"""Metadata that the server computes; what a client sends for it is overwritten."""
TEXT_MAPS = ("Meta", "Loaders")
"""Members that are maps of names to texts, wherever they stand."""
STRUCT_MAPS = ("SupportedArchitectures",)
"""Members of structs that are maps of names to structs."""
_RUNTIME_KINDS = ("machines", "jobs", "leases", "plugin_providers", "interfaces")
_PYTHON_TYPES: dict[str, tuple[type, str]] = {
    "map": (dict, "a map"),
    "struct": (dict, "a map"),
    "list": (list, "a list"),
    "structs": (list, "a list"),
}


def require_json_types(pack: Pack, source: str) -> None:
    """UsageError for a member whose JSON type the server could not read, which it would answer with 500."""
    for section, items in pack["sections"].items():
        for key, item in items.items():
            for name, form, value in _typed_members(section, item):
                shape, words = _PYTHON_TYPES.get(form, (object, ""))
                if value is not None and not isinstance(value, shape):
                    raise UsageError(f"{source}: {section} {key!r}: {name} must be {words}")


def normalized(pack: Pack) -> Pack:
    """The pack as the original tool sends it: members in the model's spelling, scalars as text.

    A number or boolean becomes text where the model has text, as in a version written without quotes.
    Unlike that tool it keeps members that are not in the table: the server may be newer than the table.
    """
    sections = {
        section: {key: normalized_item(section, item) for key, item in items.items()}
        for section, items in pack["sections"].items()
    }
    return {"meta": {name: text_of(value) for name, value in pack["meta"].items()}, "sections": sections}


def normalized_item(section: str, item: Object) -> Object:
    """One object of a pack as :func:`normalized` makes it."""
    if models.find(section) is None or section in _RUNTIME_KINDS:
        return item
    return fit_packed(section, item)


def without_defaults(pack: Pack) -> Pack:
    """The pack as a person would write it: without what the server computes, and without defaults."""
    meta = {name: value for name, value in pack["meta"].items() if name not in COMPUTED_META and value != ""}
    sections = {
        section: {key: _item_without_defaults(section, item) for key, item in items.items()}
        for section, items in pack["sections"].items()
    }
    return {"meta": meta, "sections": sections}


def member_type(section: str, name: str) -> str:
    """How the model table describes a member; ``any`` for kinds and members that are not in it."""
    model = models.find(section)
    return model.fields.get(name, "any") if model else "any"


def is_zero(value: Json) -> bool:
    """Whether a member with this value reads like one that is not there."""
    return value is None or value is False or value in ("", [], {}) or (value == 0 and value is not True)


def _typed_members(section: str, item: Object) -> t.Iterator[tuple[str, str, Json]]:
    """Name, form and value of the members, and of the maps inside of structs."""
    for name, value in item.items():
        form = member_type(section, name)
        yield name, form, value
        if form == "struct" and isinstance(value, dict):
            yield from ((inner, "map", value.get(inner)) for inner in STRUCT_MAPS)


def _item_without_defaults(section: str, item: Object) -> Object:
    kept: Object = {}
    identity = (models.get(section).key, "Name", "Contents")
    for name, value in item.items():
        if name in COMPUTED or (is_zero(value) and name not in identity):
            continue
        value = (
            _struct_without_defaults(value) if member_type(section, name) in ("struct", "structs") else value
        )
        if value != {}:
            kept[name] = value
    return kept


def _struct_without_defaults(value: Json) -> Json:
    if isinstance(value, list):
        return [_struct_without_defaults(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _member_without_defaults(name, inner) for name, inner in value.items() if not is_zero(inner)
    }


def _member_without_defaults(name: str, value: Json) -> Json:
    if name in TEXT_MAPS:
        return value
    if name in STRUCT_MAPS and isinstance(value, dict):
        return {key: _struct_without_defaults(inner) for key, inner in value.items()}
    return _struct_without_defaults(value)
