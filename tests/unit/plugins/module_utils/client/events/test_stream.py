# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An event stream on a connection made of plastic: frames that no server of ours would send."""

from __future__ import annotations

import collections
import json
import select
import socket
import time
import types
import typing as t
from collections.abc import Iterator

import pytest
from patience import LIMIT, eventually

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import ConnectionFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events import stream as events
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import EventStream
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.subscription import Gap

PATTERN = "machines.update.*"


class Plastic:
    """A channel that acknowledges, and delivers what a test gives to it."""

    def __init__(self) -> None:
        self.frames: collections.deque[bytes | Exception | None] = collections.deque()
        self.sent: list[str] = []
        self.pings = 0
        self.closed = False
        self.made = time.monotonic()
        self._mine, self._theirs = socket.socketpair()

    def deliver(self, frame: bytes | Exception | None) -> None:
        self.frames.append(frame)
        self._theirs.send(b"!")

    def event(self, kind: str, action: str, key: str) -> None:
        self.deliver(json.dumps({"Type": kind, "Action": action, "Key": key, "Object": None}).encode())

    def fileno(self) -> int:
        return self._mine.fileno()

    def ready(self) -> bool:
        return False

    def wait_readable(self, seconds: float) -> bool:
        return bool(select.select([self._mine], [], [], seconds)[0])

    def send(self, text: str) -> None:
        self.sent.append(text)
        verb, _space, pattern = text.partition(" ")
        self.event("websocket", verb, pattern)

    def ping(self) -> None:
        self.pings += 1

    def receive(self) -> bytes | None:
        self._mine.recv(1)
        frame = self.frames.popleft()
        if isinstance(frame, Exception):
            raise frame
        return frame

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> list[Plastic]:
    """All channels that were opened, the present one last."""
    made: list[Plastic] = []

    def open_channel(client: t.Any, timeout: float) -> Plastic:
        made.append(Plastic())
        return made[-1]

    monkeypatch.setattr(events, "open_channel", open_channel)
    return made


@pytest.fixture
def stream(channels: list[Plastic]) -> Iterator[EventStream]:
    with EventStream(t.cast(t.Any, types.SimpleNamespace(endpoint="https://plastic"))) as opened:
        yield opened


@pytest.mark.parametrize(
    "frame", [b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"Type": "machines"}', b"5"]
)
def test_a_frame_that_cannot_be_read_is_a_gap(
    stream: EventStream, channels: list[Plastic], frame: bytes
) -> None:
    one, two = stream.register(PATTERN), stream.register("users.*.*")
    channels[0].deliver(frame)
    channels[0].event("machines", "update", "u1")
    for subscription in (one, two):
        received = subscription.get(LIMIT)
        assert received is not None
        assert isinstance(received.error, Gap)
        assert received.event == {}
    received = one.get(LIMIT)
    assert received is not None
    assert received.event["Key"] == "u1"
    assert len(channels) == 1


def test_signs_of_life_are_no_events(stream: EventStream, channels: list[Plastic]) -> None:
    subscription = stream.register("*.*.*")
    while subscription.get(0.2) is not None:
        pass
    channels[0].deliver(None)
    assert subscription.get(0.2) is None
    assert not subscription.ended


def test_a_connection_that_never_lasts_is_replaced_ever_more_seldom(
    stream: EventStream, channels: list[Plastic]
) -> None:
    subscription = stream.register(PATTERN)
    for number in range(1, 6):
        channels[-1].deliver(ConnectionFailed("cut"))
        received = subscription.get(LIMIT)
        assert received is not None
        assert isinstance(received.error, Gap)
        assert len(channels) == number + 1
    pauses = [two.made - one.made for one, two in zip(channels, channels[1:])]
    assert pauses[0] < 0.2, "the first replacement comes at once"
    assert pauses[-1] >= 0.2
    assert all(channel.closed for channel in channels[:-1])
    assert [channel.sent for channel in channels] == [[f"register {PATTERN}"]] * 6


def test_what_nobody_holds_any_more_is_not_registered_again(
    stream: EventStream, channels: list[Plastic]
) -> None:
    kept, gone = stream.register("kept.*.*"), stream.register("gone.*.*", "kept.*.*")
    stream.deregister(gone.handle)
    channels[-1].deliver(ConnectionFailed("cut"))
    assert kept.get(LIMIT) is not None
    assert channels[-1].sent == ["register kept.*.*"]


def test_a_reader_that_breaks_is_told(stream: EventStream, channels: list[Plastic]) -> None:
    subscription = stream.register(PATTERN)
    channels[-1].deliver(RuntimeError("a bug"))
    received = subscription.get(LIMIT)
    assert received is not None
    assert isinstance(received.error, ConnectionFailed)
    assert "the event stream failed: a bug" in received.error.messages[0]
    eventually(lambda: subscription.ended)
    with pytest.raises(ConnectionFailed, match="a bug"):
        stream.register(PATTERN)
