# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Finding objects by what people call them: a name, a key, or ``Index:value``."""

from __future__ import annotations

import contextlib
import typing as t
import uuid

from ..client import models
from ..client.client import Client
from ..client.errors import UsageError

Object = dict[str, t.Any]


class NoSuchObject(UsageError):
    """Nothing is called so."""


_LIST_FROM = 10
"""Looking up a name costs the server a pass over all objects: from so many on, one list is cheaper."""


def address(kind: str, text: str) -> str:
    """``text`` as the server finds it: a machine's name becomes ``Name:name``, all else stays."""
    model = models.get(kind)
    index, colon, _value = text.partition(":")
    if model.key != "Uuid" or (colon and index in ("Key", model.key, *model.unique)):
        return text
    with contextlib.suppress(ValueError):
        return str(uuid.UUID(text))
    return f"Name:{text}" if "Name" in model.fields else text


def find_all(client: Client, kind: str, named: t.Sequence[str], missing_ok: bool = False) -> list[Object]:
    """The objects that are called so, each once, in the order given.

    NoSuchObject names all that there are none of, unless ``missing_ok``.
    """
    known = _from_list(client, kind) if len(named) >= _LIST_FROM else {}
    found: dict[str, Object] = {}
    missing = []
    for text in dict.fromkeys(named):
        place = address(kind, text)
        item = known.get(place) or client.find(kind, place)
        if item is None:
            missing.append(text)
        else:
            found[models.key_of(kind, item)] = item
    if missing and not missing_ok:
        raise NoSuchObject(f"no such {models.get(kind).singular}: {', '.join(missing)}")
    return list(found.values())


def _from_list(client: Client, kind: str) -> dict[str, Object]:
    model = models.get(kind)
    known = {}
    for item in client.list(kind):
        known[models.key_of(kind, item)] = item
        for index in ("Key", model.key, *model.unique):
            known[f"{index}:{item.get(model.key if index == 'Key' else index)}"] = item
    return known
