# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh server holds: built-in layers, the first user, the global profile."""

from __future__ import annotations

from .auth import hash_password
from .store import Layer, Row, Store
from .wire import Obj, new_secret

DEFAULT_USER = "rocketskates"
DEFAULT_PASSWORD = "r0cketsk8ts"

_TITLE = "Digital Rebar Provision"
_PXE_LOCAL = 'DEFAULT local\nPROMPT 0\nTIMEOUT 10\nLABEL local\n{{.Param "pxelinux-local-boot"}}\n'
_IPXE_LOCAL = "#!ipxe\nexit\n"


def _meta(icon: str, color: str = "green", **more: str) -> Obj:
    return {"icon": icon, "color": color, "title": _TITLE, **more}


def _template(name: str, path: str, contents: str) -> Obj:
    return {"Name": name, "Path": path, "Contents": contents}


_FLAGS = {"feature-flags": "change-stage-v2"}
_BOOTENVS: dict[str, Obj] = {
    "ignore": {
        "Name": "ignore",
        "Description": "Lets unknown machines boot off their local hard drive",
        "OS": {"Name": "ignore"},
        "OnlyUnknown": True,
        "Templates": [
            _template("pxelinux", "pxelinux.cfg/default", _PXE_LOCAL),
            _template("ipxe", "default.ipxe", _IPXE_LOCAL),
        ],
        "Meta": _meta("circle thin", **_FLAGS),
    },
    "local": {
        "Name": "local",
        "Description": "Lets known machines boot off their local hard drive",
        "OS": {"Name": "local"},
        "Templates": [
            _template("pxelinux", "pxelinux.cfg/{{.Machine.HexAddress}}", _PXE_LOCAL),
            _template("ipxe", "{{.Machine.Address}}.ipxe", _IPXE_LOCAL),
            _template("pxelinux-mac", 'pxelinux.cfg/{{.Machine.MacAddr "pxelinux"}}', _PXE_LOCAL),
            _template("ipxe-mac", '{{.Machine.MacAddr "ipxe"}}.ipxe', _IPXE_LOCAL),
        ],
        "Meta": _meta("radio", **_FLAGS),
    },
}
_STAGES: dict[str, Obj] = {
    "none": {"Name": "none", "Description": "Noop / Nothing stage", "Meta": _meta("circle thin")},
    "local": {
        "Name": "local",
        "BootEnv": "local",
        "Description": "Stage to boot into the local BootEnv.",
        "Meta": _meta("radio"),
    },
}
_ROLES: dict[str, Obj] = {
    "superuser": {"Name": "superuser", "Claims": [{"scope": "*", "action": "*", "specific": "*"}]}
}
_PARAMS: dict[str, Obj] = {
    "pxelinux-local-boot": {
        "Name": "pxelinux-local-boot",
        "Description": "How pxelinux boots off the local hard drive",
        "Schema": {"type": "string", "default": "localboot 0"},
    }
}

# computing scrypt once per process keeps resets cheap
_password_hash: list[str] = []


def basic_layer() -> Layer:
    meta = {
        "Name": "BasicStore",
        "Description": "Default objects that must be present",
        "Version": "Unversioned",
    }
    sections = {"bootenvs": _BOOTENVS, "params": _PARAMS, "roles": _ROLES, "stages": _STAGES}
    return Layer("BasicStore", "basic", meta, sections)


def default_layer() -> Layer:
    return Layer(
        "DefaultStore", "default", {"Name": "DefaultStore", "Description": "Initial Default Content"}
    )


def add_first_objects(store: Store) -> None:
    """The writable objects that a server makes on its first start."""
    if not _password_hash:
        _password_hash.append(hash_password(DEFAULT_PASSWORD))
    user: Obj = {
        "Name": DEFAULT_USER,
        "PasswordHash": _password_hash[0],
        "Secret": new_secret(),
        "Roles": ["superuser"],
    }
    profile: Obj = {
        "Name": "global",
        "Description": "Global profile attached automatically to all machines.",
        "Meta": _meta("world", "blue"),
    }
    for prefix, obj in (("users", user), ("profiles", profile)):
        model = store[prefix].model
        store[prefix].put(Row(model, obj["Name"], model.decode(obj)))
