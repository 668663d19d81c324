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
    from .server import Server


def create(server: Server, model: Model, obj: Obj, principal: str, *, internal: bool = False) -> Row:
    """Store a new object; ApiError with the answer of POST when it cannot be."""
    rules = server.server_profile.rules(model.prefix)
    change = Change(server, None, obj, internal=internal)
    rules.set_defaults(change)
    key = model.key(obj)
    if not key:
        raise bad_request("CREATE", "Empty key not allowed", model=model.prefix)
    table = server.store[model.prefix]
    if table.get(key):
        raise ApiError(409, "CREATE", "already exists", model=model.prefix, key=key)
    _run_rules(server, model, key, change)
    row = Row(model, key, obj)
    table.put(row)
    _done(server, row, "create", principal)
    rules.on_saved(server, row, None)
    return row


def update(
    server: Server, row: Row, new: Obj, principal: str, *, method: str = "PATCH", action: str = "update",
    force: bool = False, internal: bool = False,
) -> Row:  # fmt: skip
    """Store a changed object; ApiError with the answer of PATCH or PUT when it cannot be."""
    model = row.model
    rules = server.server_profile.rules(model.prefix)
    key = model.key(new)
    if key != row.key:
        raise bad_request(method, f"Update: {model.prefix}:{key} does not already exist")
    if row.read_only:
        raise bad_request(method, row.key)
    change = Change(server, row.data, new, force=force, internal=internal)
    rules.set_defaults(change)
    _run_rules(server, model, key, change)
    rules.before_store(change, principal)
    stored = Row(model, key, new)
    server.store[model.prefix].put(stored)
    _done(server, stored, action, principal, changed=new != row.data)
    rules.on_saved(server, stored, row)
    return stored


def remove(server: Server, row: Row, principal: str) -> None:
    """Delete an object; ApiError with the answer of DELETE when it must stay."""
    rules = server.server_profile.rules(row.model.prefix)
    rules.guard_delete(server, row)
    if row.read_only:
        raise ApiError(404, "DELETE", f"readonly: {row.key}")
    server.store[row.model.prefix].drop(row)
    _done(server, row, "delete", principal)
    rules.on_removed(server, row, principal)


def _done(server: Server, row: Row, action: str, principal: str, *, changed: bool = True) -> None:
    server.stats.changes += changed
    server.bus.publish(row.model.prefix, action, row.key, principal, lambda: row.full_text)


def _run_rules(server: Server, model: Model, key: str, change: Change) -> None:
    """Apply follow-up changes, refuse what is wrong, compute availability."""
    rules, new = server.server_profile.rules(model.prefix), change.new
    rules.change(change)
    problems = change.refusals or rules.validation_problems(server, new)
    if not problems:
        clashes = server.store[model.prefix].clashes(key, new)
        problems = [f"{model.prefix}:{key} violates unique index {index}" for index in clashes]
    if problems:
        raise invalid(model.prefix, key, problems)
    errors = rules.availability_problems(server, new) + change.passing
    if errors and change.creates and rules.strict_create:
        raise invalid(model.prefix, key, errors)
    if "Validated" in model.struct.fields:
        new.update(Validated=True, Available=not errors, Errors=errors)
    if change.creates and "ReadOnly" in new:
        new["ReadOnly"] = False
    if errors and "Runnable" in new:
        new["Runnable"] = False
