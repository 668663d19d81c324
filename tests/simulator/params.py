# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Param values: where they are looked up, how they are checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .schemas import Schemas
from .secure import KeyRing, looks_sealed
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server

Owner = tuple[str, str]


class Params:
    def __init__(self, server: Server) -> None:
        self._server = server
        self.schemas = Schemas()
        self.keys = KeyRing()

    def problems(self, owner: Owner, values: Obj) -> list[str]:
        """What is wrong with the values, judged by the params that are defined."""
        found = []
        params = self._server.store["params"].rows
        for key, value in values.items():
            param = params.get(key)
            if param:
                found.extend(self._problem(param, owner, value))
        return found

    def check(self, param: Row, owner: Owner | None, value: Any) -> list[str]:
        """Schema problems of a clear value, or of the clear form of a sealed one."""
        return self._problem(param, owner, value)

    def _problem(self, param: Row, owner: Owner | None, value: Any) -> list[str]:
        reasons: list[str]
        if param.data["Secure"]:
            problem = self.keys.problem(owner, value)
            opened, clear = self.keys.open(owner, value) if owner and not problem else (False, None)
            reasons = [problem] if problem else self.schemas.check(param)(clear) if opened else []
        else:
            reasons = self.schemas.check(param)(value)
        # one message per value, as the server words it
        return (
            [f"Key '{param.key}': invalid val '{json.dumps(value)}': {'; '.join(reasons)}"] if reasons else []
        )

    def sealed(self, owner: Owner, values: Obj) -> Obj:
        """Sealed forms of the plain values of secure params."""
        return {
            key: self.keys.seal(owner, value)
            for key, value in values.items()
            if self.is_secure(key) and not looks_sealed(value)
        }

    def is_secure(self, key: str) -> bool:
        param = self._server.store.data("params", key)
        return bool(param and param["Secure"])

    def decode(self, owner: Owner, values: Obj) -> Obj:
        """Secure values in clear where they can be opened."""
        return {k: self.keys.open(owner, v)[1] if self.is_secure(k) else v for k, v in values.items()}

    def sources(self, row: Row) -> Iterator[Row]:
        """The objects whose Params apply, the strongest first."""
        yield row
        yield from self._server.server_profile.param_sources(self._server, row)

    def aggregate(self, row: Row, *, decode: bool = False) -> Obj:
        merged: Obj = {}
        for source in self.sources(row):
            owner = (source.model.prefix, source.key)
            values = self.decode(owner, source.data["Params"]) if decode else source.data["Params"]
            merged = {**values, **merged}
        return merged

    def lookup(self, row: Row, key: str, *, aggregate: bool = True, decode: bool = False) -> tuple[bool, Any]:
        """(found, value); an aggregate look-up ends at the schema's default."""
        for source in self.sources(row):
            if key in source.data["Params"]:
                value = source.data["Params"][key]
                if decode and self.is_secure(key):
                    value = self.keys.open((source.model.prefix, source.key), value)[1]
                return True, value
            if not aggregate:
                return False, None
        return self.default(key)

    def default(self, key: str) -> tuple[bool, Any]:
        param = self._server.store.data("params", key)
        schema = param["Schema"] if param else None
        if isinstance(schema, dict) and "default" in schema:
            return True, schema["default"]
        return False, None
