# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the stack of read-only layers into rows, and judges every object again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .go_types import DecodeError
from .rules import Change
from .rules.base import parse_problem
from .store import WRITABLE, Layer, Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server

# referred objects come before those that refer to them
_ORDER = (
    "params", "templates", "profiles", "roles", "bootenvs", "tasks", "stages", "workflows", "users",
    "tenants", "subnets", "reservations", "leases", "plugins", "machines", "jobs",
)  # fmt: skip


class LoadError(Exception):
    """An object of a layer cannot be decoded, or a template has bad syntax."""


class KeyClash(Exception):
    """A new layer holds keys it must not hold."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)
        self.problems = problems


def install(server: Server, layer: Layer) -> None:
    """Put the layer into the stack, in place of one of that name; nothing changes when that fails."""
    before = dict(server.store.layers)
    rows = _decode(server, layer)
    _refuse_clashes(server, layer, rows)
    server.store.layers = {**before, layer.name: layer}
    rebuild(server)


def uninstall(server: Server, name: str) -> None:
    del server.store.layers[name]
    rebuild(server)


def rebuild(server: Server) -> None:
    rows = [row for layer in server.store.stack() for row in _decode(server, layer)]
    server.store.load(rows)
    recheck_all(server)


def recheck_all(server: Server) -> None:
    extra = [prefix for prefix in server.store.tables if prefix not in _ORDER]
    for prefix in (*_ORDER, *extra):
        recheck(server, prefix)


def recheck(server: Server, prefix: str) -> None:
    """Recompute availability; a change of it is no write and makes no event."""
    table = server.store[prefix]
    if "Validated" not in table.model.struct.fields:
        return
    rules = server.server_profile.rules(prefix)
    for row in table.rows.values():
        validation_problems = rules.validation_problems(server, row.data)
        errors = validation_problems + rules.availability_problems(server, row.data)
        fresh = {"Validated": not validation_problems, "Available": not errors, "Errors": errors}
        if any(row.data[name] != value for name, value in fresh.items()):
            row.refresh(**fresh)


def warnings(server: Server) -> list[str]:
    """Messages of all objects of the system, as the content summary shows them."""
    return [
        f"{prefix}:{row.key}: {message}"
        for prefix, table in server.store.tables.items()
        for row in table
        for message in row.data.get("Errors", [])
    ]


def _decode(server: Server, layer: Layer) -> list[Row]:
    rows = []
    for prefix, objects in layer.sections.items():
        table = server.store.tables.get(prefix)
        if table:
            for key, obj in objects.items():
                rows.append(_row(server, layer, prefix, key, obj))
    return rows


def _row(server: Server, layer: Layer, prefix: str, key: str, obj: Obj) -> Row:
    model = server.store[prefix].model
    try:
        data = model.decode(obj)
    except DecodeError as problem:
        raise LoadError(f"{prefix}:{key}: {problem}") from None
    if prefix == "templates" and (trouble := parse_problem(data["Contents"])):
        raise LoadError(f"{prefix}:{key}: {trouble}")
    if "ReadOnly" in data:
        data["ReadOnly"] = True
    if "Bundle" in data:
        data["Bundle"] = layer.name
    server.server_profile.rules(prefix).set_defaults(Change(server, None, data, internal=True))
    return Row(model, model.key(data), data, layer.name)


def _refuse_clashes(server: Server, layer: Layer, rows: list[Row]) -> None:
    """A pack may hide default and basic objects, but neither writable nor other packs' ones."""
    problems = []
    for row in rows:
        present = server.store[row.model.prefix].get(row.key)
        if not present or present.layer == layer.name:
            continue
        other = server.store.layers.get(present.layer)
        if present.layer == WRITABLE or (other and other.type in ("dynamic", "plugin")):
            problems.append(f"{row.model.prefix}:{row.key} is already in {present.layer}")
    if problems:
        raise KeyClash(problems)
