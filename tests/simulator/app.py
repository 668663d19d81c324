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
from .call import BufferedResponse, Call, error_reply
from .errors import ApiError, Crash, EmptyResponse
from .fault_effects import after_handling, before_handling
from .faults import Faults
from .routes import STREAMED
from .sendfile import GZIP_WINDOW
from .server import Ports, Server
from .server_profile import V3_12, ServerProfile
from .stats import Stats

_API = "/api/v3/"
_COLLECTION = ("GET", "HEAD", "POST")
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
    def __init__(self, root: Path, ports: Ports, server_profile: ServerProfile = V3_12) -> None:
        self._root = root
        self._ports = ports
        self._server_profile = server_profile
        self._seen: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        self.stats = Stats()
        self.faults = Faults()
        self.server = Server(root, ports, self.stats, server_profile)
        self.restart: Callable[[float], None] = _not_served

    def reset(self) -> None:
        """Back to a fresh server."""
        self.server.close()
        self.faults.clear()
        self.server = Server(self._root, self._ports, self.stats, self._server_profile)
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
        server = self.server
        fault = self.faults.take(request.method, below)
        if fault and (early := await before_handling(server, request, below, fault)):
            server.requests.add(request.method, below, early.status if fault.kind != "drop" else 0)
            return early
        answer = await self._answer(server, request, path, query)
        if answer.status != _SWITCHED:
            server.requests.add(request.method, below, answer.status)
        if isinstance(answer, BufferedResponse):
            sent = await self._encode(request, answer)
            return await after_handling(request, sent, fault) if fault else sent
        return answer

    def _count(self, request: web.BaseRequest) -> None:
        self.stats.requests += 1
        transport = request.transport
        if transport and transport not in self._seen:
            self._seen.add(transport)
            self.stats.connections += 1

    async def _answer(
        self, server: Server, request: web.BaseRequest, path: str, query: str
    ) -> BufferedResponse | web.StreamResponse:
        if path.endswith("/") and path.count("/") == _API.count("/") + 1 and _redirects(request.method, path):
            # item-less routes know no trailing slash
            status = 301 if request.method == "GET" else 307
            return BufferedResponse(status, headers={"Location": path.rstrip("/")})
        try:
            return await self._call(server, request, path, query)
        except ApiError as problem:
            return error_reply(problem)
        except EmptyResponse as outcome:
            return BufferedResponse(outcome.status, headers=dict(_CHALLENGE) if outcome.challenge else {})
        except Crash as reason:
            self.stats.would_crash += 1
            server.logs.add("frontend", "error", f"this request would crash a real server: {reason}")
            return BufferedResponse(500)
        except ConnectionError:  # whoever asked is gone
            return BufferedResponse(500)
        except Exception:  # a bug of the simulator looks like a bug of the server, but says so
            traceback.print_exc()
            return BufferedResponse(500)

    async def _call(
        self, server: Server, request: web.BaseRequest, path: str, query: str
    ) -> BufferedResponse | web.StreamResponse:
        parts = path.removeprefix(_API).split("/")
        pairs = parse_qsl(query, keep_blank_values=True)
        headers = request.headers
        token = next((value for name, value in pairs if name == "token"), "")
        identity = await identify(server, headers, token)
        if headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        body = b"" if parts[0] in STREAMED else await request.read()
        _trace(server, request, identity.principal)
        call = Call(server, request, request.method, path, request.raw_path, parts, pairs, identity, body)
        if request.method in _WRITES:
            self.stats.writes += 1
        answer = server.server_profile.answer(call)
        return await answer if inspect.isawaitable(answer) else answer

    async def _encode(self, request: web.BaseRequest, answer: BufferedResponse) -> web.Response:
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
            return await self.server.in_thread(_gzip, body)
        return _gzip(body)


def _redirects(method: str, path: str) -> bool:
    # below files everything is a path, even nothing
    return method in _COLLECTION and not path.startswith(f"{_API}files/")


def _not_served(down: float) -> None:
    raise ValueError("nothing listens that could be restarted")


def _trace(server: Server, request: web.BaseRequest, principal: str) -> None:
    """Log lines that a caller asks for with trace headers."""
    level = request.headers.get("X-Log-Request")
    if level in _LEVELS:
        server.logs.add("frontend", level, f"{request.method} {request.raw_path}", principal=principal)
    elif level:
        server.logs.add("frontend", "error", f"Invalid log level: {level}", principal=principal)
    if text := request.headers.get("X-Log-Token"):
        server.logs.add("frontend", "error", f"Log token: {text}", principal=principal)


def _gzip(body: bytes) -> bytes:
    coder = zlib.compressobj(1, wbits=GZIP_WINDOW)
    return coder.compress(body) + coder.flush()
