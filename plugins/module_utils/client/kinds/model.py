# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a row of the table of kinds says."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

COMPUTED = ("Validated", "Available", "Errors", "ReadOnly")
"""Members that the server computes; what a client sends for them is overwritten."""

_AUDIT = {"CreatedAt": "time", "CreatedBy": "str", "LastModifiedAt": "time", "LastModifiedBy": "str"}
AUDIT = tuple(_AUDIT)
"""When an object was made and last changed, and by whom; newer v4 servers tell it."""

COMPUTED_V4 = ("Endpoint", "Bundle", "Partial", *AUDIT)
"""Members that v4 servers compute."""

_COMMON = {"Validated": "bool", "Available": "bool", "Errors": "list", "ReadOnly": "bool", "Meta": "map"}
_V4 = {"Endpoint": "str", "Bundle": "str", "Partial": "bool"}

NAMING = "Name Description Documentation"
"""Members of most kinds."""
DESCRIBING = "Description Documentation"
"""The same for kinds without a name."""


@dataclasses.dataclass(frozen=True)
class Model:
    """What is known about one kind."""

    prefix: str
    fields: t.Mapping[str, str]
    """Member name -> ``str uuid ip time bool int list map struct structs any``.

    ``struct`` and ``structs`` are filled up by the server with members that were not sent;
    ``map`` and ``any`` hold user data and come back as they went in.
    """
    key: str = "Name"
    """The member that names an object in paths; "" for objects that have none."""
    unique: tuple[str, ...] = ()
    """Unique indexes beside ``Key`` and the key field, usable as ``Index:value`` in a path."""
    creation_order: int = 50
    """Order of creation: an object only refers to kinds of a lower rank (or of its own)."""
    references: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Member name -> kind that it names, for the references to kinds of the same rank."""
    creatable: bool = True
    writable: bool = True
    v4_writable: bool = False
    """Whether v4 servers take objects of the kind from clients although v3.12 does not."""
    has_params: bool = False
    hidden: tuple[str, ...] = ()
    """Members that are never shown: secrets, and a machine's Profile, which v3.12 fills with junk."""
    public: tuple[str, ...] = ()
    """Members that are shown although they are called like a secret."""
    required: tuple[str, ...] = ()
    """Members that the description of the interface of v4 calls required."""

    @property
    def singular(self) -> str:
        return singular(self.prefix)

    def spelling(self, name: str) -> str | None:
        """The model's spelling of a member written in any letter case, or None."""
        return self._spellings.get(name.lower())

    @functools.cached_property
    def _spellings(self) -> dict[str, str]:
        return {field.lower(): field for field in self.fields}


def singular(prefix: str) -> str:
    """What one object of a kind is called."""
    for ending, one in (("ies", "y"), ("batches", "batch"), ("s", "")):
        if prefix.endswith(ending):
            return prefix[: -len(ending)] + one
    return prefix


COMMON = " ".join({**_COMMON, **_V4, **_AUDIT})
"""The members of all kinds, for a kind that has none of them."""


def members(**by_type: str) -> dict[str, str]:
    """Members and their types, from types with the names of their members in one text."""
    return {name: form for form, names in by_type.items() for name in names.split()}


def model(prefix: str, fields: t.Mapping[str, str], without: str = "", **more: t.Any) -> Model:
    """A row with the members that all kinds have, except for those in ``without``."""
    everything = {**_COMMON, **fields, **_V4, **_AUDIT}
    kept = {name: form for name, form in everything.items() if name not in without.split()}
    return Model(prefix, kept, **more)
