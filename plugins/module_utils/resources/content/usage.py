# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Who would miss the objects of a content pack, and which of them the server cannot use."""

from __future__ import annotations

import re
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import NotFound, NotPermitted
from ...client.packs.pack import Object, Pack, server_key

Keys = t.Mapping[str, t.AbstractSet[str]]
"""Kind -> keys."""
References = t.Iterator[tuple[str, str]]
"""Kinds and names that an object refers to."""

_PREFERENCES = {
    "defaultStage": "stages",
    "defaultBootEnv": "bootenvs",
    "unknownBootEnv": "bootenvs",
    "defaultWorkflow": "workflows",
}
_REFERENCE_MEMBERS: dict[str, dict[str, str]] = {
    "machines": {"BootEnv": "bootenvs", "Stage": "stages", "Workflow": "workflows", "Profiles": "profiles"},
    "stages": {"BootEnv": "bootenvs", "Profiles": "profiles"},
    "workflows": {"Stages": "stages"},
    "profiles": {"Profiles": "profiles"},
    "bootenvs": {},
    "tasks": {"Prerequisites": "tasks"},
    "users": {"Roles": "roles"},
}
"""Kind -> the members in which it names other objects, and their kinds."""
_WITH_TASKS = ("machines", "stages")
_WITH_TEMPLATES = ("bootenvs", "stages", "tasks")
_QUOTED_VALUE = re.compile(r"(invalid val)\s+'.*'(?=:)", re.DOTALL)
_TASK_PREFIXES = {"stage": "stages", "bootenv": "bootenvs"}
"""What stands before the colon in a task list, and what it names."""


class Use(t.NamedTuple):
    """That something outside of the pack refers to one of its objects."""

    user: str
    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.user} uses {models.get(self.kind).singular} {self.key}"


def uses_of(client: Client, keys: Keys, excluded: Keys) -> list[Use]:
    """Who uses any of ``keys``, apart from the objects ``excluded``.

    One list for each kind that could, and the preferences; all that the user may see.
    """
    wanted = {kind for kind, names in keys.items() if names}
    found: list[Use] = []
    for kind in _REFERENCE_MEMBERS:
        if wanted & _referenced_kinds(kind):
            for item in _list(client, kind):
                if server_key(kind, item) not in excluded.get(kind, ()):
                    user = f"{models.get(kind).singular} {models.label_of(kind, item)}"
                    found += [
                        Use(user, named, name)
                        for named, name in dict.fromkeys(_references(kind, item))
                        if name in keys.get(named, ())
                    ]
    if wanted & set(_PREFERENCES.values()):
        found += _preferences(client, keys)
    return found


def keys_of(pack: Pack) -> dict[str, set[str]]:
    """The keys that the objects of a pack have on the server."""
    return {
        section: {server_key(section, item) or place for place, item in items.items()}
        for section, items in pack["sections"].items()
    }


def unavailable(client: Client, pack: Pack) -> list[str]:
    """The server's reasons why objects of this pack are not available; one small list per section."""
    problems = []
    for section, keys in sorted(keys_of(pack).items()):
        for item in _list(client, section, "Available", "Eq", "false") if keys else []:
            if server_key(section, item) in keys:
                label = f"{models.get(section).singular} {server_key(section, item)}"
                reasons = item.get("Errors") or ["it is not available"]
                problems += [f"{label}: {without_values(str(reason))}" for reason in reasons]
    return problems


def without_values(message: str) -> str:
    """A message of the server without the value of a param that it quotes, which may be a secret."""
    return _QUOTED_VALUE.sub(r"\1 (hidden)", message)


def _referenced_kinds(kind: str) -> set[str]:
    named = set(_REFERENCE_MEMBERS[kind].values())
    if kind in _WITH_TASKS:
        named |= {"tasks", *_TASK_PREFIXES.values()}
    return named | ({"templates"} if kind in _WITH_TEMPLATES else set())


def _references(kind: str, item: Object) -> References:
    for member, named in _REFERENCE_MEMBERS[kind].items():
        value = item.get(member) or []
        for name in [value] if isinstance(value, str) else value:
            yield named, name
    if kind in _WITH_TASKS:
        for entry in item.get("Tasks") or []:
            what, colon, name = str(entry).partition(":")
            if not colon:
                yield "tasks", what
            elif what in _TASK_PREFIXES:
                yield _TASK_PREFIXES[what], name
    if kind in _WITH_TEMPLATES:
        for template in item.get("Templates") or []:
            if template.get("ID"):
                yield "templates", template["ID"]


def _preferences(client: Client, keys: Keys) -> list[Use]:
    try:
        prefs = client.req().get().url_for("prefs").do() or {}
    except (NotFound, NotPermitted):
        return []
    return [
        Use(f"preference {name}", kind, prefs[name])
        for name, kind in _PREFERENCES.items()
        if prefs.get(name) in keys.get(kind, ())
    ]


def _list(client: Client, kind: str, *words: str) -> list[Object]:
    """The objects of a kind without their bulk; none of a kind that the server does not serve."""
    try:
        return client.list(kind, *words, "slim", "Params,Meta")
    except (NotFound, NotPermitted):
        return []
