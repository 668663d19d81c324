# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The table of what the client knows about each kind of object: keys, indexes, fields, rules.

Objects themselves stay plain dicts in the server's own spelling; the table only says what a kind
is called, how its objects are found, and which references order the creation of several.  Its rows are
in :mod:`.kinds`; a kind that is not among them is known by what the server says of it.
"""

from __future__ import annotations

import difflib
import typing as t

from .errors import UsageError
from .kinds.access import ACCESS
from .kinds.content import CONTENT
from .kinds.hosts import HOSTS
from .kinds.model import AUDIT as AUDIT
from .kinds.model import COMPUTED as COMPUTED
from .kinds.model import COMPUTED_V4 as COMPUTED_V4
from .kinds.model import Model as Model
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
NOT_MODELS = frozenset(
    {"info", "indexes", "logs", "events", "ws", "files", "isos"}
    | {"contents", "prefs", "preferences", "meta", "system", "objects"}
)
"""First path parts that look like a kind and are none."""


def find(kind: str) -> Model | None:
    """The row of ``kind``, or None for a kind that only a plugin or a newer server defines."""
    return MODELS.get(kind)


def get(kind: str) -> Model:
    """The row of ``kind``; a kind that is not in the table is keyed by ``Id`` with free members.

    Plugins register kinds of their own, so only the server can say whether such a kind exists.
    """
    return MODELS.get(kind) or Model(kind, {}, key="Id", creation_order=70, has_params=True)


def require(kind: str, served: t.Iterable[str] = ()) -> Model:
    """The row of ``kind``; UsageError with a suggestion unless it is in the table or in ``served``."""
    if kind in MODELS or (kind in served and kind not in NOT_MODELS):
        return get(kind)
    if kind in ("files", "isos"):
        raise UsageError(
            f"kind: {kind} are no objects. drp_info lists them with gather: [{kind}], drp_blob manages them"
        )
    known = sorted({*MODELS, *(name for name in served if name not in NOT_MODELS)})
    close = difflib.get_close_matches(kind, known, 1, 0.6)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise UsageError(f"unknown kind {kind!r}. {hint}Known kinds: {', '.join(known)}")


def hidden_members(kind: str) -> frozenset[str]:
    """The members that no result, message or event may show."""
    model = get(kind)
    return frozenset({*model.hidden, *SECRETS_OF_ANY_KIND} - {*model.public})


def key_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """The key of an object: its Name, Uuid, ID or Addr; "" when it has none yet."""
    return str(item.get(get(kind).key) or "")


def label_of(kind: str, item: t.Mapping[str, t.Any]) -> str:
    """What a person calls the object: its Name where it has one, else its key."""
    return str(item.get("Name") or key_of(kind, item))
