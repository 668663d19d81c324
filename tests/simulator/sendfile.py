# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a file: ranges, conditions, and gzip where the API promises it."""

from __future__ import annotations

import re
import zlib
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

from aiohttp import web

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
GZIP_WINDOW = 31


async def send_file(
    request: web.BaseRequest, path: Path, content_type: str, *, gzip: bool = False
) -> web.StreamResponse:
    """The answer to a GET or HEAD of a regular file."""
    size, modified = path.stat().st_size, int(path.stat().st_mtime)
    answer = web.StreamResponse(
        headers={"Accept-Ranges": "bytes", "Last-Modified": formatdate(modified, usegmt=True)}
    )
    if _unchanged(request, modified):
        answer.set_status(304)
        await answer.prepare(request)
        return answer
    answer.headers["Content-Type"] = content_type
    asked = request.headers.get("Range", "") if _is_version(request, modified) else ""
    span = _span(asked, size)
    if span is None:
        answer.set_status(416)
        answer.headers["Content-Range"] = f"bytes */{size}"
        start = end = 0
    else:
        start, end = span
        if (start, end) != (0, size):
            answer.set_status(206)
            answer.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if gzip:
        answer.headers["Content-Encoding"] = "gzip"
    else:
        answer.content_length = end - start
    await answer.prepare(request)
    if request.method != "HEAD":
        await _stream(answer, path, start, end, zlib.compressobj(1, wbits=GZIP_WINDOW) if gzip else None)
    return answer


async def _stream(
    answer: web.StreamResponse, path: Path, start: int, end: int, coder: zlib._Compress | None
) -> None:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < end:
            chunk = stream.read(min(_CHUNK, end - start))
            if not chunk:
                break
            start += len(chunk)
            chunk = coder.compress(chunk) if coder else chunk
            if chunk:
                await answer.write(chunk)
    if coder:
        await answer.write(coder.flush())


def _unchanged(request: web.BaseRequest, modified: int) -> bool:
    since = request.headers.get("If-Modified-Since")
    if not since:
        return False
    try:
        return modified <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def _is_version(request: web.BaseRequest, modified: int) -> bool:
    """Whether a range of this version is wanted, or the whole of any other."""
    return request.headers.get("If-Range") in (None, formatdate(modified, usegmt=True))


def _span(header: str, size: int) -> tuple[int, int] | None:
    """[start, end) of what to send; None when the range lies outside."""
    match = _RANGE.fullmatch(header.strip())
    if not match or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size
    start = int(first)
    if start >= size or (last and int(last) < start):
        return None
    return start, min(int(last) + 1, size) if last else size
