# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of the server itself: its plugins, what it reports, and the other servers that it manages."""

from __future__ import annotations

import typing as t

from .model import COMMON, DESCRIBING, NAMING, Model, members, model

_PROVIDER = members(
    str="Name Version Documentation Content",
    int="PluginVersion",
    bool="HasPublish AutoStart IgnoreEvents",
    structs="AvailableActions",
    list="RequiredParams OptionalParams",
    map="StoreObjects",
)
_PLUGIN = members(str=f"{NAMING} Provider", map="Params", list="PluginErrors")
_CATALOG_ITEM = members(
    str="Id Name ActualVersion ContentType NOJQSource Source Type Version", bool="HotFix Tip", map="Shasum256"
)
_VERSION_SET = members(
    str=f"Id {DESCRIBING} DRPUXVersion DRPVersion",
    bool="Apply",
    structs="Components Files Plugins",
    map="Global Prefs",
)
_ENDPOINT = members(
    str=f"Id {DESCRIBING} Arch ConnectionStatus DRPUXVersion DRPVersion HaId Os VersionSet",
    bool="Apply SinglePaneDisabled VersionSetsDisabled",
    int="ActionErrorCount",
    list="ActionErrors VersionSets",
    structs="Actions Components Plugins",
    map="Global Params Prefs",
)
_ALERT = members(
    str="AcknowledgeUser Contents Level Name Note Principal",
    uuid="Uuid",
    time="AcknowledgeTime Time",
    bool="Acknowledged",
    int="Count",
    map="Params",
)
_ACTIVITY = members(
    str="Id Arch Cloud Context Fingerprint Identity OS ObjectType Platform Span Type",
    int="Count",
    bool="Deleted",
)
_CONNECTION = members(str="Principal RemoteAddr Type", time="CreateTime ExpiresAt")
_READ_ONLY: dict[str, t.Any] = {"creatable": False, "writable": False}

SERVICE: tuple[Model, ...] = (
    model("plugin_providers", _PROVIDER, **_READ_ONLY),
    model("plugins", _PLUGIN, creation_order=60, has_params=True, required=("Name", "Provider")),
    model("catalog_items", _CATALOG_ITEM, without="Bundle", key="Id"),
    model("version_sets", _VERSION_SET, key="Id", creation_order=70),
    model("endpoints", _ENDPOINT, key="Id", creation_order=71, has_params=True),
    model("alerts", _ALERT, without="Bundle Meta", key="Uuid", creation_order=88, has_params=True),
    model("activities", _ACTIVITY, without="Meta", key="Id", creation_order=89),
    # the path of one is /connections/{id}, and no member is known to be that
    model("connections", _CONNECTION, without=COMMON, key="", **_READ_ONLY),
)
