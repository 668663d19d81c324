# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every model is made of: fields in wire order, key field, indexes, routes it offers."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from . import indexes as ix
from .go_types import (
    ANY,
    ANY_MAP,
    BOOL,
    BYTE,
    BYTES,
    INT,
    INT32,
    IP,
    STR,
    STRING_MAP,
    STRINGS,
    TIME,
    UUID,
    DecodeError,
    GoType,
    ListOf,
    MapOf,
    Struct,
)
from .wire import Obj

_HEX_KEY = re.compile(r"[0-9A-F]{8}|[0-9A-F]{32}")

VALIDATION: dict[str, GoType] = {"Validated": BOOL, "Available": BOOL, "Errors": STRINGS, "ReadOnly": BOOL}


@dataclass(frozen=True)
class Model:
    """One prefix of the API."""

    prefix: str
    struct: Struct
    key_field: str
    indexes: dict[str, ix.Index]
    hex_key: bool = False
    has_params: bool = False
    has_meta: bool = True
    writable: bool = True
    counted: bool = True
    hidden: frozenset[str] = frozenset()

    def decode(self, value: Any) -> Obj:
        return self.struct.decode(value)

    def key(self, obj: Obj) -> str:
        text = obj.get(self.key_field) or ""
        return hex_key(text) if self.hex_key and text else text

    def asked_key(self, text: str) -> str:
        """The key behind what stands in a path: leases and reservations may be asked for by address."""
        if not self.hex_key or _HEX_KEY.fullmatch(text):
            return text
        try:
            return hex_key(text)
        except ValueError:
            return text

    def public(self, obj: Obj) -> Obj:
        return {k: v for k, v in obj.items() if k not in self.hidden} if self.hidden else obj


class RawStruct(Struct):
    """A plugin-defined type keeps every member it is given, plus the usual ones."""

    def __init__(self, prefix: str) -> None:
        common = {"Type": STR, "Params": ANY_MAP, "Description": STR, "Documentation": STR}
        super().__init__("RawModel", **_head(), **common, forceChange=BOOL)
        self.prefix = prefix

    def decode(self, value: Any, where: str = "") -> Obj:
        if not isinstance(value, dict):
            raise DecodeError("json: cannot unmarshal value into Go value of type models.RawModel")
        known = super().decode({k: v for k, v in value.items() if k in self.fields})
        known["Type"] = self.prefix
        return {**known, **{k: v for k, v in value.items() if k not in self.fields}}


def hex_key(address: str) -> str:
    """Empty for what is no IPv4 address."""
    found = ipaddress.ip_address(address)
    return found.packed.hex().upper() if found.version == 4 else ""


def _head(meta: GoType = STRING_MAP) -> dict[str, GoType]:
    return {**VALIDATION, "Meta": meta}


def _texts(*names: str) -> dict[str, GoType]:
    return dict.fromkeys(names, STR)


TEMPLATE_INFO = Struct("TemplateInfo", **_texts("Name", "Path", "ID", "Contents"), Meta=MapOf(STR, bare=True))
ARCH_INFO = Struct(
    "ArchInfo",
    **_texts("IsoFile", "Sha256", "IsoUrl", "Kernel"),
    Initrds=STRINGS,
    **_texts("BootParams", "Loader"),
)
OS_INFO = Struct(
    "OsInfo",
    **_texts("Name", "Family", "Codename", "Version", "IsoFile", "IsoSha256", "IsoUrl"),
    SupportedArchitectures=MapOf(ARCH_INFO),
)
CLAIM = Struct("Claim", **_texts("scope", "action", "specific"))
DHCP_OPTION = Struct("DhcpOption", Code=BYTE, Value=STR)
AVAILABLE_ACTION = Struct(
    "AvailableAction", **_texts("Provider", "Model", "Command"), RequiredParams=ANY, OptionalParams=ANY
)

# machines once had one; nobody fills it
OWN_PROFILE = Struct(
    "Profile", Validated=BOOL, Available=BOOL, Errors=ListOf(STR, bare=True), ReadOnly=BOOL,
    Meta=MapOf(STR, bare=True), **_texts("Name", "Description", "Documentation"),
    Params=MapOf(ANY, bare=True),
)  # fmt: skip

