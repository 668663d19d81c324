# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One table of what the client knows about each kind of object: keys, indexes, fields, rules.

Objects themselves stay plain dicts in the server's own spelling; this table only says what a kind
is called, how its objects are found, and which references order the creation of several.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing as t

from .errors import UsageError

TEXT_TYPES = frozenset({"str", "uuid", "ip", "time"})
COMPUTED = ("Validated", "Available", "Errors", "ReadOnly")
"""Members that the server computes; what a client sends for them is overwritten."""

COMPUTED_V4 = ("Endpoint", "Bundle", "Partial")
"""Such members of v4 servers."""

_COMMON = {"Validated": "bool", "Available": "bool", "Errors": "list", "ReadOnly": "bool", "Meta": "map"}
_V4 = {"Endpoint": "str", "Bundle": "str", "Partial": "bool"}
_NAMING_FIELDS = {"Name": "str", "Description": "str", "Documentation": "str"}


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
    unique: tuple[str, ...] = ()
    """Unique indexes beside ``Key`` and the key field, usable as ``Index:value`` in a path."""
    creation_order: int = 50
    """Order of creation: an object only refers to kinds of a lower rank (or to its own kind)."""
    references: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Member name -> kind that it names, for the references within one kind."""
    creatable: bool = True
    writable: bool = True
    has_params: bool = False
    hidden: tuple[str, ...] = ()
    """Members that are never shown: secrets, and a machine's Profile, which v3.12 fills with junk."""

    @property
    def singular(self) -> str:
        return self.prefix[:-1] if self.prefix.endswith("s") else self.prefix

    def spelling(self, name: str) -> str | None:
        """The model's spelling of a member written in any letter case, or None."""
        return self._spellings.get(name.lower())

    @functools.cached_property
    def _spellings(self) -> dict[str, str]:
        return {field.lower(): field for field in self.fields}


def _model(prefix: str, fields: t.Mapping[str, str], **more: t.Any) -> Model:
    return Model(prefix, {**_COMMON, **fields, **_V4}, **more)


_MACHINE = {
    **_NAMING_FIELDS,
    "Uuid": "uuid",
    "CurrentJob": "uuid",
    "Address": "ip",
    "Stage": "str",
    "BootEnv": "str",
    "Workflow": "str",
    "Profiles": "list",
    "Profile": "any",
    "Params": "map",
    "Tasks": "list",
    "CurrentTask": "int",
    "Runnable": "bool",
    "Secret": "str",
    "OS": "str",
    "HardwareAddrs": "list",
    "Arch": "str",
    # v4
    "RetryTaskAttempt": "int",
    "TaskErrorStacks": "list",
    "Locked": "bool",
    "Context": "str",
    "Fingerprint": "struct",
    "Pool": "str",
    "PoolAllocated": "bool",
    "PoolStatus": "str",
    "WorkflowComplete": "bool",
}
_TEMPLATE_FIELDS = {"RequiredParams": "list", "OptionalParams": "list", "Templates": "structs"}
_BOOTENV = {
    **_NAMING_FIELDS,
    **_TEMPLATE_FIELDS,
    "OS": "struct",
    "Kernel": "str",
    "Initrds": "list",
    "BootParams": "str",
    "OnlyUnknown": "bool",
    "Loaders": "map",
}
_STAGE = {
    **_NAMING_FIELDS,
    **_TEMPLATE_FIELDS,
    "BootEnv": "str",
    "Tasks": "list",
    "Profiles": "list",
    "Reboot": "bool",
    "RunnerWait": "bool",
    "Params": "map",
}
_TASK = {
    **_NAMING_FIELDS,
    **_TEMPLATE_FIELDS,
    "Prerequisites": "list",
    "ExtraRoles": "list",
    "ExtraClaims": "structs",
}
_SUBNET = {
    **_NAMING_FIELDS,
    "Enabled": "bool",
    "Proxy": "bool",
    "Unmanaged": "bool",
    "Subnet": "str",
    "NextServer": "ip",
    "ActiveStart": "ip",
    "ActiveEnd": "ip",
    "ActiveLeaseTime": "int",
    "ReservedLeaseTime": "int",
    "OnlyReservations": "bool",
    "Options": "structs",
    "Strategy": "str",
    "Pickers": "list",
}
_RESERVATION = {
    "Addr": "ip",
    "Description": "str",
    "Documentation": "str",
    "Token": "str",
    "Subnet": "str",
    "NextServer": "ip",
    "Options": "structs",
    "Strategy": "str",
    "Scoped": "bool",
    "Duration": "int",
}
_LEASE = {
    "Addr": "ip",
    "NextServer": "ip",
    "Via": "ip",
    "Token": "str",
    "Duration": "int",
    "ExpireTime": "time",
    "Strategy": "str",
    "State": "str",
    "Options": "structs",
    "ProvidedOptions": "structs",
    "SkipBoot": "bool",
}
_JOB = {
    "Uuid": "uuid",
    "Previous": "uuid",
    "Machine": "uuid",
    "Task": "str",
    "Stage": "str",
    "State": "str",
    "ExitState": "str",
    "StartTime": "time",
    "EndTime": "time",
    "Archived": "bool",
    "Current": "bool",
    "CurrentIndex": "int",
    "NextIndex": "int",
    "Workflow": "str",
    "BootEnv": "str",
    "Context": "str",
    "ExtraClaims": "structs",
    "Token": "str",
}
_PROVIDER = {
    "Name": "str",
    "Version": "str",
    "PluginVersion": "int",
    "HasPublish": "bool",
    "AutoStart": "bool",
    "AvailableActions": "structs",
    "RequiredParams": "list",
    "OptionalParams": "list",
    "StoreObjects": "map",
    "Documentation": "str",
    "Content": "str",
}
_INTERFACE = {
    "Name": "str",
    "Index": "int",
    "Addresses": "list",
    "ActiveAddress": "str",
    "Gateway": "str",
    "DnsServers": "list",
    "DnsDomain": "str",
}
_POOL = {
    "Id": "str",
    "Description": "str",
    "Documentation": "str",
    "ParentPool": "str",
    "EnterActions": "struct",
    "ExitActions": "struct",
    "AllocateActions": "struct",
    "ReleaseActions": "struct",
    "AutoFill": "struct",
}
_READ_ONLY = {"creatable": False, "writable": False}

