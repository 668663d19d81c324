# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The websocket: commands in, events out, signs of life both ways."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import WSMsgType, web

from ..call import ApiResponse, Call
from ..errors import ApiError
from ..events import Listener

_LONGEST_FRAME = 512
_PING = 54.0
_PONG = 6.0


async def handle(call: Call) -> ApiResponse:
    if call.method != "GET" or len(call.parts) > 1:
        raise call.no_route()
    # pings and closing are answered here and not by the library: a stalled connection answers nothing
    socket = web.WebSocketResponse(
        max_msg_size=_LONGEST_FRAME, compress=False, autoping=False, autoclose=False
    )
    if not socket.can_prepare(call.request).ok:
        raise ApiError(400, "GET", "Bad Request: not a websocket handshake")
    transport = call.request.transport
    if transport is None:
        raise ConnectionError("the client is gone")
    await socket.prepare(call.request)
    # logged here: the request itself lasts as long as the connection
    call.server.requests.add("GET", "ws", socket.status)
    call.server.stats.websockets_opened += 1
    with contextlib.suppress(ConnectionError):
        await _Session(call, socket, Listener(call.identity, transport)).run()
    return socket


class _Session:
    """One open websocket."""

    def __init__(self, call: Call, socket: web.WebSocketResponse, listener: Listener) -> None:
        self._call = call
        self._server = call.server
        self._socket = socket
        self._listener = listener
        self._pong = asyncio.Event()

    async def run(self) -> None:
        """Returns when the connection has ended."""
        bus = self._server.bus
        bus.listeners.add(self._listener)
        tasks = [asyncio.create_task(work) for work in (self._send(), self._watch())]
        try:
            await self._receive()
        finally:
            bus.listeners.discard(self._listener)
            for task in tasks:
                task.cancel()

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            await self._listener.awake()
            match message.type:
                case WSMsgType.TEXT:
                    self._command(message.data)
                case WSMsgType.PING:
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    self._pong.set()
                case WSMsgType.BINARY:
                    pass
                case _:
                    await self._socket.close()
                    return

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                text = await self._listener.queue.get()
                await self._listener.awake()
                await self._socket.send_frame(text, WSMsgType.TEXT)

    async def _watch(self) -> None:
        """Ping from time to time, and cut the connection when the client leaves that unanswered."""
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(_PING)
                await self._listener.awake()
                self._pong.clear()
                await self._socket.ping()
                try:
                    await asyncio.wait_for(self._pong.wait(), _PONG)
                except TimeoutError:
                    if not self._listener.stalled:
                        self._listener.transport.abort()

    def _command(self, text: str) -> None:
        server, listener = self._server, self._listener
        verb, _, pattern = text.partition(" ")
        if verb == "register":
            if pattern.count(".") < 2:
                server.stats.would_crash += 1
                server.logs.add("frontend", "error", f"this filter would crash a real server: {pattern}")
            listener.register(pattern)
        elif verb == "deregister":
            listener.deregister(pattern)
        else:
            server.logs.add("frontend", "error", f"Unknown websocket command: {text[:40]}")
            return
        server.bus.acknowledge(listener, verb, pattern)
