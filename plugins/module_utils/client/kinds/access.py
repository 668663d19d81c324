# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of who may do what, and of how the web interface looks."""

from __future__ import annotations

import typing as t

from .model import DESCRIBING, NAMING, Model, members, model

_USER = members(str="Name Description PasswordHash Secret", list="Roles")
_IDENTITY_PROVIDER = members(
    str=f"{NAMING} DefaultRole DisplayName GroupAttribute LogoPath MetaDataBlob MetaDataUrl UserAttribute",
    bool="DenyIfNoGroups",
    map="GroupToRoles",
)
_UX_OPTION = members(str=f"Id {DESCRIBING} Default Kind", bool="Global Hidden Role User", map="Params")
_UX_SETTING = members(str=f"Id {DESCRIBING} Option Target Value", map="Params")
_UX_VIEW = members(
    str=f"Id {DESCRIBING} BrandingImage LandingPage",
    bool="Airgap ShowActiviation",  # the server's spelling
    list="ApplicableRoles BulkTabs HideEditObjects MachineFields ParamsRestriction ProfilesRestriction"
    " StagesRestriction TasksRestriction WorkflowsRestriction",
    structs="Classifiers Menu",
    map="Columns Params",
)
_OF_UX: dict[str, t.Any] = {"key": "Id", "has_params": True}

ACCESS: tuple[Model, ...] = (
    model("roles", members(str=NAMING, structs="Claims"), creation_order=5, required=("Name",)),
    model("identity_providers", _IDENTITY_PROVIDER, creation_order=6, required=("Name",)),
    model("users", _USER, creation_order=45, hidden=("Secret", "PasswordHash"), required=("Name",)),
    model("tenants", members(str=NAMING, map="Members", list="Users"), creation_order=90),
    model("ux_options", _UX_OPTION, **_OF_UX, creation_order=46),
    model("ux_settings", _UX_SETTING, **_OF_UX, creation_order=47),
    model("ux_views", _UX_VIEW, **_OF_UX, creation_order=48),
)
