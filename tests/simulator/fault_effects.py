# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault does to a request before it is handled, and to its answer."""

from __future__ import annotations

import asyncio

from aiohttp import web

from . import objects
from .errors import ApiError
from .faults import Fault, merge
from .server import Server
from .wire import Obj

_PAGE = b"<html><body><h1>It works!</h1></body></html>"
_SLICES = 8


async def before_handling(
    server: Server, request: web.BaseRequest, path: str, fault: Fault
) -> web.StreamResponse | None:
    """An answer that replaces the handling, or None to go on."""
    match fault.kind:
        case "drop":
            return _cut(request)
        case "delay":
            await asyncio.sleep(fault.seconds)
        case "touch":
            _touch(server, path, fault.changes)
        case "status":
            kind = {"Content-Type": fault.content_type} if fault.content_type else {}
            request.bare = not kind  # type: ignore[attr-defined]
            return web.Response(
                status=fault.status, body=fault.body.encode(), headers={**fault.headers, **kind}
            )
        case "html":
            return web.Response(body=_PAGE, content_type="text/html")
    return None


async def after_handling(request: web.BaseRequest, answer: web.Response, fault: Fault) -> web.StreamResponse:
    """The answer as the fault lets it through."""
    match fault.kind:
        case "lose_reply":
            return _cut(request)
        case "half":
            return await _partly(request, answer, fault)
        case "slow":
            return await _partly(request, answer, fault)
    return answer


def _cut(request: web.BaseRequest) -> web.Response:
    """Close the connection; the answer goes nowhere."""
    if request.transport:
        request.transport.close()
    return web.Response(status=500)


async def _partly(request: web.BaseRequest, answer: web.Response, fault: Fault) -> web.StreamResponse:
    """Half the body and then nothing, or all of it in slices over the given seconds."""
    body = bytes(answer.body) if isinstance(answer.body, bytes) else b""
    stream = web.StreamResponse(status=answer.status, headers=answer.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    if fault.kind == "half":
        await stream.write(body[: len(body) // 2])
        return _abandon(request, stream)
    size = -(-len(body) // _SLICES) or 1
    for start in range(0, len(body), size):
        await asyncio.sleep(fault.seconds / _SLICES)
        await stream.write(body[start : start + size])
    return stream


def _abandon(request: web.BaseRequest, stream: web.StreamResponse) -> web.StreamResponse:
    stream.force_close()
    if request.transport:
        request.transport.close()
    return stream


def _touch(server: Server, path: str, changes: Obj) -> None:
    """Let another writer be first."""
    prefix, _, key = path.partition("/")
    table = server.store.tables.get(prefix)
    row = None
    if table:
        row = table.find(key) or table.find(key.partition("/")[0])
    if row:
        try:
            objects.update(server, row, merge(row.copy(), changes), "user:somebody", internal=True)
        except ApiError as problem:
            server.logs.add("faults", "error", f"touch failed: {problem}")