_DOC = _texts("Name", "Description", "Documentation")
_TEMPLATES = ListOf(TEMPLATE_INFO)
_NEEDS: dict[str, GoType] = {"RequiredParams": STRINGS, "OptionalParams": STRINGS}
_OPTIONS = ListOf(DHCP_OPTION)

_STRUCTS: dict[str, Struct] = {
    "bootenvs": Struct(
        "BootEnv", **_head(), **_DOC, OS=OS_INFO, Templates=_TEMPLATES, Kernel=STR, Initrds=STRINGS,
        BootParams=STR, **_NEEDS, OnlyUnknown=BOOL,
    ),
    "jobs": Struct(
        "Job", **_head(), Uuid=UUID, Previous=UUID, Machine=UUID,
        **_texts("Task", "Stage", "State", "ExitState"), StartTime=TIME,
        EndTime=TIME, Archived=BOOL, Current=BOOL, CurrentIndex=INT, NextIndex=INT,
        **_texts("Workflow", "BootEnv"),
    ),
    "leases": Struct(
        "Lease", **_head(), Addr=IP, NextServer=IP, Via=IP, Token=STR, Duration=INT32, ExpireTime=TIME,
        **_texts("Strategy", "State"), Options=_OPTIONS, SkipBoot=BOOL,
    ),
    "machines": Struct(
        "Machine", **_head(), **_texts("Name", "Description"), Uuid=UUID, CurrentJob=UUID, Address=IP,
        **_texts("Stage", "BootEnv"), Profiles=STRINGS, Profile=OWN_PROFILE, Params=ANY_MAP,
        Tasks=STRINGS, CurrentTask=INT, Runnable=BOOL, **_texts("Secret", "OS"), HardwareAddrs=STRINGS,
        **_texts("Workflow", "Arch"),
    ),
    "params": Struct("Param", **_head(), **_DOC, Secure=BOOL, Schema=ANY),
    "plugins": Struct(
        "Plugin", **_head(), **_DOC, Params=ANY_MAP, Provider=STR, PluginErrors=STRINGS
    ),
    "plugin_providers": Struct(
        "PluginProvider", Meta=STRING_MAP, **_texts("Name", "Version"), PluginVersion=INT, HasPublish=BOOL,
        AvailableActions=ListOf(AVAILABLE_ACTION), **_NEEDS, StoreObjects=ANY_MAP, Documentation=STR,
        Content=STR,
    ),
    "preferences": Struct("Pref", Meta=STRING_MAP, **_texts("Name", "Val")),
    "profiles": Struct("Profile", **_head(), **_DOC, Params=ANY_MAP),
    "reservations": Struct(
        "Reservation", **_head(), Addr=IP, **_texts("Description", "Documentation", "Token", "Subnet"),
        NextServer=IP, Options=_OPTIONS, Strategy=STR, Scoped=BOOL, Duration=INT32,
    ),
    "roles": Struct(
        "Role", **_head(), Name=STR, Claims=ListOf(CLAIM), **_texts("Description", "Documentation")
    ),
    "stages": Struct(
        "Stage", **_head(), **_DOC, Templates=_TEMPLATES, **_NEEDS, BootEnv=STR, Tasks=STRINGS,
        Profiles=STRINGS, Reboot=BOOL, RunnerWait=BOOL,
    ),
    "subnets": Struct(
        "Subnet", **_head(), **_DOC, Enabled=BOOL, Proxy=BOOL, Unmanaged=BOOL, Subnet=STR, NextServer=IP,
        ActiveStart=IP, ActiveEnd=IP, ActiveLeaseTime=INT32, ReservedLeaseTime=INT32, OnlyReservations=BOOL,
        Options=_OPTIONS, Strategy=STR, Pickers=STRINGS,
    ),
    "tasks": Struct("Task", **_head(), **_DOC, Templates=_TEMPLATES, **_NEEDS),
    "templates": Struct("Template", **_head(), **_texts("ID", "Description", "Contents")),
    "tenants": Struct("Tenant", **_head(), **_DOC, Members=MapOf(STRINGS), Users=STRINGS),
    "users": Struct(
        "User", **_head(), **_texts("Name", "Description"), PasswordHash=BYTES, Secret=STR, Roles=STRINGS
    ),
    "workflows": Struct("Workflow", **_head(), **_DOC, Stages=STRINGS),
}  # fmt: skip

