# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of a v4 server: those of v3.12 with more members, and all that came with v4."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import dataclasses

from ..go_types import STR, STRINGS, GoType, ListOf, OmitEmpty, Struct
from ..models import CLAIM, MODELS, TEMPLATE_INFO, VALIDATION, Model
from . import facts

_OTHERWISE: dict[str, dict[str, GoType]] = {
    "tasks": {
        "Prerequisites": STRINGS,
        "ExtraRoles": OmitEmpty(STRINGS),
        "ExtraClaims": OmitEmpty(ListOf(CLAIM)),
    },
    "jobs": {"ExtraClaims": OmitEmpty(ListOf(CLAIM)), "Token": OmitEmpty(STR)},
}
"""Members that are not shown as the facts alone would have it."""
_TEMPLATES = ListOf(
    Struct(
        "TemplateInfo",
        **TEMPLATE_INFO.fields,
        # assumption: these are left out where they are empty
        **dict.fromkeys(("Link", "StartDelimiter", "EndDelimiter"), OmitEmpty(STR)),
    )
)
_SERVED_ELSEWHERE = ("interfaces",)


def _extended(model: Model) -> Model:
    """The v3.12 model with the members and indexes that v4 adds."""
    prefix, fields = model.prefix, dict(model.struct.fields)
    if prefix not in facts.KINDS:
        return model
    fields.pop("Profile", None)
    more = {**facts.members(prefix), **_OTHERWISE.get(prefix, {})}
    if prefix == "plugin_providers":
        more.pop("Meta", None)
    head = {name: fields.pop(name) for name in (*VALIDATION, "Meta") if name in fields}
    owned = {name: more.pop(name) for name in ("Endpoint", "Bundle", "Partial") if name in more}
    if "Templates" in fields:
        fields["Templates"] = _TEMPLATES
    added = {name: form for name, form in more.items() if name not in head and name not in fields}
    struct = Struct(model.struct.title, **head, **owned, **fields, **added)
    new = dataclasses.replace(_from_facts(prefix, struct), hidden=model.hidden, hex_key=model.hex_key)
    return dataclasses.replace(new, indexes={**new.indexes, **model.indexes} if model.indexes else {})


def _from_facts(prefix: str, struct: Struct) -> Model:
    return Model(
        prefix,
        struct,
        facts.KINDS[prefix]["key"],
        facts.indexes(prefix, struct),
        has_params=facts.can(prefix, "params"),
        has_meta="Meta" in struct.fields,
        writable=facts.can(prefix, "write"),
        counted=facts.KINDS[prefix].get("filterable", True),
    )


MODELS_V4: dict[str, Model] = {
    **{prefix: _extended(model) for prefix, model in MODELS.items()},
    **{
        prefix: _from_facts(prefix, facts.struct(prefix))
        for prefix in facts.KINDS
        if prefix not in MODELS and prefix not in _SERVED_ELSEWHERE
    },
}
