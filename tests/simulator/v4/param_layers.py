# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order v4 looks for a param: the object, its profiles, those of its stage, and global."""

# assumption: kinds other than machines have the same order, as far as they have such members
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
    stage = server.store.get("stages", row.data.get("Stage") or "") if "Tasks" in row.data else None
    if stage:
        yield stage
        yield from _profiles(server, stage.data["Profiles"], seen)
    yield from _profiles(server, ["global"], seen)


def _profiles(server: Server, names: list[str], seen: set[str]) -> Iterator[Row]:
    for name in names:
        profile = server.store.get("profiles", name)
        if profile and name not in seen:
            seen.add(name)
            yield profile
            yield from _profiles(server, profile.data["Profiles"], seen)
