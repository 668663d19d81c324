# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of object demands: refusals, validity, availability, and what follows a write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import in_use
from ..wire import Obj
from .names import name_problems

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row


@dataclass
class Change:
    """One write: the object before (None on create) and after it, and how it came about."""

    server: Server
    old: Obj | None
    new: Obj
    force: bool = False
    internal: bool = False
    # these alone are the answer
    refusals: list[str] = field(default_factory=list)
    # these join what the object itself is found to be wrong in
    noted: list[str] = field(default_factory=list)
    # found during the change only; the next write does not see them again
    passing: list[str] = field(default_factory=list)

    @property
    def creates(self) -> bool:
        return self.old is None


class Rules:
    """The neutral rules; models override what differs."""

    strict_create = False
    """Whether a new object must be Available."""
    tells_all = False
    """Whether a refusal also lists what merely makes the object unavailable."""
    trusted_in_packs = False
    """Whether what a pack brings is good without a look at it."""
    name_field = "Name"

    def fill(self, obj: Obj) -> None:
        """Give members their defaults, whatever becomes of the object."""

    def set_defaults(self, change: Change) -> None:
        """Set what depends on the server, or on how the object comes about; runs before every write."""

    def change(self, change: Change) -> None:
        """Follow-up changes of a write and refusals of it."""

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        """Problems that forbid storing."""
        return self.name_problem(obj)

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        """Problems that make a stored object not Available."""
        return []

    def on_loaded(self, server: Server, row: Row) -> None:
        """After the server has read the object anew, as it does with all when its packs change."""

    def before_store(self, change: Change, principal: str) -> None:
        """Just before an accepted update is stored."""

    def guard_delete(self, server: Server, row: Row) -> None:
        """Raise ApiError when the object must stay."""

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        """After a create or update."""

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        """After a delete."""

    def name_problem(self, obj: Obj) -> list[str]:
        return name_problems("Name", [obj.get(self.name_field, "")])


def missing(server: Server, prefix: str, title: str, names: Iterable[str]) -> list[str]:
    """Messages for references that lead nowhere."""
    table = server.store[prefix]
    return [f"{title} {name} does not exist" for name in names if not table.get(name)]


def absent_or_unavailable(server: Server, prefix: str, title: str, names: Iterable[str]) -> list[str]:
    problems = []
    for name in names:
        data = server.store.data(prefix, name)
        if not data:
            problems.append(f"{title} {name} does not exist")
        elif not data["Available"]:
            problems.append(f"{title} {name} is not available")
    return problems


def flags(obj: Obj) -> list[str]:
    """The feature flags in an object's Meta."""
    return [flag.strip() for flag in obj["Meta"].get("feature-flags", "").split(",") if flag.strip()]


def refuse_if_used(prefix: str, key: str, users: list[str]) -> None:
    if users:
        raise in_use(prefix, key, users)
