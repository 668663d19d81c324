# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API port: open, and closed for a while when the server seems to restart."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ApiPort:
    """Lets requests in to a handler, over TLS."""

    def __init__(self, handler: Handler, make_request: Any, context: ssl.SSLContext) -> None:
        self._handler = handler
        self._context = context
        self._server = web.Server(self._handle, request_factory=make_request, access_log=None)
        self._running: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    async def open(self, host: str, port: int) -> int:
        """Listen; the port, which is a free one when 0 was asked for."""
        await self._listen(_bound(host, port))
        return self._address[1]

    def restart(self, down: float) -> None:
        """Refuse connections for so many seconds, and cut those there are.

        The port is closed on return.  The cut comes after the current request's answer.
        """
        if self._listening is None:
            raise ValueError("the server is down already")
        address = self._address
        self._listening.close()
        self._listening = None
        # bound but not listening: connections are refused, and nobody else takes the port meanwhile
        held = _bound(*address)
        loop = asyncio.get_running_loop()
        loop.call_soon(self._abort_connections)
        self._reopening = loop.create_task(self._reopen_after(held, down))

    async def close(self, timeout: float) -> None:
        if self._reopening:
            self._reopening.cancel()
        if self._listening:
            self._listening.close()
        await self._server.shutdown(timeout)

    @property
    def _address(self) -> tuple[str, int]:
        assert self._listening
        host, port = self._listening.sockets[0].getsockname()
        return host, port

    async def _listen(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._server, sock=bound, ssl=self._context, backlog=512)

    async def _reopen_after(self, held: socket.socket, down: float) -> None:
        try:
            await asyncio.sleep(down)
        except asyncio.CancelledError:
            held.close()
            raise
        await self._listen(held)

    def _abort_connections(self) -> None:
        """End connections and requests, as a process does that is killed."""
        for connection in self._server.connections:
            if connection.transport:
                connection.transport.abort()
        for task in list(self._running):
            task.cancel()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task
        if self._listening is None:
            # it was still shaking hands when the others were cut
            self._abort_connections()
            return web.Response(status=500)
        self._running.add(task)
        try:
            return await self._handler(request)
        finally:
            self._running.discard(task)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket()
    # connections that were just cut do not keep the port busy
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound
