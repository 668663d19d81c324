# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What newer servers can do, and by which entry of ``info.features`` one knows them.

A v3.12 server takes most of this for something else, or drops it silently.  So it is used where the
server says that it can, and refused on this side where it does not.  Versions are never compared.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Feature:
    """An ability of a server, and the flag that stands for it."""

    flag: str


V4 = Feature("endpoint-refs")
"""Any v4 server: the first flag that v3.12 lacks.  Stands for what has no flag of its own, such as
``force`` on every write and tokens of machines."""
SECURE_PACKS = Feature("secure-params-in-content-packs")
"""Content packs may hold values of secure params."""
PARTIAL_OBJECTS = Feature("partial-objects")
"""``params`` and ``decode`` on lists and objects."""
REGEX_FILTERS = Feature("regex-string-filters")
"""The operator ``Re``."""
SET_FILTERS = REGEX_FILTERS
"""The operators ``In`` and ``Nin``.  They have no flag; they came before ``Re``, so this never errs on the
unsafe side."""

_LICENCES_FOR_ROLES = frozenset({"rbac", "carte-blanche", "upto-nodes"})


def licensed_for_roles(info: t.Mapping[str, t.Any]) -> bool:
    """Whether a v3.12 server whose info this is lets roles be written, as far as its licences tell."""
    licences = (info.get("License") or {}).get("Licenses") or []
    return any(entry.get("Active") and entry.get("Name") in _LICENCES_FOR_ROLES for entry in licences)
