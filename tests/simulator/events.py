# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: the bus that carries them and the filters of its listeners."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from .claims import Identity
from .event_losses import Losses
from .wire import Obj, dumps, now

# assumption: so many events wait for a slow reader, the rest is lost
_QUEUE = 256


class Listener:
    """One websocket: its registered filters and the events waiting to be sent."""

    def __init__(self, identity: Identity, transport: asyncio.WriteTransport) -> None:
        self.identity = identity
        self.transport = transport
        self.filters: dict[str, tuple[str, ...]] = {}
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUE)
        self._stalled_until = 0.0

    def wants(self, kind: str, action: str, key: str) -> bool:
        triple = (kind, action, key)
        if not any(_match(parts, triple) for parts in self.filters.values()):
            return False
        # types outside the known scopes (log, static, custom ones) go to everyone
        return self.identity.may(kind, action, key)

    def offer(self, text: bytes) -> None:
        # a real server drops what a slow reader leaves behind, without a word
        if not self.queue.full():
            self.queue.put_nowait(text)

    def register(self, text: str) -> None:
        self.filters[text] = tuple(text.split(".", 2))

    def deregister(self, text: str) -> None:
        self.filters.pop(text, None)

    def stall(self, seconds: float) -> None:
        """Seem dead for so long: the connection stays, but nothing comes and nothing is read."""
        self._stalled_until = time.monotonic() + seconds

    @property
    def stalled(self) -> bool:
        return time.monotonic() < self._stalled_until

    async def awake(self) -> None:
        """Returns when it is not stalled."""
        while self.stalled:
            await asyncio.sleep(self._stalled_until - time.monotonic())


def _match(parts: tuple[str, ...], triple: tuple[str, str, str]) -> bool:
    return len(parts) == 3 and all(part in ("*", value) for part, value in zip(parts, triple, strict=True))


def document(kind: str, action: str, key: str, principal: str, obj: bytes, when: str = "") -> bytes:
    head: Obj = {"Time": when or now(), "Type": kind, "Action": action, "Key": key, "Principal": principal}
    return dumps(head)[:-1] + b',"Object":' + obj + b"}"


class Bus:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.losses = Losses()

    def open_listeners(self) -> list[Listener]:
        """Those whose connection still stands."""
        return [listener for listener in self.listeners if not listener.transport.is_closing()]

    def acknowledge(self, listener: Listener, verb: str, pattern: str) -> None:
        """Tell one listener that its command was carried out."""
        if not self.losses.take("websocket", verb, pattern):
            listener.offer(document("websocket", verb, pattern, "", b"null"))

    def publish(
        self,
        kind: str,
        action: str,
        key: str,
        principal: str,
        obj: Callable[[], bytes] | None = None,
        when: str = "",
    ) -> None:
        """Offer the event to whoever listens; the object is only encoded when someone does."""
        takers = [listener for listener in self.listeners if listener.wants(kind, action, key)]
        if takers and not self.losses.take(kind, action, key):
            text = document(kind, action, key, principal, obj() if obj else b"null", when)
            for listener in takers:
                listener.offer(text)
