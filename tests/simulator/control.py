# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API below /simulator/: what tests ask about and do to the simulator itself.

GET    stats             counters          POST reset               a fresh server, same ports
POST   stats/reset       counters to zero  POST expire-tokens       all tokens so far are expired
GET    log               requests          POST drop-websockets     cut every websocket
POST   faults  {...}     see faults.py     POST machine-token {"machine", "ttl"}
DELETE faults            forget them all, and losses of events

Disturbances, see disruptions.py and progress.py:

POST   restart          {"down"}                                      the API port is closed for a while
POST   events           {"count", "type", "action", "key", "object"}  many events in one go
POST   lose-events      {"count", "type", "action", "key"}            lose the next ones
POST   stall-websockets {"seconds"}                                   open connections seem dead
POST   finish           {"machines", "over"}                          machines finish their tasks
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from . import disruptions, progress
from .faults import BadFault
from .wire import dumps

if TYPE_CHECKING:
    from .app import App


async def handle(app: App, request: web.BaseRequest, path: str) -> web.Response:
    body = await request.read()
    try:
        asked = json.loads(body) if body else {}
        status, answer = await _dispatch(app, f"{request.method} {path}", asked)
    except (BadFault, ValueError) as problem:
        status, answer = 400, {"error": str(problem)}
    return web.Response(status=status, body=dumps(answer), content_type="application/json")


async def _dispatch(app: App, what: str, asked: Any) -> tuple[int, Any]:
    server = app.server
    match what:
        case "GET stats":
            return 200, app.stats.document() | server.gauges()
        case "POST stats/reset":
            app.stats.reset()
        case "GET log":
            return 200, server.requests.document()
        case "POST faults":
            return 200, {"id": app.faults.add(asked)}
        case "DELETE faults":
            app.faults.clear()
            server.bus.losses.clear()
        case "POST expire-tokens":
            server.tokens.expire_all()
        case "POST drop-websockets":
            return 200, {"dropped": server.drop_websockets()}
        case "POST machine-token":
            return _machine_token(app, asked)
        case "POST restart":
            return 200, disruptions.restart(app, asked)
        case "POST events":
            return 200, disruptions.burst(server, asked)
        case "POST lose-events":
            return 200, disruptions.lose_events(server, asked)
        case "POST stall-websockets":
            return 200, disruptions.stall_websockets(server, asked)
        case "POST finish":
            return 200, progress.finish(server, asked)
        case "POST reset":
            app.reset()
        case _:
            return 404, {"error": f"no such control: {what}"}
    return 200, {}


def _machine_token(app: App, asked: Any) -> tuple[int, Any]:
    """A token as templates hand it to the agent of a machine."""
    tables = (app.server.store[kind] for kind in app.server.server_profile.runners)
    machine = next((row for table in tables if (row := table.find(str(asked.get("machine", ""))))), None)
    if not machine:
        return 404, {"error": "no such machine"}
    return 200, {"Token": app.server.tokens.for_machine(machine, float(asked.get("ttl", 3600)))}
