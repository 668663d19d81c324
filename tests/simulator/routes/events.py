# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posting events, and the websocket that delivers them."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from ..call import Answer, Call, no_content
from ..errors import ApiError, bad_request
from ..events import Listener, document
from ..kinds import ANY, STR, TIME, DecodeError, Struct
from ..wire import dumps

_EVENT = Struct("Event", Time=TIME, Type=STR, Action=STR, Key=STR, Principal=STR, Object=ANY)
_LONGEST_FRAME = 512
_PING = 54.0


def post(call: Call) -> Answer:
    if call.method != "POST" or len(call.parts) > 1:
        raise call.no_route()
    call.require("events", "post", "*")
    try:
        event = _EVENT.decode(call.json())
    except DecodeError as problem:
        raise bad_request("POST", str(problem)) from None
    body = dumps(event["Object"])
    call.world.bus.publish(
        event["Type"], event["Action"], event["Key"], call.who, lambda: body, event["Time"]
    )
    return no_content()


async def websocket(call: Call) -> Answer:
    if call.method != "GET" or len(call.parts) > 1:
        raise call.no_route()
    socket = web.WebSocketResponse(heartbeat=_PING, max_msg_size=_LONGEST_FRAME, compress=False)
    if not socket.can_prepare(call.request).ok:
        raise ApiError(400, "GET", "Bad Request: not a websocket handshake")
    listener = Listener(call.identity)
    world = call.world
    await socket.prepare(call.request)
    # logged here: the request itself lasts as long as the connection
    world.requests.add("GET", "ws", socket.status)
    world.bus.listeners.add(listener)
    if call.request.transport:
        world.sockets[socket] = call.request.transport
    sender = asyncio.create_task(_send(socket, listener))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                _command(call, listener, message.data)
    finally:
        world.bus.listeners.discard(listener)
        world.sockets.pop(socket, None)
        sender.cancel()
    return socket


async def _send(socket: web.WebSocketResponse, listener: Listener) -> None:
    while True:
        text = await listener.queue.get()
        try:
            await socket.send_frame(text, WSMsgType.TEXT)
        except ConnectionError:
            return


def _command(call: Call, listener: Listener, text: str) -> None:
    verb, _, pattern = text.partition(" ")
    if verb == "register":
        if pattern.count(".") < 2:
            call.world.stats.would_crash += 1
            call.world.logs.add("frontend", "error", f"this filter would crash a real server: {pattern}")
        listener.register(pattern)
    elif verb == "deregister":
        listener.deregister(pattern)
    else:
        call.world.logs.add("frontend", "error", f"Unknown websocket command: {text[:40]}")
        return
    listener.offer(document("websocket", verb, pattern, "", b"null"))
