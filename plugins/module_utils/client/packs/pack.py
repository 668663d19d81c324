# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a content pack is: ``{"meta": {...}, "sections": {<kind>: {<key>: {object}}}}``, a plain dict."""

from __future__ import annotations

import ipaddress
import json
import typing as t

from .. import models
from ..errors import UsageError

Json = t.Any
Object = dict[str, t.Any]
Pack = dict[str, t.Any]


def validated_pack(document: Json, source: str) -> Pack:
    """``document`` as a pack; UsageError, in which it is called ``source``, when it has no such shape.

    Objects stay as they are.  ``meta`` and ``sections`` match in any letter case, and null is empty.
    """
    if not isinstance(document, dict) or not {str(name).lower() for name in document} & {"meta", "sections"}:
        raise UsageError(f"{source} is not a content pack: it must have the members meta and sections")
    pack: Pack = {"meta": {}, "sections": {}}
    for name, value in document.items():
        place = name.lower()
        if place not in pack:
            raise UsageError(f"{source}: a content pack has meta and sections, but no member {name}")
        pack[place] = _require_map(value, f"{source}: {place}")
    pack["sections"] = {
        section: {
            key: _require_map(item, f"{source}: {section} {key!r}")
            for key, item in _require_map(items, f"{source}: section {section}").items()
        }
        for section, items in pack["sections"].items()
    }
    _require_valid_unicode(pack, source)
    return pack


def require_name(pack: Pack, source: str) -> str:
    """The pack's name; UsageError when its metadata has none."""
    name = pack["meta"].get("Name")
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{source}: the content pack has no name; it needs the metadata Name")
    return name


def server_key(section: str, item: t.Mapping[str, Json]) -> str:
    """The key by which the server will know an object, whatever its section calls it; "" if it has none."""
    field = models.get(section).key
    value = member(item, field)
    if value is None and models.find(section) is None:
        value = member(item, "Name")
    if not isinstance(value, str):
        return "" if value is None else json.dumps(value)
    if field == "Addr":
        try:
            return ipaddress.ip_address(value).packed.hex().upper()
        except ValueError:
            return value
    return value


def member(item: t.Mapping[str, Json], name: str) -> Json:
    """A member written in any letter case, as the server reads it."""
    if name in item:
        return item[name]
    return next((value for other, value in item.items() if other.lower() == name.lower()), None)


def by_server_key(pack: Pack, source: str = "the content pack") -> dict[str, dict[str, Object]]:
    """The sections that hold something, each object under its own key.

    UsageError for an object that has no key, and for two that share one: the server would keep the last.
    """
    sections: dict[str, dict[str, Object]] = {}
    for section, items in pack["sections"].items():
        seen: dict[str, str] = {}
        for place, item in items.items():
            key = server_key(section, item) or ("" if models.find(section) else place)
            if not key:
                raise UsageError(f"{source}: {section} {place!r} has no {models.get(section).key}")
            if key in seen:
                raise UsageError(f"{source}: {section} {seen[key]!r} and {place!r} both define {key!r}")
            seen[key] = place
            sections.setdefault(section, {})[key] = item
    return sections


def counts(pack: Pack) -> dict[str, int]:
    """How many objects each section holds."""
    return {section: len(items) for section, items in sorted(pack["sections"].items())}


def _require_map(value: Json, what: str) -> dict[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{what} must be an object with members, not {type(value).__name__}")
    return value


def _require_valid_unicode(pack: Pack, source: str) -> None:
    """Half of a surrogate pair is no text: neither a file nor the server could hold it."""
    try:
        json.dumps(pack, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 30) : error.start]
        raise UsageError(f"{source}: invalid character (a lone surrogate) after {near!r}") from error
