# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with bad manners for the event source, and a source that listens to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web
from patience import LIMIT

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    Settings,
    Source,
)

Item = dict[str, Any]
JOB_EVENT = {
    "Type": "jobs",
    "Action": "update",
    "Key": "j1",
    "Time": "t",
    "Object": {"Uuid": "j1", "Machine": "m1"},
}


class Server:
    """Speaks enough of the API; tests replace the methods that are to misbehave."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Item]] = {"machines": [], "jobs": []}
        self.requests: list[tuple[str, str, str]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.answers: dict[str, web.Response] = {}
        self.autoping = True
        self.good_tokens: set[str] = set()
        self.endpoint = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v3/")
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        self.requests.append((request.method, path, scheme))
        if path in self.answers:
            answer = self.answers[path]
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        if path.endswith("/token"):
            if scheme == "Bearer" and credentials not in self.good_tokens:
                return web.Response(status=403)
            token = f"token-{len(self.requests)}"
            self.good_tokens.add(token)
            return web.json_response({"Token": token, "Info": {}})
        if credentials not in self.good_tokens:
            return web.Response(status=403)
        if path == "ws":
            return await self.websocket(request)
        if path == "indexes":
            return web.json_response({kind: {} for kind in self.objects})
        return self.listing(path, request)

    def listing(self, path: str, request: web.Request) -> web.Response:
        if path not in self.objects:
            return web.Response(status=404)
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        return web.json_response(self.objects[path][offset : offset + limit])

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=self.autoping)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.command(socket, message.data)
        return socket

    async def command(self, socket: web.WebSocketResponse, text: str) -> None:
        verb, _, pattern = text.partition(" ")
        await socket.send_json({"Type": "websocket", "Action": verb, "Key": pattern, "Object": None})

    def asked(self, path: str, scheme: str = "Bearer") -> int:
        return sum(request[1:] == (path, scheme) for request in self.requests)


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[Server]:
    runner = web.ServerRunner(web.Server(server.handle), shutdown_timeout=0.1)  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


class Listening:
    """A source that runs in the background of a test."""

    def __init__(self, server: Server, **arguments: Any) -> None:
        self.queue: asyncio.Queue[Item] = asyncio.Queue()
        given = {"username": "eda", "password": "secret", "endpoint": server.endpoint, **arguments}
        given.setdefault("reconnect_delay", 0.02)
        given.setdefault("reconnect_delay_max", 0.05)
        self.source = Source(Settings(given, {}), self.queue)
        self.task = asyncio.ensure_future(self.source.run())

    async def started(self) -> None:
        """The state at the start has been read."""
        await until(lambda: self.source._started)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task}, timeout=LIMIT)
        assert self.task.cancelled()


def against(test: Callable[[Server], Awaitable[None]]) -> None:
    async def run() -> None:
        async with serving(Server()) as server:
            await asyncio.wait_for(test(server), LIMIT)

    asyncio.run(run())


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.005)
