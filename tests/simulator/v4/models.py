# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The models of a v4 server: those of v3.12 with more members, and two new ones."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import dataclasses

from .. import indexes as ix
from ..go_types import (
    ANY,
    ANY_MAP,
    BOOL,
    INT,
    STR,
    STRING_MAP,
    STRINGS,
    GoType,
    ListOf,
    MapOf,
    OmitEmpty,
    Struct,
)
from ..models import CLAIM, MODELS, VALIDATION, Model

_PARTIAL = ("machines", "profiles", "stages", "plugins")
_UNOWNED = ("plugin_providers", "preferences")

_ERROR_STACK = Struct("TaskErrorStack", CurrentTask=INT, TaskList=STRINGS)
_FINGERPRINT = Struct(
    "Fingerprint",
    SSNHash=STR,
    CSNHash=STR,
    CloudInstanceID=STR,
    SystemUUID=STR,
    MemoryIds=STRINGS,
)
_MORE: dict[str, dict[str, GoType]] = {
    "machines": {
        "RetryTaskAttempt": INT,
        "TaskErrorStacks": ListOf(_ERROR_STACK),
        "Locked": BOOL,
        "Context": STR,
        "Fingerprint": _FINGERPRINT,
        "Pool": STR,
        "PoolAllocated": BOOL,
        "PoolStatus": STR,
        "WorkflowComplete": BOOL,
    },
    "stages": {"Params": ANY_MAP},
    "profiles": {"Profiles": STRINGS},
    "tasks": {
        "Prerequisites": STRINGS,
        "ExtraRoles": OmitEmpty(STRINGS),
        "ExtraClaims": OmitEmpty(ListOf(CLAIM)),
    },
    "jobs": {"Context": STR},
    "bootenvs": {"Loaders": MapOf(STR)},
}
_TEXTS: dict[str, GoType] = {"Description": STR, "Documentation": STR}
_TRANSITIONS = ("EnterActions", "ExitActions", "AllocateActions", "ReleaseActions")
_NEW: dict[str, Struct] = {
    "contexts": Struct(
        "Context", **VALIDATION, Meta=STRING_MAP, Endpoint=STR, Bundle=STR, Name=STR, **_TEXTS, Image=STR,
        Engine=STR,
    ),
    "pools": Struct(
        "Pool", **VALIDATION, Meta=STRING_MAP, Endpoint=STR, Bundle=STR, Id=STR, **_TEXTS, ParentPool=STR,
        **dict.fromkeys(_TRANSITIONS, ANY), AutoFill=ANY,
    ),
}  # fmt: skip
_INDEXES: dict[str, tuple[ix.Index, ...]] = {
    "machines": (
        ix.index("Pool"), ix.index("PoolStatus"), ix.index("PoolAllocated", ix.BOOLEAN), ix.index("Context"),
        ix.index("Locked", ix.BOOLEAN), ix.index("WorkflowComplete", ix.BOOLEAN),
    ),
    "pools": (ix.index("Id", unique=True), ix.index("ParentPool")),
    "contexts": (ix.index("Name", unique=True),),
}  # fmt: skip


def _extended(model: Model) -> Model:
    """The v3.12 model with the members and indexes that v4 adds."""
    prefix, fields = model.prefix, dict(model.struct.fields)
    fields.pop("Profile", None)
    head = {name: fields.pop(name) for name in (*VALIDATION, "Meta") if name in fields}
    owned: dict[str, GoType] = {} if prefix in _UNOWNED else {"Endpoint": STR, "Bundle": STR}
    partial: dict[str, GoType] = {"Partial": BOOL} if prefix in _PARTIAL else {}
    struct = Struct(model.struct.title, **head, **owned, **partial, **fields, **_MORE.get(prefix, {}))
    indexes = {**model.indexes, **{index.name: index for index in _INDEXES.get(prefix, ())}}
    has_params = model.has_params or prefix == "stages"
    return dataclasses.replace(model, struct=struct, indexes=indexes, has_params=has_params)


def _new(prefix: str, key: str) -> Model:
    found = {index.name: index for index in (*ix.base_indexes(key), *_INDEXES[prefix])}
    return Model(prefix, _NEW[prefix], key, found)


MODELS_V4: dict[str, Model] = {
    **{prefix: _extended(model) for prefix, model in MODELS.items()},
    "contexts": _new("contexts", "Name"),
    "pools": _new("pools", "Id"),
}