_ALL = (
    _model("roles", {**_NAMING_FIELDS, "Claims": "structs"}, creation_order=5),
    _model("params", {**_NAMING_FIELDS, "Secure": "bool", "Schema": "any"}, creation_order=10),
    _model("templates", {"ID": "str", "Description": "str", "Contents": "str"}, key="ID", creation_order=12),
    _model(
        "profiles",
        {**_NAMING_FIELDS, "Params": "map", "Profiles": "list"},
        creation_order=20,
        references={"Profiles": "profiles"},
        has_params=True,
    ),
    _model("bootenvs", _BOOTENV, creation_order=25),
    _model("tasks", _TASK, creation_order=26, references={"Prerequisites": "tasks"}),
    _model("stages", _STAGE, creation_order=30, has_params=True),
    _model("workflows", {**_NAMING_FIELDS, "Stages": "list"}, creation_order=40),
    _model("contexts", {**_NAMING_FIELDS, "Engine": "str", "Image": "str"}, creation_order=41),
    _model("pools", _POOL, key="Id", creation_order=42, references={"ParentPool": "pools"}),
    _model(
        "users",
        {"Name": "str", "Description": "str", "PasswordHash": "str", "Secret": "str", "Roles": "list"},
        creation_order=45,
        hidden=("Secret", "PasswordHash"),
    ),
    _model("tenants", {**_NAMING_FIELDS, "Members": "map", "Users": "list"}, creation_order=90),
    _model(
        "plugins",
        {**_NAMING_FIELDS, "Params": "map", "Provider": "str", "PluginErrors": "list"},
        creation_order=60,
        has_params=True,
    ),
    _model("subnets", _SUBNET, unique=("Subnet",), creation_order=65),
    _model("reservations", _RESERVATION, key="Addr", creation_order=66),
    _model(
        "machines",
        _MACHINE,
        key="Uuid",
        unique=("Name",),
        creation_order=80,
        has_params=True,
        hidden=("Secret", "Profile"),
    ),
    _model(
        "jobs", _JOB, key="Uuid", unique=("Machine",), creation_order=85, creatable=False, hidden=("Token",)
    ),
    _model("leases", _LEASE, key="Addr", **_READ_ONLY),
    _model("plugin_providers", _PROVIDER, **_READ_ONLY),
    _model("interfaces", _INTERFACE, **_READ_ONLY),
)
MODELS: t.Mapping[str, Model] = {model.prefix: model for model in _ALL}

SECRETS_OF_ANY_KIND = ("Secret", "PasswordHash")
"""Members that no object shows: should one come as an object of another kind, it shows nothing more."""
KINDS_WITH_SLASHES = frozenset({"params", "templates"})
"""Kinds whose objects may have a slash in their key."""
NOT_MODELS = frozenset(
    {"info", "indexes", "logs", "events", "ws", "files", "isos"}
    | {"contents", "prefs", "preferences", "meta", "system", "objects"}
)
"""First path parts that look like a kind and are none."""


def find(kind: str) -> Model | None:
    """The row of ``kind``, or None for a kind that only a plugin or a newer server defines."""
    return MODELS.get(kind)


def get(kind: str) -> Model:
    """The row of ``kind``; a kind that is not in the table is keyed by ``Id`` with free members.

    Plugins register kinds of their own, so only the server can say whether such a kind exists.
    """
    return MODELS.get(kind) or Model(kind, {}, key="Id", creation_order=70, has_params=True)


def require(kind: str, served: t.Iterable[str] = ()) -> Model:
    """The row of ``kind``; UsageError with a suggestion unless it is in the table or in ``served``."""
    if kind in MODELS or (kind in served and kind not in NOT_MODELS):
        return get(kind)
    if kind in ("files", "isos"):
        raise UsageError(
            f"kind: {kind} are no objects. drp_info lists them with gather: [{kind}], drp_blob manages them"
        )
    known = sorted({*MODELS, *(name for name in served if name not in NOT_MODELS)})
    close = difflib.get_close_matches(kind, known, 1, 0.6)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise UsageError(f"unknown kind {kind!r}. {hint}Known kinds: {', '.join(known)}")


def key_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """The key of an object: its Name, Uuid, ID or Addr; "" when it has none yet."""
    return str(item.get(get(kind).key) or "")


def label_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """What a person calls the object: its Name where it has one, else its key."""
    return str(item.get("Name") or key_of(kind, item))
