# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of an inventory: the server's answer and a fingerprint of the question, for any cache plugin.

Ansible's key for an entry is six digits made from the path of the file; only the fingerprint tells whether
an entry answers the question at hand.  The answer is stored as one compressed text: cache plugins compare
and copy what they hold, and a text of a megabyte costs them nothing where a million objects cost seconds.
In it the objects are columns, which are read sooner.  It holds no secrets, because they were removed before.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import time
import typing as t
import zlib

from .. import columns

ObjectsByKind = dict[str, list[dict[str, t.Any]]]

_FORMAT_VERSION = 2
_COMPRESSION_LEVEL = 1


@dataclasses.dataclass(frozen=True)
class CacheEntry:
    """A stored answer."""

    answer: ObjectsByKind
    stored_at: float
    """Seconds since the epoch."""

    def age(self) -> float:
        """Seconds, never negative."""
        return max(time.time() - self.stored_at, 0.0)


def fingerprint(*parts: t.Any) -> str:
    """A text that differs when one of the parts does."""
    document = json.dumps([_FORMAT_VERSION, *parts], sort_keys=True, default=str)
    return hashlib.sha256(document.encode()).hexdigest()


def pack(answer: ObjectsByKind, expected_fingerprint: str) -> dict[str, t.Any]:
    """What to give to a cache plugin."""
    kinds = {kind: columns.pack(objects) for kind, objects in answer.items()}
    text = json.dumps(kinds, separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), _COMPRESSION_LEVEL)).decode("ascii")
    return {"fingerprint": expected_fingerprint, "stored": time.time(), "answer": packed}


def unpack(entry: t.Any, expected_fingerprint: str) -> CacheEntry | None:
    """The stored answer to the same question; None when there is none, or none that can be read."""
    if not isinstance(entry, dict) or entry.get("fingerprint") != expected_fingerprint:
        return None
    try:
        kinds = json.loads(zlib.decompress(base64.b64decode(entry["answer"])))
        answer = {kind: columns.unpack(objects) for kind, objects in kinds.items()}
        return CacheEntry(answer, float(entry["stored"])) if "machines" in answer else None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error):
        return None
