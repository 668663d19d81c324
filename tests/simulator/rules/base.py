# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is common to the rules of all models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import in_use
from ..gotmpl import ParseError, parse
from ..wire import Obj

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

# letters, digits, space, dash, underscore, dot; at least two characters
NAME = re.compile(r"[^\W\d_][\w .-]+")
MACHINE_NAME = re.compile(r"[^\W_][\w .-]+")
PARAM_NAME = re.compile(r"[^\W\d_][\w ./-]+")


@dataclass
class Change:
    """One write: the object before (None on create) and after it, and how it came about."""

    server: Server
    old: Obj | None
    new: Obj
    force: bool = False
    internal: bool = False
    refusals: list[str] = field(default_factory=list)
    # found during the change only; the next write does not see them again
    passing: list[str] = field(default_factory=list)

    @property
    def creates(self) -> bool:
        return self.old is None


class Rules:
    """The neutral rules; models override what differs."""

    strict_create = False
    name_field = "Name"
    name_pattern = NAME

    def set_defaults(self, change: Change) -> None:
        """Give members their defaults; runs before every write."""

    def change(self, change: Change) -> None:
        """Follow-up changes of a write and refusals of it."""

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        """Problems that forbid storing."""
        return self.name_problem(obj)

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        """Problems that make a stored object not Available."""
        return []

    def before_store(self, change: Change, principal: str) -> None:
        """Just before an accepted update is stored."""

    def guard_delete(self, server: Server, row: Row) -> None:
        """Raise ApiError when the object must stay."""

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        """After a create or update."""

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        """After a delete."""

    def name_problem(self, obj: Obj) -> list[str]:
        name = obj.get(self.name_field, "")
        return [] if self.name_pattern.fullmatch(name) else [f"Invalid Name `{name}`"]


def missing(server: Server, prefix: str, title: str, names: Iterable[str]) -> list[str]:
    """Messages for references that lead nowhere."""
    table = server.store[prefix]
    return [f"{title} {name} does not exist" for name in names if name and not table.get(name)]


def absent_or_unavailable(server: Server, prefix: str, title: str, names: Iterable[str]) -> list[str]:
    problems = []
    for name in names:
        data = server.store.data(prefix, name)
        if not data:
            problems.append(f"{title} {name} does not exist")
        elif not data["Available"]:
            problems.append(f"{title} {name} is not available")
    return problems


def template_problems(server: Server, obj: Obj, *, path_needed: bool = True) -> list[str]:
    """Problems of a list of TemplateInfo."""
    problems: list[str] = []
    seen: set[str] = set()
    for position, info in enumerate(obj["Templates"]):
        where = f"Template[{position}]"
        if not info["Name"]:
            problems.append(f"{where}: No Name")
        elif info["Name"] in seen:
            problems.append(f"{where}: Name {info['Name']} is used twice")
        seen.add(info["Name"])
        if path_needed and not info["Path"]:
            problems.append(f"{where}: No Path")
        problems.extend(f"{where}: {problem}" for problem in _source_problems(server, info))
    return problems


def _source_problems(server: Server, info: Obj) -> list[str]:
    problems = []
    if info["ID"] and info["Contents"]:
        problems.append("both ID and Contents are set")
    elif info["ID"]:
        problems.extend(missing(server, "templates", "Template", [info["ID"]]))
    elif not info["Contents"]:
        problems.append("neither ID nor Contents is set")
    for text in (info["Path"], info["Contents"]):
        problem = parse_problem(text)
        if problem:
            problems.append(problem)
    return problems


def parse_problem(text: str) -> str:
    try:
        parse(text)
    except ParseError as problem:
        return str(problem)
    return ""


def flags(obj: Obj) -> list[str]:
    """The feature flags in an object's Meta."""
    return [flag.strip() for flag in obj["Meta"].get("feature-flags", "").split(",") if flag.strip()]


def refuse_if_used(prefix: str, key: str, users: list[str]) -> None:
    if users:
        raise in_use(prefix, key, users)
