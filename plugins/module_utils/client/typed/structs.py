# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is inside the members of a kind: the part of the model table that goes below their names.

A type is ``str digest uuid ip time bool int any``, the name of a struct, or ``list:`` or ``map:`` before the
type of the elements.
"""

from __future__ import annotations

import typing as t

from .. import models
from ..kinds.model import members

_STRUCTS: t.Mapping[str, t.Mapping[str, str]] = {
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
    "Claim": members(str="scope action specific"),
    # of v4
    "AvailableAction": {
        **members(str="Provider Model Command"),
        "RequiredParams": "list:str",
        "OptionalParams": "list:str",
    },
    "TaskStack": {"CurrentJob": "str", "CurrentTask": "int", "TaskList": "list:str"},
    "MachineFingerprint": {
        **members(str="CSNHash SSNHash CloudInstanceID SystemUUID"),
        "MemoryIds": "list:str",
    },
    "PipelinePhaseRecord": members(str="Context Phase", time="StartTime EndTime"),
    "Action": {**members(str="Command CommandSet Job Plugin", any="Model"), "Params": "map:any"},
    "PoolTransitionActions": {
        **members(str="Blueprint Pipeline Workflow"),
        "AddParameters": "map:any",
        "AddProfiles": "list:str",
        "RemoveParameters": "list:str",
        "RemoveProfiles": "list:str",
    },
    "PoolAutoFill": {
        **members(str="AcquirePool ReturnPool", int="MaxFree MinFree", bool="UseAutoFill"),
        "CreateParameters": "map:any",
    },
    "Query": members(str="Name Op Value"),
    "Element": members(str="ActualVersion Name Type Version", bool="ReplaceWritable"),
    "ElementAction": members(
        str="Action ActualVersion Name Type Version", bool="ReplaceWritable", any="Value"
    ),
    "FileData": members(str="Path Sha256Sum Source", bool="Explode"),
    "Classifier": {
        **members(str="Icon Placeholder Regex Test Title", bool="Continue NoAppend"),
        "Params": "map:any",
    },
    "MenuGroup": {**members(str="Id Title"), "Items": "list:MenuItem"},
    "MenuItem": {
        **members(str="Color Filter HasFlag HasObject Icon Id Overwrite Title To"),
        "GroupBy": "list:str",
    },
    "ZoneFilter": members(str="Filter", any="Type"),
    "ZoneRecord": {**members(any="Name Type", int="TTL"), "Value": "list:str"},
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
    "TaskErrorStacks": "list:TaskStack",
    "AvailableActions": "list:AvailableAction",
    "Fingerprint": "MachineFingerprint",
    "PipelinePhase": "list:PipelinePhaseRecord",
    "Action": "Action",
    **dict.fromkeys(
        ("EnterActions", "ExitActions", "AllocateActions", "ReleaseActions"), "PoolTransitionActions"
    ),
    "AutoFill": "PoolAutoFill",
    **dict.fromkeys(("SetupWorkOrderTemplate", "PostWorkOrderTemplate", "WorkOrderTemplate"), "WorkOrder"),
    "WorkOrderCounts": "map:int",
    "Queries": "list:Query",
    "Components": "list:Element",
    "Actions": "list:ElementAction",
    "Files": "list:FileData",
    "Plugins": "list:Plugin",
    "Classifiers": "list:Classifier",
    "Menu": "list:MenuGroup",
    "Filters": "list:ZoneFilter",
    "Records": "list:ZoneRecord",
    "Shasum256": "map:str",
    "Prefs": "map:str",
    "Columns": "map:list:str",
    "GroupToRoles": "map:list:str",
}
"""Wherever a kind has them, they are of this type."""
_FORM_TYPES = {"list": "list:str", "map": "map:any", "struct": "any", "structs": "list:any"}


def _whole_object(fields: t.Mapping[str, str]) -> dict[str, str]:
    """The struct of an object that is a member of another one."""
    return {name: _member_type(name, form) for name, form in fields.items()}


def _member_type(member: str, form: str) -> str:
    if form == "struct" and member == "OS":
        return "OsInfo"
    return _MEMBER_TYPES.get(member, _FORM_TYPES[form]) if form in _FORM_TYPES else form


STRUCTS: t.Mapping[str, t.Mapping[str, str]] = {
    **_STRUCTS,
    "WorkOrder": _whole_object(models.MODELS["work_orders"].fields),
    "Plugin": _whole_object(models.MODELS["plugins"].fields),
}
"""The structs by name, with the types of their members."""


def type_of(kind: str, member: str) -> str:
    """The type of a member, in the model's spelling; ``any`` for what is not in the table."""
    model = models.find(kind)
    return _member_type(member, model.fields.get(member, "any") if model else "any")


def spellings(struct: str) -> dict[str, str]:
    """The members of a struct by their names in lower case."""
    return {name.lower(): name for name in STRUCTS[struct]}
