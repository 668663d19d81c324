# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Work orders and batches, which run once: when they have not ended, and how they are ended."""

from __future__ import annotations

import typing as t

from ...client.client import Client
from ...client.errors import NotFound, UsageError
from ...converge.conflicts import retry_on_conflict
from ...converge.resource import Object

WORK_ORDERS, BATCHES = "work_orders", "batches"
ACTIVE: t.Mapping[str, tuple[str, ...]] = {
    WORK_ORDERS: ("created", "running"),
    BATCHES: ("created", "setup", "running", "post"),
}
"""Kind -> the states of those that have not ended."""


def is_active(kind: str, item: t.Mapping[str, t.Any]) -> bool:
    return item.get("State") in ACTIVE[kind]


def cancel(client: Client, kind: str, item: Object) -> Object:
    """Cancel it, guarded by its state: one that has ended meanwhile stays as it ended."""
    known: list[Object] = [item]

    def attempt() -> Object:
        current = known.pop() if known else client.get(kind, item["Uuid"])
        if not is_active(kind, current):
            return current
        operations: t.Any = [
            {"op": "test", "path": "/State", "value": current["State"]},
            {"op": "replace", "path": "/State", "value": "cancelled"},
        ]
        return client.patch(kind, item["Uuid"], operations)

    return retry_on_conflict(attempt)


def restart(client: Client, kind: str, key: str) -> Object:
    """Have the server run one that has ended once more; UsageError where it cannot."""
    try:
        answer: t.Any = client.req().post({}).url_for(kind, key, "restart").do()
    except NotFound as error:
        raise UsageError(
            f"state: restarted: this server restarts no {kind.replace('_', ' ')}; "
            f"create another one like {key}"
        ) from error
    return answer if answer else client.get(kind, key)