_EXTRA: dict[str, list[ix.Index]] = {
    "bootenvs": [ix.index("OsName", path="OS.Name"), ix.index("OnlyUnknown", ix.BOOLEAN)],
    "jobs": [
        ix.index("Uuid", ix.UUID, unique=True), ix.index("Machine", ix.UUID, unique=True),
        ix.index("Previous", ix.UUID),
        *(ix.index(name) for name in ("Stage", "Workflow", "BootEnv", "Task", "State")),
        ix.index("Archived", ix.BOOLEAN), ix.index("Current", ix.BOOLEAN),
        ix.index("StartTime", ix.DATETIME), ix.index("EndTime", ix.DATETIME),
    ],
    "leases": [
        ix.index("Addr", ix.ADDRESS), ix.index("Token"), ix.index("Strategy"), ix.index("State"),
        ix.index("ExpireTime", ix.EXPIRY),
    ],
    "machines": [
        ix.index("Uuid", ix.UUID, unique=True), ix.index("Stage"), ix.index("Workflow"), ix.index("BootEnv"),
        ix.index("Address", ix.ADDRESS), ix.index("Runnable", ix.BOOLEAN),
    ],
    "plugins": [ix.index("Provider")],
    "reservations": [
        ix.index("Addr", ix.ADDRESS), ix.index("Token"), ix.index("Strategy"),
        ix.index("NextServer", ix.ADDRESS),
    ],
    "stages": [ix.index("BootEnv"), ix.index("Reboot", ix.BOOLEAN)],
    "subnets": [
        ix.index("Strategy"), ix.index("NextServer", ix.ADDRESS), ix.index("Address", ix.ADDRESS),
        ix.index("ActiveAddress", ix.ADDRESS), ix.index("Subnet", ix.CIDR, unique=True),
        ix.index("Enabled", ix.BOOLEAN), ix.index("Proxy", ix.BOOLEAN),
    ],
    "templates": [ix.index("ID", unique=True)],
}  # fmt: skip

_KEY_FIELDS = {
    "machines": "Uuid",
    "jobs": "Uuid",
    "templates": "ID",
    "leases": "Addr",
    "reservations": "Addr",
}
_UNINDEXED = ("plugin_providers", "preferences")
_WITH_PARAMS = ("machines", "profiles", "plugins")


def _indexes(prefix: str, struct: Struct, key_field: str) -> dict[str, ix.Index]:
    if prefix in _UNINDEXED:
        return {}
    found = ix.base_indexes(key_field)
    if "Name" in struct.fields:
        found.append(ix.index("Name", unique=True))
    return {index.name: index for index in found + _EXTRA.get(prefix, [])}


def _model(prefix: str, struct: Struct) -> Model:
    key_field = _KEY_FIELDS.get(prefix, "Name")
    return Model(
        prefix,
        struct,
        key_field,
        _indexes(prefix, struct, key_field),
        hex_key=key_field == "Addr",
        has_params=prefix in _WITH_PARAMS,
        writable=prefix not in ("leases", "plugin_providers", "preferences"),
        counted=prefix not in _UNINDEXED,
        hidden=frozenset({"PasswordHash"}) if prefix == "users" else frozenset(),
    )


MODELS: dict[str, Model] = {prefix: _model(prefix, struct) for prefix, struct in _STRUCTS.items()}


def raw_model(prefix: str) -> Model:
    """The model of a type that a plugin provider stores."""
    struct = RawStruct(prefix)
    return Model(prefix, struct, "Id", {i.name: i for i in ix.base_indexes("Id")}, has_params=True)
