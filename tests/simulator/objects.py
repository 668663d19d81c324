# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to the store: create, update and delete with their rules, availability and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ApiError, bad_request, invalid
from .models import Model
from .rules import Change
from .rules.names import stored_name_problem
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server


def create(server: Server, model: Model, obj: Obj, principal: str, *, internal: bool = False) -> Row:
    """Store a new object; ApiError with the answer of POST when it cannot be."""
    rules = server.server_profile.rules(model.prefix)
    change = Change(server, None, obj, internal=internal)
    rules.fill(obj)
    rules.set_defaults(change)
    key = model.key(obj)
    if not key:
        raise bad_request("CREATE", "Empty key not allowed", model=model.prefix)
    table = server.store[model.prefix]
    if table.get(key):
        raise ApiError(409, "CREATE", "already exists", model=model.prefix, key=key)
    _judge(server, model, key, change)
    if problem := stored_name_problem(key):
        raise bad_request("POST", problem)
    server.server_profile.stamp(change, principal)
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
    change = Change(server, row.data, new, force=force, internal=internal)
    rules.fill(new)
    rules.set_defaults(change)
    _judge(server, model, key, change)
    if row.read_only:
        raise bad_request(method, row.key)
    rules.before_store(change, principal)
    changed = new != row.data
    server.server_profile.stamp(change, principal)
    stored = Row(model, key, new)
    stored.forced = force
    server.store[model.prefix].put(stored)
    _done(server, stored, action, principal, changed=changed)
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


def _judge(server: Server, model: Model, key: str, change: Change) -> None:
    """Apply follow-up changes, refuse what is wrong, compute availability."""
    rules, new = server.server_profile.rules(model.prefix), change.new
    rules.change(change)
    if change.refusals:
        raise invalid(model.prefix, key, change.refusals)
    problems = change.noted + rules.validation_problems(server, new)
    # one clash is enough to refuse
    clash = next(server.store[model.prefix].clashes(key, new), None)
    problems += [f"{model.prefix}:{key} violates unique index {clash}"] if clash else []
    errors = problems
    if not problems or rules.tells_all:
        errors = problems + rules.availability_problems(server, new) + change.passing
    if problems or (errors and change.creates and rules.strict_create):
        raise invalid(model.prefix, key, errors)
    if "Validated" in model.struct.fields:
        new.update(Validated=True, Available=not errors, Errors=errors)
    if errors and "Runnable" in new:
        new["Runnable"] = False
