# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Why a batch has failed: which work orders of it, as far as the server tells.

It tells the first and the last by their UUIDs, and of the others how many are in each state.
"""

from __future__ import annotations

import typing as t

from ...client.client import Client
from ...client.waiting.predicates import and_items
from ...client.waiting.watch import Watch

_STEPS = {"PostWorkOrder": "last", "SetupWorkOrder": "setup"}
"""Member that tells a work order -> what that is, the later one first."""


def failed_order(client: Client, batch: Watch) -> Watch | None:
    """The work order that the batch tells and that has failed, to read its log; None if none has."""
    for member in _STEPS:
        key = str((batch.item or {}).get(member) or "")
        order = client.find("work_orders", key) if set(key) - {"0", "-"} else None
        if order and order.get("State") == "failed":
            return Watch("work_orders", key, and_items(), item=order)
    return None


def in_words(batch: t.Mapping[str, t.Any], order: Watch | None) -> str:
    """What to add to the reason of a batch: how many work orders are in each state, and which one failed."""
    counts = batch.get("WorkOrderCounts") or {}
    told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()) if number)
    words = f". Its work orders: {told}" if told else ""
    if order is not None:
        step = next(word for member, word in _STEPS.items() if batch.get(member) == order.key)
        words += f". Its {step} work order {order.key} failed"
    return words
