# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The websocket of the event source: full queues, frames that are no events, and its end at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from typing import Any

import pytest
from aiohttp import web
from eda_server import JOB_EVENT, Listening, Server, against, serving, until
from patience import LIMIT

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    Event,
    Pattern,
)


def test_more_events_than_the_queue_holds(caplog: pytest.LogCaptureFixture) -> None:
    """None is told twice, none silently lost: the state of each object is told in the end."""

    async def test(server: Server) -> None:
        listening = Listening(server, queue_size=10, resync_interval=0)
        listening.queue._maxsize = 1  # type: ignore[attr-defined]  # as in the engine
        await listening.started()
        for number in range(100):
            item = {"Uuid": f"u{number}", "Name": f"n{number}"}
            server.objects["machines"].append(item)
            await server.sockets[0].send_json(
                {"Type": "machines", "Action": "create", "Key": item["Uuid"], "Object": item}
            )
        await until(lambda: "dropping events" in caplog.text)
        await asyncio.sleep(0.1)
        emitted = [await listening.queue.get() for _ in range(100)]
        assert sorted(document["key"] for document in emitted) == sorted(
            f"u{number}" for number in range(100)
        )
        synthesized = [document["synthesized"] for document in emitted]
        assert synthesized == sorted(synthesized)
        assert 80 < sum(synthesized) < 100
        await asyncio.sleep(0.1)
        assert listening.queue.empty()
        assert len(server.sockets) == 1
        await listening.stop()

    against(test)
    assert "events were dropped; reading the current state instead" in caplog.text


def test_after_a_dropped_event_none_is_kept_until_the_state_is_read() -> None:
    """Otherwise an older event would seem to tell the state of an object of which a newer one is missing."""

    class Socket:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> Any:
            await asyncio.sleep(60)

        async def close(self) -> None:
            pass

    async def run() -> None:
        stream = drp_events.Stream("https://drp", Socket(), 2)  # type: ignore[arg-type]

        def arrive(*keys: str) -> None:
            for key in keys:
                stream._on_message(json.dumps({**JOB_EVENT, "Key": key}))

        async def keys(count: int) -> list[str | None]:
            taken = [await stream.next(1) for _ in range(count)]
            return [event.key if event else None for event in taken]

        arrive("a", "b", "dropped")
        assert await keys(1) == ["a"]
        arrive("dropped too")
        assert await keys(2) == ["b", None]
        arrive("c")
        assert await keys(1) == ["c"]
        await stream.close()

    asyncio.run(run())


def test_a_frame_that_is_no_event_is_a_gap(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: Server) -> None:
        listening = Listening(server)
        await listening.started()
        server.objects["machines"].append({"Uuid": "u1", "Name": "one"})
        await server.sockets[0].send_str("{nonsense")
        document = await listening.queue.get()
        assert (document["key"], document["synthesized"]) == ("u1", True)
        await listening.stop()

    against(test)
    assert "sent something that is not an event" in caplog.text


def test_events_that_came_before_the_end_are_still_told() -> None:
    async def test(server: Server) -> None:
        listening = Listening(server, resync_kinds=[])
        await until(lambda: server.sockets)
        await asyncio.sleep(0.1)
        for key in "abc":
            await server.sockets[0].send_json({**JOB_EVENT, "Key": key})
        await server.sockets[0].close()
        assert [(await listening.queue.get())["key"] for _ in range(3)] == ["a", "b", "c"]
        await listening.stop()

    against(test)


def test_cancelling_leaves_nothing_behind() -> None:
    async def test(server: Server) -> None:
        before = len(asyncio.all_tasks())
        listening = Listening(server)
        await listening.started()
        listening.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening.task
        await until(lambda: server.sockets[0].closed and len(asyncio.all_tasks()) == before)

    against(test)


def test_it_can_be_cancelled_at_any_moment() -> None:
    """An event loop may have a cancellation and a result for a task in the same round."""

    async def test(server: Server) -> None:
        chance = random.Random(7)
        for _ in range(100):
            listening = Listening(server, reconnect_delay=0.01)
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            for socket in server.sockets:
                if chance.random() < 0.5:
                    await socket.close()
                else:
                    with contextlib.suppress(ConnectionError):
                        await socket.send_json(JOB_EVENT)
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            await listening.stop()
            server.sockets.clear()

    against(test)


def test_waiting_names_only_what_tells_a_state() -> None:
    stream = drp_events.Stream.__new__(drp_events.Stream)
    stream._events = drp_events.collections.deque(
        [
            Event("machines", "update", "u1", {}),
            Event("machines", "poweron", "u2", {}),
            Event("log", "info", "x", None),
        ]
    )
    assert stream.pending_objects() == {("machines", "u1")}


def test_patterns_are_sent_as_they_are() -> None:
    seen: list[str] = []

    class Noting(Server):
        async def command(self, socket: web.WebSocketResponse, text: str) -> None:
            seen.append(text)
            await super().command(socket, text)

    async def run() -> None:
        async with serving(Noting()) as server:
            listening = Listening(server, events=["profiles.update.a.b", "log.*.*"])
            await until(lambda: len(seen) >= 3)
            await listening.stop()

    asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert seen[:3] == ["register profiles.update.a.b", "register log.*.*", "register profiles.update.a.b"]
    assert str(Pattern.parse("profiles.update.a.b")) == "profiles.update.a.b"
