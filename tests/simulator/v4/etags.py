# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ETags of objects, and requests that wait until one changes."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import asyncio
import hashlib
import re

from ..call import ApiResponse, BufferedResponse, Call
from ..store import Row

_LOOK_EVERY = 0.01
_LONGEST = 600.0
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "y": 365 * 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|y|)")


def etag(row: Row) -> str:
    return f'"{hashlib.sha1(row.full_text, usedforsecurity=False).hexdigest()[:16]}"'


def duration(text: str) -> float:
    """Seconds of ``90``, ``30m``, ``1h30m`` and the like; ValueError for anything else."""
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        raise ValueError(f"time: invalid duration {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


async def wait_for_change(call: Call, key: str) -> ApiResponse | None:
    """304 when the object is still the one that the client knows, after the time that it would wait.

    None when the request is to be answered as ever: there is another object, or none.
    """
    known = call.header("If-None-Match")
    preferred = call.header("Prefer").partition("wait=")[2]
    table = call.server.store.tables.get(call.parts[0])
    if not known or not table:
        return None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + min(duration(preferred) if preferred else 0.0, _LONGEST)
    while (row := table.find(key)) and etag(row) == known:
        if loop.time() >= deadline:
            return BufferedResponse(304, headers={"ETag": known})
        await asyncio.sleep(_LOOK_EVERY)
    return None
