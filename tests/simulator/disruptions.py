# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disturbances of events and of the server that tests ask for over the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wire import Obj, dumps

if TYPE_CHECKING:
    from .app import App
    from .server import Server

_SOMEBODY = "user:somebody"


def restart(app: App, asked: Obj) -> Obj:
    """Seem to be a restarted process: ``down`` seconds without a listener, state as on the disk."""
    app.restart(seconds(asked, "down", 0.5))
    return {}


def burst(server: Server, asked: Obj) -> Obj:
    """Publish ``count`` equal events in one go: no listener gets to send one in between."""
    kind, action, key = _triple(asked, "test", "burst", "test")
    body = dumps(asked.get("object"))
    for _ in range(_count(asked)):
        server.bus.publish(kind, action, key, _SOMEBODY, lambda: body)
    return {}


def lose_events(server: Server, asked: Obj) -> Obj:
    """Lose the next ``count`` matching events that some websocket waits for; acknowledgements are events."""
    server.bus.losses.add(*_triple(asked, "*", "*", "*"), _count(asked))
    return {}


def stall_websockets(server: Server, asked: Obj) -> Obj:
    """Let the present websockets seem dead for ``seconds``; those opened later are alive."""
    pause = seconds(asked, "seconds", 1.0)
    listeners = server.bus.open_listeners()
    for listener in listeners:
        listener.stall(pause)
    return {"stalled": len(listeners)}


def seconds(asked: Obj, name: str, default: float) -> float:
    """A duration from a control request; ValueError when it is none."""
    value: Any = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name} must be a number of seconds")
    return float(value)


def _count(asked: Obj) -> int:
    value: Any = asked.get("count", 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("count must be a whole number above 0")
    return value


def _triple(asked: Obj, kind: str, action: str, key: str) -> tuple[str, str, str]:
    found = (asked.get("type", kind), asked.get("action", action), asked.get("key", key))
    if not all(isinstance(part, str) for part in found):
        raise ValueError("type, action and key must be texts")
    return found
