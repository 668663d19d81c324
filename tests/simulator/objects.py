# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to the store: create, update and delete with their rules, availability and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ApiError, bad_request, invalid
from .models import Model
from .rules import Change
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .world import World


def create(world: World, model: Model, obj: Obj, who: str, *, internal: bool = False) -> Row:
    """Store a new object; ApiError with the answer of POST when it cannot be."""
    rules = world.manner.rules(model.prefix)
    change = Change(world, None, obj, internal=internal)
    rules.fill(change)
    key = model.key(obj)
    if not key:
        raise bad_request("CREATE", "Empty key not allowed", model=model.prefix)
    table = world.store[model.prefix]
    if table.get(key):
        raise ApiError(409, "CREATE", "already exists", model=model.prefix, key=key)
    _run_rules(world, model, key, change)
    row = Row(model, key, obj)
    table.put(row)
    _done(world, row, "create", who)
    rules.saved(world, row, None)
    return row


def update(
    world: World, row: Row, new: Obj, who: str, *, method: str = "PATCH", action: str = "update",
    force: bool = False, internal: bool = False,
) -> Row:  # fmt: skip
    """Store a changed object; ApiError with the answer of PATCH or PUT when it cannot be."""
    model = row.model
    rules = world.manner.rules(model.prefix)
    key = model.key(new)
    if key != row.key:
        raise bad_request(method, f"Update: {model.prefix}:{key} does not already exist")
    if row.read_only:
        raise bad_request(method, row.key)
    change = Change(world, row.data, new, force=force, internal=internal)
    rules.fill(change)
    _run_rules(world, model, key, change)
    rules.storing(change, who)
    stored = Row(model, key, new)
    world.store[model.prefix].put(stored)
    _done(world, stored, action, who, changed=new != row.data)
    rules.saved(world, stored, row)
    return stored


def remove(world: World, row: Row, who: str) -> None:
    """Delete an object; ApiError with the answer of DELETE when it must stay."""
    rules = world.manner.rules(row.model.prefix)
    rules.guard_delete(world, row)
    if row.read_only:
        raise ApiError(404, "DELETE", f"readonly: {row.key}")
    world.store[row.model.prefix].drop(row)
    _done(world, row, "delete", who)
    rules.removed(world, row, who)


def _done(world: World, row: Row, action: str, who: str, *, changed: bool = True) -> None:
    world.stats.changes += changed
    world.bus.publish(row.model.prefix, action, row.key, who, lambda: row.full_text)


def _run_rules(world: World, model: Model, key: str, change: Change) -> None:
    """Apply follow-up changes, refuse what is wrong, compute availability."""
    rules, new = world.manner.rules(model.prefix), change.new
    rules.change(change)
    problems = change.refusals or rules.malformed(world, new)
    if not problems:
        clashes = world.store[model.prefix].clashes(key, new)
        problems = [f"{model.prefix}:{key} violates unique index {index}" for index in clashes]
    if problems:
        raise invalid(model.prefix, key, problems)
    errors = rules.unusable(world, new) + change.passing
    if errors and change.creates and rules.strict_create:
        raise invalid(model.prefix, key, errors)
    if "Validated" in model.struct.fields:
        new.update(Validated=True, Available=not errors, Errors=errors)
    if change.creates and "ReadOnly" in new:
        new["ReadOnly"] = False
    if errors and "Runnable" in new:
        new["Runnable"] = False
