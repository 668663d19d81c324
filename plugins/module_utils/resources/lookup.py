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
from ..client.objects import claims

Object = dict[str, t.Any]


class NoSuchObject(UsageError):
    """Nothing is called so."""


_LIST_THRESHOLD = 10
"""Looking up a name costs the server a pass over all objects: from so many on, one list is cheaper."""
_MAX_PROBED = 5


def lookup_key(kind: str, text: str) -> str:
    """``text`` as the server finds it: a machine's name becomes ``Name:name``, all else stays."""
    model = models.get(kind)
    index, colon, _value = text.partition(":")
    if model.key != "Uuid" or (colon and index in ("Key", model.key, *model.unique)):
        return text
    with contextlib.suppress(ValueError):
        return str(uuid.UUID(text))
    return f"Name:{text}" if "Name" in model.unique else text


def resolve(client: Client, kind: str, named: t.Iterable[str]) -> dict[str, Object | None]:
    """Each of ``named``, once and in order, with the object that is called so, or None."""
    texts = list(dict.fromkeys(named))
    known = _from_list(client, kind) if len(texts) >= _LIST_THRESHOLD else {}
    return {
        text: known.get(lookup_key(kind, text)) or client.find(kind, lookup_key(kind, text)) for text in texts
    }


def find_all(client: Client, kind: str, named: t.Sequence[str], missing_ok: bool = False) -> list[Object]:
    """The objects that are called so, each once, in the order given.

    NoSuchObject names all that there are none of, unless ``missing_ok``.
    """
    resolved = resolve(client, kind, named)
    missing = [text for text, item in resolved.items() if item is None]
    if missing and not missing_ok:
        raise NoSuchObject(missing_message(client, kind, missing))
    there = [item for item in resolved.values() if item is not None]
    return list({models.require_key(kind, item): item for item in there}.values())


def find_one(client: Client, kind: str, named: str) -> Object:
    """The object that is called so; NoSuchObject without it."""
    return find_all(client, kind, [named])[0]


def missing_message(client: Client, kind: str, missing: t.Sequence[str]) -> str:
    """The message about names for which a GET finds nothing."""
    concealed = hidden_names(client, kind, missing)
    absent = [text for text in missing if text not in concealed]
    messages = [f"no such {models.get(kind).singular}: {', '.join(absent)}"] if absent else []
    return "; ".join(messages + ([claims.hidden_message(kind, concealed)] if concealed else []))


def hidden_names(client: Client, kind: str, missing: t.Sequence[str]) -> list[str]:
    """Those of ``missing`` that are there, but not for these credentials to see; five are looked into."""
    return [text for text in missing[:_MAX_PROBED] if claims.is_hidden(client, kind, lookup_key(kind, text))]


def _from_list(client: Client, kind: str) -> dict[str, Object]:
    model = models.get(kind)
    known = {}
    for item in client.list(kind):
        known[models.require_key(kind, item)] = item
        for index in ("Key", model.key, *model.unique):
            known[f"{index}:{item.get(model.key if index == 'Key' else index)}"] = item
    return known
