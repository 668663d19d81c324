# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every request of the HTTPS port: credentials, dispatch, counters, faults, compression."""

from __future__ import annotations

import asyncio
import inspect
import traceback
import weakref
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from . import control
from .auth import identify
from .call import Call, Reply, error_reply
from .errors import ApiError, BareReply, Crash
from .fault_effects import before, broken
from .faults import Faults
from .manner import V3_12, Manner
from .routes import STREAMED
from .sendfile import GZIP_WINDOW
from .stats import Stats
from .world import Ports, World

_API = "/api/v3/"
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_CHALLENGE = {"WWW-Authenticate": "dr-provision"}
# what Go's gzip writer makes of nothing
_EMPTY_GZIP = bytes.fromhex("1f8b08000000000000ff010000ffff0000000000000000")
_LARGE = 128 * 1024
_SWITCHED = 101
_LEVELS = ("trace", "debug", "info", "warn", "error", "err", "fatal", "panic", "audit")


class Request(web.BaseRequest):
    """Bodies of any size; no header that gives the library away."""

    bare = False

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)
        if self.bare:
            response.headers.popall("Content-Type", None)


class App:
    def __init__(self, root: Path, ports: Ports, manner: Manner = V3_12) -> None:
        self._root = root
        self._ports = ports
        self._manner = manner
        self._seen: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        self.stats = Stats()
        self.faults = Faults()
        self.world = World(root, ports, self.stats, manner)
        self.restart: Callable[[float], None] = _not_served

    def reset(self) -> None:
        """Back to a fresh server."""
        self.world.close()
        self.faults.clear()
        self.world = World(self._root, self._ports, self.stats, self._manner)
        self.stats.reset()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        if path.startswith("/simulator/"):
            return await control.handle(self, request, path.removeprefix("/simulator/"))
        if not path.startswith(_API):
            return web.Response(status=404, text="404 page not found\n")
        self._count(request)
        path = unquote(path)
        below = path.removeprefix(_API)
        world = self.world
        fault = self.faults.take(request.method, below)
        if fault and (early := await before(world, request, below, fault)):
            world.requests.add(request.method, below, early.status if fault.kind != "drop" else 0)
            return early
        answer = await self._answer(world, request, path, query)
        if answer.status != _SWITCHED:
            world.requests.add(request.method, below, answer.status)
        if isinstance(answer, Reply):
            sent = await self._encode(request, answer)
            return await broken(request, sent, fault) if fault else sent
        return answer

    def _count(self, request: web.BaseRequest) -> None:
        self.stats.requests += 1
        transport = request.transport
        if transport and transport not in self._seen:
            self._seen.add(transport)
            self.stats.connections += 1

    async def _answer(
        self, world: World, request: web.BaseRequest, path: str, query: str
    ) -> Reply | web.StreamResponse:
        if path.endswith("/") and path.count("/") == _API.count("/") + 1:
            # item-less routes know no trailing slash
            status = 301 if request.method == "GET" else 307
            return Reply(status, headers={"Location": path.rstrip("/")})
        try:
            return await self._call(world, request, path, query)
        except ApiError as problem:
            return error_reply(problem)
        except BareReply as outcome:
            return Reply(outcome.status, headers=dict(_CHALLENGE) if outcome.challenge else {})
        except Crash as reason:
            self.stats.would_crash += 1
            world.logs.add("frontend", "error", f"this request would crash a real server: {reason}")
            return Reply(500)
        except ConnectionError:  # whoever asked is gone
            return Reply(500)
        except Exception:  # a bug of the simulator looks like a bug of the server, but says so
            traceback.print_exc()
            return Reply(500)

    async def _call(
        self, world: World, request: web.BaseRequest, path: str, query: str
    ) -> Reply | web.StreamResponse:
        parts = path.removeprefix(_API).split("/")
        pairs = parse_qsl(query, keep_blank_values=True)
        headers = request.headers
        token = next((value for name, value in pairs if name == "token"), "")
        identity = await identify(world, headers, token)
        if headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body = b"" if parts[0] in STREAMED else await request.read()
        _trace(world, request, identity.principal)
        call = Call(world, request, request.method, path, request.raw_path, parts, pairs, identity, body)
        if request.method in _WRITES:
            self.stats.writes += 1
        answer = world.manner.answer(call)
        return await answer if inspect.isawaitable(answer) else answer

    async def _encode(self, request: web.BaseRequest, answer: Reply) -> web.Response:
        headers, body = answer.headers, answer.body
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        else:
            request.bare = True  # type: ignore[attr-defined]
        offered = "gzip" in request.headers.get("Accept-Encoding", "")
        if offered and answer.status != 204 and request.method != "HEAD":
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
            body = await self._compress(body)
        return web.Response(status=answer.status, body=body, headers=headers)

    async def _compress(self, body: bytes) -> bytes:
        if not body:
            return _EMPTY_GZIP
        if len(body) > _LARGE:
            return await self.world.in_thread(_gzip, body)
        return _gzip(body)


def _not_served(down: float) -> None:
    raise ValueError("nothing listens that could be restarted")


def _trace(world: World, request: web.BaseRequest, who: str) -> None:
    """Log lines that a caller asks for with trace headers."""
    level = request.headers.get("X-Log-Request")
    if level in _LEVELS:
        world.logs.add("frontend", level, f"{request.method} {request.raw_path}", who=who)
    elif level:
        world.logs.add("frontend", "error", f"Invalid log level: {level}", who=who)
    if text := request.headers.get("X-Log-Token"):
        world.logs.add("frontend", "error", f"Log token: {text}", who=who)


def _gzip(body: bytes) -> bytes:
    coder = zlib.compressobj(1, wbits=GZIP_WINDOW)
    return coder.compress(body) + coder.flush()
