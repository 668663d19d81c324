# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order v4 looks for a param: the object, its profiles, its work order, its stage, and global.

Its pipeline comes after its profiles and its work order, both of which may override it.
"""

# assumption: kinds other than machines have the same order, as far as they have such members
# assumption: a pipeline comes before the stage; of reservations no fact says where they come, so they do not
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row


def layers_of_params(server: Server, row: Row) -> Iterator[Row]:
    """What is asked after the object itself, each profile followed by its own profiles, each once."""
    seen = {row.key} if row.model.prefix == "profiles" else set()
    yield from _profiles(server, row.data.get("Profiles") or [], seen)
    runs = "Tasks" in row.data and "Stage" in row.data
    if runs:
        yield from _running_order(server, row, seen)
        yield from _pipelines(server, [row.data.get("Pipeline") or ""], seen, set())
    stage = server.store.get("stages", row.data["Stage"] or "") if runs else None
    if stage:
        yield stage
        yield from _profiles(server, stage.data["Profiles"], seen)
    yield from _profiles(server, ["global"], seen)


def _running_order(server: Server, row: Row, seen: set[str]) -> Iterator[Row]:
    """The work order that runs on the object, which has taken over the params of its blueprint."""
    if not row.data.get("RunningWorkOrders"):
        return
    for order in server.store["work_orders"]:
        if order.data["Machine"] == row.key and order.data["State"] == "running":
            yield order
            yield from _profiles(server, order.data["Profiles"], seen)


def _pipelines(server: Server, names: list[str], seen: set[str], passed: set[str]) -> Iterator[Row]:
    """Each pipeline, its profiles, and then the pipelines that it inherits from."""
    for name in names:
        pipeline = server.store.get("pipelines", name) if name else None
        if pipeline and name not in passed:
            passed.add(name)
            yield pipeline
            yield from _profiles(server, pipeline.data["Profiles"], seen)
            yield from _pipelines(server, pipeline.data["Pipelines"], seen, passed)


def _profiles(server: Server, names: list[str], seen: set[str]) -> Iterator[Row]:
    for name in names:
        profile = server.store.get("profiles", name)
        if profile and name not in seen:
            seen.add(name)
            yield profile
            yield from _profiles(server, profile.data["Profiles"], seen)
