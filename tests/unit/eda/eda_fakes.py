# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server without a network for the loop of the event source: its objects, and a scripted stream."""

from __future__ import annotations

import asyncio
import collections
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    ConnectionLost,
    Event,
    Pattern,
    Settings,
    Source,
    key_of,
)

Item = dict[str, Any]
Step = Event | Callable[[], Any] | None


class FakeApi:
    """Objects by kind and key; what is hidden exists but is not listed."""

    endpoint = "https://drp:8092"

    def __init__(self, *machines: Item, **kinds: list[Item]) -> None:
        self.objects: dict[str, dict[str, Item]] = {"machines": {}, "jobs": {}}
        for kind, items in {"machines": list(machines), **kinds}.items():
            self.put(kind, *items)
        self.hidden: set[str] = set()
        self.asked: list[str] = []
        self.reading: Callable[[str], Any] = lambda kind: None

    def put(self, kind: str, *items: Item) -> None:
        self.objects.setdefault(kind, {}).update({key_of(item): item for item in items})

    async def items(self, kind: str) -> AsyncIterator[Item]:
        self.asked.append(kind)
        for key, item in list(self.objects[kind].items()):
            if key not in self.hidden:
                yield dict(item)
        self.reading(kind)

    async def exists(self, kind: str, key: str) -> bool:
        self.asked.append(f"{kind}/{key}?")
        return key in self.objects[kind]

    async def kinds(self) -> list[str]:
        return sorted(self.objects)

    async def machine_name(self, machine: str) -> str:
        self.asked.append(f"machines/{machine}")
        return str(self.objects["machines"].get(machine, {}).get("Name", ""))


class FakeStream:
    """Delivers the steps: events, None (a gap), and functions that change the world in between.

    ``coming`` are events that have arrived but wait, as during a read.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps = collections.deque(steps)
        self.coming: collections.deque[Event] = collections.deque()
        self.registered: list[list[Pattern]] = []
        self.timeouts: list[float] = []

    async def register(self, patterns: list[Pattern]) -> None:
        self.registered.append(patterns)

    def pending_objects(self) -> set[tuple[str, str]]:
        return {event.object_id for event in self.coming if event.carries_state}

    async def next(self, timeout: float) -> Event | None:
        self.timeouts.append(timeout)
        if self.coming:
            return self.coming.popleft()
        while self.steps:
            step = self.steps.popleft()
            if not callable(step):
                return step
            step()
        raise ConnectionLost("the end of the script")


class Listener:
    """A source with a list for a queue.  Each ``hear`` is one connection, from its start to its end."""

    def __init__(self, api: FakeApi, **arguments: Any) -> None:
        self.api = api
        self.emitted: list[Item] = []
        self.source = Source(Settings({"token": "t", **arguments}, {}), self)  # type: ignore[arg-type]

    async def put(self, document: Item) -> None:
        self.emitted.append(document)

    def hear(self, *steps: Step, stream: FakeStream | None = None) -> list[Item]:
        """What one connection makes the source tell."""
        before = len(self.emitted)
        used = stream or FakeStream(*steps)
        run(lambda: self.source._listen(self.api, used))  # type: ignore[arg-type]
        return self.emitted[before:]


def run(listen: Callable[[], Awaitable[Any]]) -> None:
    async def until_lost() -> None:
        try:
            await listen()
        except ConnectionLost:
            return
        raise AssertionError("the stream ended and nobody noticed")

    asyncio.run(until_lost())


def summary(emitted: list[Item]) -> list[tuple[str, str, str]]:
    return [(document["type"], document["action"], document["key"]) for document in emitted]


ONE = {"Uuid": "u1", "Name": "one"}
TWO = {"Uuid": "u2", "Name": "two"}
JOB = {"Uuid": "j1", "Machine": "u1", "State": "running"}


def machine(action: str, item: Item, **members: Any) -> Event:
    return Event("machines", action, item["Uuid"], item, "t", "user:x", **members)


def job(action: str, **members: Any) -> Event:
    item = {**JOB, **members}
    return Event("jobs", action, item["Uuid"], item, "t", "user:x")


def changed(item: Item, **members: Any) -> Item:
    return {**item, **members}
