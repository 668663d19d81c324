# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What people write, as the server stores it: by the table of kinds, down into their structs.

Names of members are spelled as the server spells them, scalars get the type of their member, what the server
computes is left out.  It is the only place that does so, for single objects, many at once, boot environments
and content packs.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t
import uuid

from .. import models
from ..errors import UsageError
from .structs import STRUCTS, V4_MEMBERS, spellings, type_of

Json = t.Any
Object = dict[str, t.Any]

COMPUTED = frozenset({*models.COMPUTED, *models.COMPUTED_V4})
"""Members of objects that a server computes, those of v4 among them."""
_COMPUTED_WORDS = frozenset(name.lower() for name in COMPUTED)
_ONLY_V4_HAS = ("Endpoint", "Bundle", "Partial", "Prerequisites", *models.AUDIT)
"""By one of these an object shows that it comes from a v4 server, which leaves out members that are empty."""
_OMITTED_BY_V3 = frozenset({"PasswordHash"})
_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclasses.dataclass
class Fitter:
    """Fits values to types; what it drops on the way is in ``dropped``, by path."""

    label: str
    """How errors begin: what the values belong to."""
    strict: bool = True
    """UsageError for a value that no server can store there; without it such a value stays for the server."""
    keep_unknown: bool = False
    """Members of structs that are not in the table stay: the server may be newer."""
    v4: bool = True
    """Whether the server may know the members that v4 has added."""
    dropped: dict[str, None] = dataclasses.field(default_factory=dict)

    def fit(self, form: str, value: Json, path: str, there: Json = None) -> Json:
        """``value`` as a server stores it in a member of type ``form``; null says nothing, and stays.

        ``there`` is what the server has now: members that it shows are known to it.
        """
        if value is None or form == "any":
            return value
        outer, _colon, inner = form.partition(":")
        if outer == "list":
            return self._list(inner, value, path, there)
        if outer == "map":
            return self._map(inner, value, path, there)
        if outer in STRUCTS:
            return self._struct(outer, value, path, there)
        return self._scalar(outer, value, path)

    def _list(self, form: str, value: Json, path: str, there: Json) -> Json:
        if not isinstance(value, list):
            return self._unfit(value, path, "a list")
        known = there if isinstance(there, list) else []
        shown = known[0] if known else None
        return [
            self.fit(form, item, f"{path}[{index}]", known[index] if index < len(known) else shown)
            for index, item in enumerate(value)
        ]

    def _map(self, form: str, value: Json, path: str, there: Json) -> Json:
        if not isinstance(value, dict):
            return self._unfit(value, path, "a map of names to values")
        known = there if isinstance(there, dict) else {}
        return {name: self.fit(form, item, f"{path}.{name}", known.get(name)) for name, item in value.items()}

    def _struct(self, struct: str, value: Json, path: str, there: Json) -> Json:
        if not isinstance(value, dict):
            return self._unfit(value, path, "a map of names to values")
        proper, types = spellings(struct), STRUCTS[struct]
        known = there if isinstance(there, dict) else {}
        fitted: Object = {}
        for written, inner in value.items():
            name = str(proper.get(written.lower(), written))
            if name in fitted and self.strict:
                raise UsageError(f"{self.label}: {path}.{name} is given twice")
            if not self._is_known(struct, name, known):
                self.dropped[f"{path}.{name}"] = None
                continue
            fitted[name] = self.fit(types.get(name, "any"), inner, f"{path}.{name}", known.get(name))
        return fitted

    def _is_known(self, struct: str, name: str, there: Object) -> bool:
        if self.keep_unknown or name in there:
            return True
        return name in STRUCTS[struct] and (self.v4 or name not in V4_MEMBERS.get(struct, ()))

    def _scalar(self, form: str, value: Json, path: str) -> Json:
        if form == "bool":
            return self._bool(value, path)
        if form == "int":
            return self._int(value, path)
        if isinstance(value, (dict, list)):
            return self._unfit(value, path, "text")
        text = value if isinstance(value, str) else json.dumps(value)
        return _canonical(form, text)

    def _bool(self, value: Json, path: str) -> Json:
        if isinstance(value, bool):
            return value
        if isinstance(value, (str, int, float)):
            word = _WORDS.get(str(value).strip().lower())
            if word is not None:
                return word
        return self._unfit(value, path, "true or false")

    def _int(self, value: Json, path: str) -> Json:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value.strip()):
            return int(value)
        return self._unfit(value, path, "a whole number")

    def _unfit(self, value: Json, path: str, words: str) -> Json:
        if self.strict:
            raise UsageError(f"{self.label}: {path} must be {words}")
        return value


