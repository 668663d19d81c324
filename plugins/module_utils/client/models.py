# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The table of what the client knows about each kind of object: keys, indexes, fields, rules.

Objects themselves stay plain dicts in the server's own spelling; the table only says what a kind
is called, how its objects are found, and which references order the creation of several.  Its rows are
in :mod:`.kinds`; a kind that is not among them is known by what the server says of it.
"""

from __future__ import annotations

import typing as t

from .errors import UsageError, did_you_mean
from .kinds.access import ACCESS
from .kinds.content import CONTENT
from .kinds.hosts import HOSTS
from .kinds.model import AUDIT, COMPUTED, COMPUTED_V4, Model
from .kinds.network import NETWORK
from .kinds.service import SERVICE

TEXT_TYPES = frozenset({"str", "uuid", "ip", "time"})
MODELS: t.Mapping[str, Model] = {
    model.prefix: model for model in (*CONTENT, *HOSTS, *NETWORK, *ACCESS, *SERVICE)
}

SECRETS_OF_ANY_KIND = ("Secret", "PasswordHash", "Token")
"""Members that no object shows, of whatever kind, unless the table says that they are no secrets there."""
KINDS_WITH_SLASHES = frozenset({"params", "templates"})
"""Kinds whose objects may have a slash in their key."""
_KEY_MEMBERS = ("Uuid", "Id", "ID", "Addr", "Name")
"""The members that are keys of kinds; of several with unique indexes, the first."""
_PLUGIN_KEY = "Id"
"""The key of kinds that plugins store; these have no index but ``Key`` to tell it."""
_LEARNED: dict[str, Model] = {}
"""Kinds that are not in the table, as a server has told of them in this process."""
NOT_MODELS = frozenset(
    {"info", "indexes", "logs", "events", "ws", "files", "isos"}
    | {"contents", "prefs", "preferences", "meta", "system", "objects"}
)
"""First path parts that look like a kind and are none."""


def find(kind: str) -> Model | None:
    """The row of ``kind``, or None for a kind that only a plugin or a newer server defines."""
    return MODELS.get(kind)


def get(kind: str) -> Model:
    """The row of ``kind``; a kind that is not in the table has free members, and the key that was learned.

    Plugins register kinds of their own, so only the server can say whether such a kind exists.
    """
    return MODELS.get(kind) or _LEARNED.get(kind) or _without_row(kind, _PLUGIN_KEY)


def learn(kind: str, indexes: t.Mapping[str, t.Mapping[str, t.Any]]) -> Model:
    """What the indexes of a server say about a kind that is not in the table, for :func:`get` from now on."""
    unique = [name for name, index in indexes.items() if index.get("Unique") and name != "Key"]
    keys = [name for name in _KEY_MEMBERS if name in unique] or unique
    if keys:
        # of several unusual ones, nothing says which is the key
        key = keys[0] if len(keys) == 1 or keys[0] in _KEY_MEMBERS else ""
    else:
        key = _PLUGIN_KEY
    _LEARNED[kind] = _without_row(kind, key, tuple(name for name in unique if name != key))
    return _LEARNED[kind]


def _without_row(kind: str, key: str, unique: tuple[str, ...] = ()) -> Model:
    return Model(kind, {}, key=key, unique=unique, creation_order=70, has_params=True)


def require(kind: str, served: t.Iterable[str] = ()) -> Model:
    """The row of ``kind``; UsageError with a suggestion unless it is in the table or in ``served``."""
    if kind in MODELS or (kind in served and kind not in NOT_MODELS):
        return get(kind)
    if kind in ("files", "isos"):
        raise UsageError(
            f"kind: {kind} are no objects. drp_info lists them with gather: [{kind}], drp_blob manages them"
        )
    known = sorted({*MODELS, *(name for name in served if name not in NOT_MODELS)})
    hint = did_you_mean(kind, known)
    raise UsageError(f"unknown kind {kind!r}.{hint} Known kinds: {', '.join(known)}")


def hidden_members(kind: str) -> frozenset[str]:
    """The members that no result, message or event may show."""
    model = get(kind)
    return frozenset({*model.hidden, *SECRETS_OF_ANY_KIND} - {*model.public})


def key_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """The key of an object: its Name, Uuid, Id, ID or Addr; "" when it has none (yet)."""
    return str(item.get(get(kind).key) or "")


def require_key(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """The key of an object that a server has answered; UsageError when it has none that can be read.

    Without it, nothing tells one object of the kind from another.
    """
    key = key_of(kind, item)
    if not key:
        field = get(kind).key
        why = f"this one has no {field}" if field else "nothing tells which of its members that is"
        raise UsageError(
            f"kind: {kind}: an object is known by its key, and {why}, so it can only be listed, with drp_info"
        )
    return key


def label_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """What a person calls the object: its Name where it has one, else its key."""
    return str(item.get("Name") or key_of(kind, item))


__all__ = [
    "AUDIT",
    "COMPUTED",
    "COMPUTED_V4",
    "KINDS_WITH_SLASHES",
    "MODELS",
    "NOT_MODELS",
    "SECRETS_OF_ANY_KIND",
    "TEXT_TYPES",
    "Model",
    "find",
    "get",
    "hidden_members",
    "key_of",
    "label_of",
    "learn",
    "require",
    "require_key",
]
