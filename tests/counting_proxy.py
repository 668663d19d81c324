# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that counts what goes to a server, so that a test can count on a server that does not."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from pathlib import Path
from typing import Any

import aiohttp
import yarl
from aiohttp import web

from simulator import certs

_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "upgrade", "expect", "host"}
_WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_API = "/api/v3/"


class CountingProxy:
    """Passes everything on as it is, by TLS with a certificate of its own."""

    def __init__(self, upstream: str, folder: Path) -> None:
        self.log: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}
        self.reset()
        # of each open websocket, the patterns that it asks for
        self._registered: dict[object, set[str]] = {}
        self.certificate = certs.make(folder)
        self._upstream = yarl.URL(upstream)
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        self.endpoint = f"https://127.0.0.1:{port}"

    def reset(self) -> None:
        """Forget what was counted, but not the log, as the embedded server does."""
        self.counts.update(
            dict.fromkeys(
                ("requests", "writes", "logins", "connections", "would_crash", "websockets_opened"), 0
            )
        )

    def stats(self) -> dict[str, int]:
        registrations = sum(map(len, self._registered.values()))
        return {**self.counts, "websockets": len(self._registered), "registrations": registrations}

    async def _start(self) -> int:
        connector = aiohttp.TCPConnector(ssl=False, limit=0, force_close=True)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type", "Accept"),
        )
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._pass)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.certificate.context())
        await site.start()
        port: int = runner.addresses[0][1]
        return port

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        target = self._upstream.join(yarl.URL(request.raw_path, encoded=True))
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _OF_A_CONNECTION
        }
        self._count(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._pass_websocket(request, target, headers)
        path = request.raw_path.partition("?")[0].removeprefix(_API)
        entry = {"method": request.method, "path": path, "status": 0}
        self.log.append(entry)
        try:
            async with self._session.request(
                request.method,
                target,
                headers=headers,
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            ) as answer:
                entry["status"] = answer.status
                return await _pass_back(request, answer)
        except aiohttp.ServerDisconnectedError:
            self.counts["would_crash"] += 1
            raise

    def _count(self, request: web.Request) -> None:
        self.counts["requests"] += 1
        self.counts["writes"] += request.method in _WRITES
        is_login = request.headers.get("Authorization", "").startswith("Basic ")
        self.counts["logins"] += is_login and request.path.endswith("/token")
        if request.transport not in self._connections:
            self._connections.add(request.transport)
            self.counts["connections"] += 1

    async def _pass_websocket(
        self, request: web.Request, target: yarl.URL, headers: dict[str, str]
    ) -> web.StreamResponse:
        own = {name: value for name, value in headers.items() if not name.lower().startswith("sec-websocket")}
        try:
            upstream = await self._session.ws_connect(target, headers=own, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status)
        self.counts["websockets_opened"] += 1
        downstream = web.WebSocketResponse(max_msg_size=0)
        await downstream.prepare(request)
        registered = self._registered[downstream] = set()
        both = [
            asyncio.ensure_future(_relay(downstream, upstream, registered)),
            asyncio.ensure_future(_relay(upstream, downstream)),
        ]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        del self._registered[downstream]
        await asyncio.gather(upstream.close(), downstream.close(), *both, return_exceptions=True)
        return downstream


async def _pass_back(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    reply = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _OF_A_CONNECTION:
            reply.headers.add(name, value)
    await reply.prepare(request)
    async for piece in answer.content.iter_any():
        await reply.write(piece)
    with contextlib.suppress(ConnectionError):
        await reply.write_eof()
    return reply


async def _relay(source: Any, target: Any, registered: set[str] | None = None) -> None:
    async for message in source:
        if message.type == aiohttp.WSMsgType.TEXT:
            word, _space, pattern = message.data.partition(" ")
            if registered is not None and word == "register":
                registered.add(pattern)
            elif registered is not None and word == "deregister":
                registered.discard(pattern)
            await target.send_str(message.data)
        elif message.type == aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
