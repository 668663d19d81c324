# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is inside the members of a kind: the part of the model table that goes below their names.

A type is ``str digest uuid ip time bool int any``, the name of a struct, or ``list:`` or ``map:`` before the
type of the elements.
"""

from __future__ import annotations

import typing as t

from .. import models

STRUCTS: t.Mapping[str, t.Mapping[str, str]] = {
    "TemplateInfo": {
        "Name": "str",
        "Path": "str",
        "ID": "str",
        "Contents": "str",
        "Meta": "map:str",
        # v4
        "Link": "str",
        "StartDelimiter": "str",
        "EndDelimiter": "str",
    },
    "OsInfo": {
        "Name": "str",
        "Family": "str",
        "Codename": "str",
        "Version": "str",
        "IsoFile": "str",
        "IsoSha256": "digest",
        "IsoUrl": "str",
        "SupportedArchitectures": "map:ArchInfo",
    },
    "ArchInfo": {
        "IsoFile": "str",
        "Sha256": "digest",
        "IsoUrl": "str",
        "Kernel": "str",
        "Initrds": "list:str",
        "BootParams": "str",
        "Loader": "str",
    },
    "DhcpOption": {"Code": "int", "Value": "str"},
    "Claim": {"scope": "str", "action": "str", "specific": "str"},
}
V4_MEMBERS: t.Mapping[str, frozenset[str]] = {
    "TemplateInfo": frozenset({"Link", "StartDelimiter", "EndDelimiter"}),
}
"""Members of structs that a v3.12 server drops."""

_MEMBER_TYPES: t.Mapping[str, str] = {
    "Meta": "map:str",
    "Loaders": "map:str",
    "Members": "map:list:str",
    "Templates": "list:TemplateInfo",
    "Options": "list:DhcpOption",
    "ProvidedOptions": "list:DhcpOption",
    "Claims": "list:Claim",
    "ExtraClaims": "list:Claim",
    "TaskErrorStacks": "list:any",
}
"""Wherever a kind has them, they are of this type."""
_FORM_TYPES = {"list": "list:str", "map": "map:any", "struct": "any", "structs": "list:any"}


def type_of(kind: str, member: str) -> str:
    """The type of a member, in the model's spelling; ``any`` for what is not in the table."""
    model = models.find(kind)
    form = model.fields.get(member, "any") if model else "any"
    if form == "struct" and member == "OS":
        return "OsInfo"
    if form in _FORM_TYPES:
        return _MEMBER_TYPES.get(member, _FORM_TYPES[form])
    return form


def spellings(struct: str) -> dict[str, str]:
    """The members of a struct by their names in lower case."""
    return {name.lower(): name for name in STRUCTS[struct]}
