# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: the work orders that the server makes for them, and what their ends mean for the batch."""

# assumption: no v4 server was recorded; this is what its models and its public documentation tell
from __future__ import annotations

from typing import TYPE_CHECKING

from .. import objects
from ..rules import Change
from ..store import Row
from ..wire import ZERO_TIME, ZERO_UUID, Obj, new_uuid, now
from .rules import KindRules

if TYPE_CHECKING:
    from ..server import Server

STATES = ("created", "setup", "running", "post", "failed", "finished", "cancelled")
ENDED = STATES[4:]
_MADE_IN = {"created": "SetupWorkOrder", "post": "PostWorkOrder"}
"""State -> the member that tells the work order which is made then."""


class BatchRules(KindRules):
    """A batch has its setup work order from the beginning, and another one in the state ``post``.

    Which work orders belong to the state ``running`` no fact tells, so nothing here leads out of it but a
    client that writes another one.
    """

    def __init__(self) -> None:
        super().__init__("batches")

    def set_defaults(self, change: Change) -> None:
        super().set_defaults(change)
        change.new["State"] = change.new["State"] or "created"

    def change(self, change: Change) -> None:
        new = change.new
        for state, member in _MADE_IN.items():
            # assumption: without a template for it there is no work order at the end
            if new["State"] == state and new[member] in ("", ZERO_UUID) and _template(new, member):
                new[member] = new_uuid()
        if new["State"] in ENDED and new["EndTime"] == ZERO_TIME:
            new["EndTime"] = now()

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        member = _MADE_IN.get(row.data["State"], "")
        key = row.data[member] if member else ""
        if key not in ("", ZERO_UUID) and not server.store.get("work_orders", key):
            model = server.store["work_orders"].model
            order = model.decode({**_template(row.data, member), "Uuid": key})
            objects.create(server, model, order, "system", internal=True)

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        super().on_removed(server, row, principal)
        # assumption: the work orders that were made for it go with it
        for member in _MADE_IN.values():
            order = server.store.get("work_orders", row.data[member])
            if order:
                new = {**order.copy(), "State": "cancelled"}
                ended = objects.update(server, order, new, "system", internal=True)
                objects.remove(server, ended, "system")

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        known = obj["State"] in STATES
        return super().validation_problems(server, obj) + (
            [] if known else [f"Invalid State `{obj['State']}`"]
        )


def follow(server: Server, order: Row) -> None:
    """Bring the batch that a work order sets up or ends to where that has come."""
    for batch in list(server.store["batches"]):
        data, state = batch.data, order.data["State"]
        if order.key == data["SetupWorkOrder"] and data["State"] in ("created", "setup"):
            after = {"running": "setup", "finished": "running", "failed": "failed"}.get(state, data["State"])
        elif order.key == data["PostWorkOrder"] and data["State"] == "post":
            after = {"finished": "finished", "failed": "failed"}.get(state, "post")
        else:
            continue
        if after != data["State"]:
            status = order.data["Status"] if after == "failed" else data["Status"]
            new = {**batch.copy(), "State": after, "Status": status}
            objects.update(server, batch, new, "system", internal=True)


def _template(batch: Obj, member: str) -> Obj:
    template: Obj = batch[f"{member}Template"] or {}
    return template if template.get("Blueprint") else {}
