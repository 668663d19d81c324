# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON and time as they look on the wire."""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from datetime import UTC, datetime
from typing import Any

Obj = dict[str, Any]

ZERO_TIME = "0001-01-01T00:00:00Z"
ZERO_UUID = "00000000-0000-0000-0000-000000000000"

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_INTEGER = re.compile(r"[+-]?[0-9]+")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def dumps(value: Any) -> bytes:
    # surrogates can reach us inside \u escapes; Go would replace them as well
    return _encode(value).encode("utf-8", "replace")


def now() -> str:
    seconds, fraction = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{fraction:09d}Z"


def time_key(text: str) -> tuple[float, int]:
    """A comparable form of an RFC 3339 time, nanoseconds kept; ValueError when it is none."""
    match = _TIME.fullmatch(text)
    if not match:
        raise ValueError(f'parsing time "{text}": cannot parse as RFC 3339')
    whole, fraction, zone = match.groups()
    offset = "+00:00" if zone == "Z" else zone
    moment = datetime.fromisoformat(whole + offset)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (moment - epoch).total_seconds(), int((fraction or "").ljust(9, "0"))


def go_integer(text: str) -> int:
    """What Go reads as a decimal integer of 64 bits; ValueError when it is none."""
    if not _INTEGER.fullmatch(text):
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": value out of range')
    return number


def new_uuid() -> str:
    return str(uuid.uuid4())


def new_secret() -> str:
    """Sixteen random characters, as machines and users carry them."""
    return secrets.token_urlsafe(12)
