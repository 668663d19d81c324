# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""ETags of a v4 server, and requests that it answers when an object has changed.

For one object that seldom changes, and where no websocket gets through.  What waits for several objects, or
for a condition, uses :mod:`.wait`.
"""

from __future__ import annotations

import time
import typing as t

from ..client import Client
from ..errors import UnreadableAnswer, UsageError

Object = dict[str, t.Any]

MAX_WAIT = 600
"""Seconds that the server lets one request wait."""
_MARGIN = 30.0
_UNCHANGED = 304


def etag(client: Client, kind: str, key: str) -> str:
    """The mark of the object's present state, "" from a server that has none.  NotFound without it."""
    request = client.req().head().url_for(kind, key)
    request.do()
    return str(request.answer.headers.get("ETag", "")) if request.answer else ""


def get_with_etag(client: Client, kind: str, key: str) -> tuple[Object, str]:
    """An object and its mark."""
    request = client.req().get().url_for(kind, key)
    item = request.do()
    return item, str(request.answer.headers.get("ETag", "")) if request.answer else ""


def wait_for_change(
    client: Client, kind: str, key: str, known_etag: str, timeout: float
) -> tuple[Object, str] | None:
    """The object and its etag as soon as that is not ``known_etag``; None after ``timeout`` seconds.

    NotFound when it was deleted meanwhile; UsageError when ``known_etag`` is empty, as it is with v3.12.
    """
    if not known_etag:
        raise UsageError(f"{kind}/{key}: this server sends no ETag, so changes cannot be detected")
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        seconds = max(1, min(round(left), MAX_WAIT))
        request = client.req().get().url_for(kind, key).timeout(seconds + _MARGIN)
        item = request.headers("If-None-Match", known_etag, "Prefer", f"wait={seconds}s").do()
        if request.answer is None or request.answer.status == _UNCHANGED:
            continue
        if not isinstance(item, dict):
            raise UnreadableAnswer(f"{kind}/{key} is not an object", type="GET", code=request.answer.status)
        return item, str(request.answer.headers.get("ETag", ""))
    return None