def fit_members(kind: str, spec: t.Mapping[str, Json]) -> Object:
    """The members of an object as the server has them; UsageError for what it cannot store.

    Members of structs that nobody knows are still there: :func:`known_only` needs to see the object to leave
    them out.
    """
    fitter = Fitter(kind, keep_unknown=True)
    return _fit_members(kind, spec, fitter)


def has_unknown_members(kind: str, spec: t.Mapping[str, Json]) -> bool:
    """Whether a spec has members that are not in the table, at any depth: a newer server may have them."""
    fields = models.get(kind).fields
    fitter = Fitter(kind, strict=False)
    for name, value in spec.items() if fields else ():
        if name not in fields:
            return True
        fitter.fit(type_of(kind, name), value, name)
    return bool(fitter.dropped)


def known_only(
    kind: str, member: str, value: Json, current: Object | None, keep_unknown: bool = False
) -> tuple[Json, list[str]]:
    """The value of a member without what the server would drop of it, and the paths of that.

    ``current`` is the object on the server, or None before it is created.  With ``keep_unknown`` members that
    are not in the table stay, for a server that may know them.
    """
    v4 = current is None or _is_from_v4(current)
    fitter = Fitter(kind, strict=False, keep_unknown=keep_unknown, v4=v4)
    there = (current or {}).get(member)
    return fitter.fit(type_of(kind, member), value, member, there), list(fitter.dropped)


def is_dropped(kind: str, member: str, current: Object) -> bool:
    """Whether the server has no such member: a v3.12 server shows all that it has, empty ones too."""
    if member in current or not models.get(kind).fields or member in _OMITTED_BY_V3:
        return False
    return "Validated" in current and not _is_from_v4(current)


def fit_packed(kind: str, item: t.Mapping[str, Json]) -> Object:
    """An object of a content pack, whose members stay, known or not, and whose mistakes the server tells."""
    return _fit_members(kind, item, Fitter(kind, strict=False, keep_unknown=True), computed=True)


def text_of(value: Json) -> Json:
    """A scalar as text, where text is wanted; anything else as it is."""
    return json.dumps(value) if isinstance(value, (bool, int, float)) else value


def dropped_warning(label: str, dropped: t.Collection[str]) -> list[str]:
    """What to tell, once for an object, of the members that were left out."""
    if not dropped:
        return []
    return [f"{label}: the server has no member {', '.join(dropped)}; left out"]


def unkept_warning(label: str, unkept: t.Collection[str]) -> list[str]:
    """The same for members that were sent, and are not in the object that the server has stored."""
    if not unkept:
        return []
    return [f"{label}: the server has not kept {', '.join(unkept)}; it may have no such member"]


def _fit_members(kind: str, spec: t.Mapping[str, Json], fitter: Fitter, computed: bool = False) -> Object:
    model = models.get(kind)
    fitted: Object = {}
    for written, value in spec.items():
        name = model.spelling(str(written)) or written
        if name in fitted and fitter.strict:
            raise UsageError(f"{fitter.label}: {name} is given twice")
        if computed or str(name).lower() not in _COMPUTED_WORDS:
            fitted[name] = fitter.fit(type_of(kind, name), value, name)
    return fitted


def _is_from_v4(item: Object) -> bool:
    return any(name in item for name in _ONLY_V4_HAS)


def _canonical(form: str, text: str) -> str:
    """An address, a UUID or a digest as a server writes it; a text that is none stays, for it to refuse."""
    if form == "digest":
        return text.strip().lower()
    try:
        if form == "uuid":
            return str(uuid.UUID(text.strip()))
        if form == "ip":
            address = ipaddress.ip_address(text.strip())
            return str(getattr(address, "ipv4_mapped", None) or address)
    except ValueError:
        pass
    return text
