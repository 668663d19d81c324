# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The counter plugin provider: a small plugin to try actions with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from . import objects
from .version import VERSION
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server
    from .store import Row

NAME = "incrementer"
_STEP, _PARAMETER, _TOUCHED = "incrementer/step", "incrementer/parameter", "incrementer/touched"
_DEFAULT = "incrementer/default"


def _param(name: str, kind: str) -> Obj:
    return {
        "Available": False, "Description": "", "Documentation": "", "Errors": [], "Meta": {}, "Name": name,
        "ReadOnly": False, "Schema": {"type": kind}, "Secure": False, "Validated": False,
    }  # fmt: skip


# changes made by a plugin carry no user
_PRINCIPAL = "unknown"

_SCHEMAS = {
    "cow/id": "string",
    "cow/object": "object",
    _PARAMETER: "string",
    _STEP: "integer",
    _TOUCHED: "integer",
}
CONTENT: Obj = {
    "meta": {
        "Description": "Test Plugin for DRP",
        "Documentation": "Unspecified",
        "Name": NAME,
        "RequiredFeatures": "",
        "Source": "Digital Rebar",
        "Type": "plugin",
        "Version": "Internal",
    },
    "sections": {"params": {name: _param(name, kind) for name, kind in _SCHEMAS.items()}},
}

DEFINITION: Obj = {
    "Meta": {},
    "Name": NAME,
    "Version": VERSION,
    "PluginVersion": 2,
    "HasPublish": True,
    "AvailableActions": [
        {"Provider": "", "Model": "machines", "Command": "increment",
         "RequiredParams": None, "OptionalParams": [_STEP, _PARAMETER]},
        {"Provider": "", "Model": "machines", "Command": "reset_count",
         "RequiredParams": [_TOUCHED], "OptionalParams": None},
        {"Provider": "", "Model": "", "Command": "incrstatus",
         "RequiredParams": None, "OptionalParams": None},
    ],
    "RequiredParams": [],
    "OptionalParams": [],
    "StoreObjects": {
        "cows": {},
        "typed-cows": {
            "CanMilk": {"type": "boolean"},
            "Location": {"type": "string"},
            "Spotted": {"isrequired": True, "type": "boolean"},
        },
    },
    "Documentation": "",
    "Content": yaml.safe_dump(CONTENT).replace("''", '""'),
}  # fmt: skip


def run(server: Server, row: Row, command: str, values: Obj) -> Any:
    """Carry out an action; the values were checked before."""
    if command == "incrstatus":
        return "Running"
    if command == "reset_count":
        _change(server, row, {_TOUCHED: None})
        return "Success"
    name = values.get(_PARAMETER) or _DEFAULT
    count = row.data["Params"].get(name, 0) + values.get(_STEP, 1)
    touched = row.data["Params"].get(_TOUCHED, 0) + 1
    _change(server, _change(server, row, {name: count}), {_TOUCHED: touched})
    return count


def _change(server: Server, row: Row, values: Obj) -> Row:
    new = row.copy()
    merged = {**new["Params"], **values}
    new["Params"] = {k: v for k, v in merged.items() if v is not None}
    return objects.update(server, row, new, _PRINCIPAL)
