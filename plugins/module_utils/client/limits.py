# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much of what a server says is taken: bytes, nesting, numbers, seconds.

Whoever answers may be broken, or not the server at all: these bounds are far above what a DRP server sends,
and far below what would hurt whoever asks.  The variable :data:`SIZE_VARIABLE` raises the size.
"""

from __future__ import annotations

import json
import math
import re
import typing as t

Json = t.Any

ANSWER_BYTES = 256 << 20
"""Of one answer, after decompression.  A list of 100,000 machines has about 90 MB."""
SIZE_VARIABLE = "RS_MAX_ANSWER_SIZE"
"""Names another size than :data:`ANSWER_BYTES`, in megabytes."""
LIST_ANSWERS = 4
"""So many times as much may come in all the pages of one list."""
STREAM_ANSWERS = 16
"""So many times as much may come of a log, which is never held in memory."""
ERROR_BYTES = 1 << 20
"""Of an answer with an error status; what follows is left unread."""
EVENT_BYTES = 64 << 20
"""Of one message on the websocket."""
SLOWEST = 1024.0
"""Bytes per second: an answer that comes more slowly than this in the mean counts as silence."""
DEPTH = 100
"""Lists and maps within each other."""
REPEATED_PAGES = 10
"""So many pages of a list that bring nothing new are the end of patience."""
_COUNT_DIGITS = 18


def decode_json(text: str) -> Json:
    """The document that ``text`` is; ValueError for anything else, and for what no JSON has or no DRP sends.

    NaN, infinite numbers and halves of surrogate pairs would pass into results that no other program can
    read, and deep nesting would end each step behind this one in a RecursionError.
    """
    try:
        document = _DECODER.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return _checked(document, text)


def decode_first(text: str) -> Json:
    """As :func:`decode_json`, of the first document in ``text``; what follows it is ignored."""
    try:
        document, _end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    return _checked(document, text)


def first_document(body: bytes) -> Json:
    """The first JSON document in ``body``; what follows it is ignored.

    A v3.12 server sends two documents for a static index.  None for an empty body; ValueError
    when it does not start with a whole document, or with one that is beyond the limits.
    """
    text = body.decode("utf-8").lstrip()
    return decode_first(text) if text else None


def check_depth(document: Json, limit: int = DEPTH) -> None:
    """ValueError when lists and maps are nested more deeply than ``limit``."""
    level = [document] if isinstance(document, (dict, list)) else []
    for _depth in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def count_in_header(text: str | None) -> int | None:
    """The number that a header tells; None when it tells none that can be meant."""
    told = (text or "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) <= _COUNT_DIGITS else None


def _checked(document: Json, text: str) -> Json:
    # each level takes a bracket: most answers need no closer look
    if text.count("[") + text.count("{") > DEPTH:
        check_depth(document)
    if _HALF_OF_A_PAIR.search(text):
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair cannot be written anywhere
    return document


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is out of range")
    return number


def _no_constant(word: str) -> t.NoReturn:
    raise ValueError(f"{word} is no number of JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
_HALF_OF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_TOO_DEEP = f"lists and maps are nested more than {DEPTH} deep"
