# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server in memory with the four methods that the engine uses, and hooks to misbehave."""

from __future__ import annotations

import copy
import typing as t
import uuid
from collections.abc import Callable

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    Conflict,
    Invalid,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.patch import Patch, apply_patch

Object = dict[str, t.Any]
Hook = Callable[["FakeClient", str, str], None]


class FakeClient:
    def __init__(self, **kinds: list[Object]) -> None:
        self.store: dict[str, dict[str, Object]] = {}
        self.param_security: dict[str, bool] = {}
        self.sent: list[tuple[str, str, str]] = []
        self.forced: list[bool] = []
        self.before: dict[str, list[Hook]] = {}
        """Method -> hooks, each used for one call, before it is handled."""
        self.after: dict[str, list[Hook]] = {}
        self.always: dict[str, Hook] = {}
        self.rule: Callable[[Object | None, Object], None] = lambda old, new: None
        """Changes what is about to be stored, as the rules of a server do."""
        for kind, items in kinds.items():
            for item in items:
                self.put(kind, item)

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        return [entry for entry in self.sent if entry[0] not in ("GET", "LIST")]

    def put(self, kind: str, item: Object) -> Object:
        stored = copy.deepcopy(item)
        if kind == "machines":
            stored.setdefault("Uuid", str(uuid.uuid4()))
        self.store.setdefault(kind, {})[models.key_of(kind, stored)] = stored
        return stored

    def one(self, kind: str) -> Object:
        (item,) = self.store[kind].values()
        return item

    def list(self, kind: str) -> list[Object]:
        self._enter("LIST", kind, "")
        return copy.deepcopy(list(self.store.get(kind, {}).values()))

    def find(self, kind: str, key: str) -> Object | None:
        self._enter("GET", kind, key)
        return copy.deepcopy(self._lookup(kind, key))

    def exists(self, kind: str, key: str) -> bool:
        return self._lookup(kind, key) is not None

    def create(self, kind: str, item: Object, force: bool = False) -> Object:
        self._enter("POST", kind, models.label_of(kind, item))
        names = [there.get("Name") for there in self.store.get(kind, {}).values()]
        if models.key_of(kind, item) in self.store.get(kind, {}):
            raise Conflict("already exists", code=409)
        if kind == "machines" and item.get("Name") in names:
            raise Invalid("machines:x violates unique index Name", code=422)
        new = copy.deepcopy(item)
        self.rule(None, new)
        return self._leave("POST", kind, self.put(kind, new))

    def patch(self, kind: str, key: str, operations: Patch, force: bool = False) -> Object:
        self._enter("PATCH", kind, key)
        self.forced.append(force)
        old = self.store.get(kind, {}).get(key)
        if old is None:
            raise NotFound("Not Found", code=404)
        try:
            new = apply_patch(old, copy.deepcopy(operations))
        except UsageError as error:
            raise Conflict("test failed", code=409) from error
        self.rule(old, new)
        return self._leave("PATCH", kind, self.put(kind, new))

    def delete(self, kind: str, key: str) -> Object:
        self._enter("DELETE", kind, key)
        if key not in self.store.get(kind, {}):
            raise NotFound("Not Found", code=404)
        return self._leave("DELETE", kind, self.store[kind].pop(key))

    def _lookup(self, kind: str, key: str) -> Object | None:
        table = self.store.get(kind, {})
        index, colon, value = key.partition(":")
        if colon:
            return next((item for item in table.values() if str(item.get(index)) == value), None)
        return table.get(key)

    def _enter(self, method: str, kind: str, key: str) -> None:
        self.sent.append((method, kind, key))
        if method in self.always:
            self.always[method](self, kind, key)
        if self.before.get(method):
            self.before[method].pop(0)(self, kind, key)

    def _leave(self, method: str, kind: str, item: Object) -> Object:
        if self.after.get(method):
            self.after[method].pop(0)(self, kind, models.key_of(kind, item))
        return copy.deepcopy(item)
