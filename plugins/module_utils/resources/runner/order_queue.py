# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The work orders that a server holds for a target: which have not ended, and how they are cancelled."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client.client import Client
from ...converge.conflicts import retry_on_conflict
from ...converge.resource import Object

KIND = "work_orders"
ACTIVE = ("created", "running")
"""States of a work order that has not ended."""
_SELECTING = ("Machine", "Filter", "Blueprint")


@dataclasses.dataclass(frozen=True)
class OrderQueue:
    """The work orders of one server."""

    client: Client

    def active(self, wanted: t.Mapping[str, t.Any]) -> list[Object]:
        """Those that have not ended and are for the same target and, where that is given, blueprint."""
        where = [name for name in _SELECTING if wanted.get(name)]
        words = [word for name in where[:1] for word in (name, "Eq", str(wanted[name]))]
        return [
            item
            for item in self.client.list(KIND, *words)
            if item.get("State") in ACTIVE and all(item.get(name) == wanted[name] for name in where)
        ]

    def newest_active(self, wanted: t.Mapping[str, t.Any]) -> Object | None:
        """The one that was created last."""
        found = self.active(wanted)
        return max(found, key=lambda item: str(item.get("CreateTime") or ""), default=None)

    def cancel(self, item: Object) -> Object:
        """Cancel it, guarded by its state: one that has ended meanwhile stays as it ended."""
        known: list[Object] = [item]

        def attempt() -> Object:
            current = known.pop() if known else self.client.get(KIND, item["Uuid"])
            state = current.get("State")
            if state not in ACTIVE:
                return current
            operations: t.Any = [
                {"op": "test", "path": "/State", "value": state},
                {"op": "replace", "path": "/State", "value": "cancelled"},
            ]
            return self.client.patch(KIND, item["Uuid"], operations)

        return retry_on_conflict(attempt)
