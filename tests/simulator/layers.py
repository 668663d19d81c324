# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the stack of read-only layers into rows, and judges every object again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .go_types import DecodeError
from .gotmpl import ParseError, parse
from .rules import Change
from .store import WRITABLE, Layer, Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server

# how the server loads them: what comes later is not there yet for what comes before
_ORDER = (
    "roles", "preferences", "params", "users", "templates", "tasks", "profiles", "bootenvs", "stages",
    "workflows", "machines", "subnets", "reservations", "leases", "plugins", "jobs", "tenants",
)  # fmt: skip


class LoadError(Exception):
    """What keeps the server from loading its objects with a new layer."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)
        self.problems = problems


class KeyClash(Exception):
    """A new layer holds keys it must not hold."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)
        self.problems = problems


def install(server: Server, layer: Layer, *, replace_writable: bool = False) -> None:
    """Put the layer into the stack, in place of one of that name; nothing changes when that fails.

    With ``replace_writable`` it takes the place of writable objects with the same keys.
    """
    store = server.store
    _refuse_clashes(server, layer, replace_writable)
    layers, rows = dict(store.layers), {prefix: list(table) for prefix, table in store.tables.items()}
    store.layers = {**layers, layer.name: layer}
    for prefix, key in _keys(server, layer) if replace_writable else ():
        present = store[prefix].get(key)
        if present and present.layer == WRITABLE:
            store[prefix].drop(present)
    try:
        rebuild(server)
    except LoadError:
        store.layers = layers
        store.restore(rows)
        raise


def uninstall(server: Server, name: str) -> None:
    del server.store.layers[name]
    rebuild(server)


def rebuild(server: Server) -> None:
    store = server.store
    rows, problems = [], []
    for layer in store.stack():
        for prefix, key, obj in _objects(server, layer):
            try:
                rows.append(_row(server, layer, prefix, key, obj))
            except DecodeError as problem:
                problems += [
                    f"Store {prefix} item {key} failed to load from layer content-{layer.name}: {problem}",
                    f"Try manually replacing content layer {layer.name}",
                ]
    if problems:
        raise LoadError(problems)
    store.load(rows)
    _check_templates(server)
    extra = [prefix for prefix in store.tables if prefix not in _ORDER]
    store.loading = True
    for prefix in (*_ORDER, *extra):
        for row in list(store[prefix]):
            _reload(server, row)
    store.loading = False
    _seal_plain_values(server)


def _reload(server: Server, row: Row) -> None:
    """Judge an object as the server does when it loads it; neither a write nor an event."""
    rules = server.server_profile.rules(row.model.prefix)
    if rules.trusted_in_packs:
        row.refresh(Validated=True, Available=True, Errors=[])
    else:
        recheck(server, row)
    rules.on_loaded(server, row)


def recheck(server: Server, row: Row) -> None:
    """Recompute availability; a change of it is no write and makes no event."""
    if "Validated" not in row.model.struct.fields:
        return
    rules = server.server_profile.rules(row.model.prefix)
    problems = rules.validation_problems(server, row.data)
    errors = problems
    if not problems or rules.tells_all:
        errors = problems + rules.availability_problems(server, row.data)
    fresh = {"Validated": not problems, "Available": not errors, "Errors": errors}
    if any(row.data[name] != value for name, value in fresh.items()):
        row.refresh(**fresh)


def warnings(server: Server) -> list[str]:
    """Messages of all valid objects of the system, as the content summary shows them."""
    return [
        f"{prefix}:{row.key}: {message}"
        for prefix, table in server.store.tables.items()
        for row in table
        if row.data.get("Validated")
        for message in row.data.get("Errors", [])
    ]


def _objects(server: Server, layer: Layer) -> Iterator[tuple[str, str, Obj | None]]:
    """(prefix, key, object) of what the server knows the type of."""
    for prefix, objects in layer.sections.items():
        if prefix in server.store.tables:
            for key, obj in objects.items():
                yield prefix, key, obj


def _row(server: Server, layer: Layer, prefix: str, key: str, obj: Obj | None) -> Row:
    model = server.store[prefix].model
    rules = server.server_profile.rules(prefix)
    data = model.decode({} if obj is None else obj)
    rules.fill(data)
    if "ReadOnly" in data:
        data["ReadOnly"] = True
    if "Bundle" in data:
        data["Bundle"] = layer.name
    rules.set_defaults(Change(server, None, data, internal=True))
    return Row(model, model.key(data), data, layer.name)


def _check_templates(server: Server) -> None:
    """Each template alone, then all in one text, where none may define another."""
    problems, joined = [], ""
    for row in server.store["templates"]:
        joined += f'{{{{define "{row.key}"}}}}{row.data["Contents"]}{{{{end}}}}'
        try:
            parse(row.data["Contents"])
        except ParseError as problem:
            problems.append(f"Unable to load {row.key} templates: {problem}")
    if not problems:
        try:
            parse(joined)
        except ParseError as problem:
            problems.append(f"Unable to load root templates: {problem}")
    if problems:
        raise LoadError(problems)


def _seal_plain_values(server: Server) -> None:
    """Values of params that are secure by now are sealed where they lie; in a pack nothing can be changed."""
    problems = []
    for prefix in sorted(name for name, model in server.server_profile.models.items() if model.has_params):
        for row in list(server.store[prefix]):
            sealed = server.params.sealed((prefix, row.key), row.data["Params"])
            if not sealed:
                continue
            if row.read_only:
                problems.append(f"Error saving {prefix}:{row.key} with secured params: {row.key}")
            else:
                row.refresh(Params={**row.data["Params"], **sealed})
                recheck(server, row)
    if problems:
        raise LoadError(problems)


def _keys(server: Server, layer: Layer) -> Iterator[tuple[str, str]]:
    for prefix, objects in layer.sections.items():
        for key in objects if prefix in server.store.tables else ():
            yield prefix, key


def _refuse_clashes(server: Server, layer: Layer, replace_writable: bool) -> None:
    """A pack may hide default and basic objects, but neither writable nor other packs' ones."""
    store = server.store
    others = [o for o in store.layers.values() if o.name != layer.name and o.type in ("dynamic", "plugin")]
    problems = []
    for prefix, objects in layer.sections.items():
        table = store.tables.get(prefix)
        for key in objects:
            present = table.get(key) if table else None
            in_the_way = present and present.layer == WRITABLE and not replace_writable
            where = [WRITABLE] if in_the_way else []
            where += [other.name for other in others if key in other.sections.get(prefix, ())]
            problems += [f"keysCannotBeOverridden: {prefix}:{key} is already in layer {n}" for n in where]
    if problems:
        raise KeyClash(problems)
