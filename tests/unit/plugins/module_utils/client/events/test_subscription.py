# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of one listener, and the patterns that may be sent to a server."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ConnectionFailed,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.subscription import (
    Gap,
    ReceivedEvent,
    RecievedEvent,
    Subscription,
    check_pattern,
)

GAP = "gap"


def numbered(number: int) -> ReceivedEvent:
    return ReceivedEvent({"Key": str(number)})


def told(received: ReceivedEvent | None) -> t.Any:
    """The number of an event, or how many a gap stands for."""
    assert received is not None
    if received.error is None:
        return int(received.event["Key"])
    assert isinstance(received.error, Gap)
    return GAP, int(received.error.messages[0].split()[0])


def read(subscription: Subscription, count: int) -> list[t.Any]:
    return [told(subscription.get(0)) for _number in range(count)]


# -- the queue


def test_events_come_in_order() -> None:
    subscription = Subscription(2, 10)
    for number in range(10):
        subscription.put(numbered(number))
    assert read(subscription, 10) == list(range(10))
    assert subscription.get(0) is None
    assert not subscription.ended


def test_overflow_is_told_where_the_events_are_missing() -> None:
    subscription = Subscription(2, 3)
    for number in range(8):
        subscription.put(numbered(number))
    assert read(subscription, 4) == [0, 1, 2, (GAP, 5)]
    for number in range(20, 25):
        subscription.put(numbered(number))
    assert read(subscription, 4) == [20, 21, 22, (GAP, 2)], "counted anew"


def test_nothing_overtakes_an_overflow() -> None:
    subscription = Subscription(2, 2)
    for number in range(3):
        subscription.put(numbered(number))
    assert read(subscription, 1) == [0]
    subscription.put(numbered(3))  # there is room, but the gap is not read yet
    assert read(subscription, 2) == [1, (GAP, 2)]


def test_a_gap_of_the_stream_is_not_lost_in_an_overflow() -> None:
    subscription = Subscription(2, 1)
    subscription.put(numbered(0))
    subscription.put(ReceivedEvent({}, Gap("the event stream was interrupted")))
    assert read(subscription, 2) == [0, (GAP, 1)]


@given(
    st.integers(1, 5),
    st.lists(st.booleans(), max_size=60),
)
def test_overflow_never_loses_the_order(size: int, steps: list[bool]) -> None:
    """Whatever is put and read: events in order, and each hole is told in its place with its size."""
    subscription = Subscription(2, size)
    put, seen = 0, []
    for is_put in steps:
        if is_put:
            subscription.put(numbered(put))
            put += 1
        elif (received := subscription.get(0)) is not None:
            seen.append(told(received))
        assert len(subscription._queue) <= size + 1
    while (received := subscription.get(0)) is not None:
        seen.append(told(received))
    expected = 0
    for one in seen:
        if isinstance(one, tuple):
            assert one[1] > 0
            expected += one[1]
        else:
            assert one == expected
            expected += 1
    assert expected == put


def test_get_waits_for_an_event() -> None:
    subscription = Subscription(2, 3)
    threading.Timer(0.05, subscription.put, [numbered(7)]).start()
    assert told(subscription.get(LIMIT)) == 7


def test_get_gives_up_in_time() -> None:
    subscription = Subscription(2, 3)
    begin = time.monotonic()
    assert subscription.get(0.1) is None
    assert time.monotonic() - begin >= 0.09
    assert subscription.get(-1) is None


def test_the_end_comes_after_what_is_in_the_queue() -> None:
    subscription = Subscription(2, 1)
    for number in range(3):
        subscription.put(numbered(number))
    error = ConnectionFailed("lost for good")
    subscription.end(error)
    subscription.end(ConnectionFailed("again"))
    subscription.put(numbered(9))
    assert subscription.ended
    assert read(subscription, 2) == [0, (GAP, 2)]
    last = subscription.get()
    assert last is not None
    assert last.error is error
    assert subscription.get() is None
    assert subscription.get(LIMIT) is None, "an ended subscription keeps nobody waiting"


def test_iteration_ends_with_the_subscription() -> None:
    subscription = Subscription(2, 5)
    subscription.put(numbered(1))
    threading.Timer(0.05, subscription.end, [None]).start()
    assert [told(received) for received in subscription] == [1]


def test_many_writers_and_a_reader() -> None:
    subscription = Subscription(2, 10)
    each, writers = 500, 4

    def write() -> None:
        for number in range(each):
            subscription.put(numbered(number))

    threads = [threading.Thread(target=write) for _number in range(writers)]
    for thread in threads:
        thread.start()
    threading.Thread(target=lambda: [[thread.join() for thread in threads], subscription.end(None)]).start()
    total = sum(one[1] if isinstance(one, tuple) else 1 for one in map(told, subscription))
    assert total == each * writers


def test_the_go_spelling() -> None:
    assert RecievedEvent is ReceivedEvent


# -- patterns


@pytest.mark.parametrize(
    "pattern",
    [
        "machines.update.*",
        "*.*.*",
        "profiles.save.a.b.c",
        "profiles.*.with space inside the key",
        "websocket.register.machines.*.*",
        "x.y." + "k" * (512 - len("deregister x.y.")),
    ],
)
def test_patterns_that_a_server_can_take(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "type is missing"),
        ("*", "action is missing"),
        ("machines", "action is missing"),
        ("machines.*", "key is missing"),
        ("machines.update.", "key is missing"),
        (".update.*", "type is missing"),
        ("machines..*", "action is missing"),
        ("machines update.*.*", "white space"),
        ("machines.up date.*", "white space"),
        (" machines.update.*", "white space"),
        ("machines.update.a\nregister x", "white space"),
        ("x.y." + "k" * (513 - len("deregister x.y.")), "longer than the server accepts"),
        ("x.y." + "ü" * 250, "longer than the server accepts"),
    ],
)
def test_patterns_that_are_refused(pattern: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_pattern(pattern)
    assert why in caught.value.messages[0]
    assert len(caught.value.messages[0]) < 250


@given(st.text())
def test_no_text_with_fewer_than_three_parts_passes(pattern: str) -> None:
    """It would crash a v3.12 server."""
    parts = pattern.split(".", 2)
    try:
        check_pattern(pattern)
    except UsageError:
        return
    assert len(parts) == 3
    assert all(parts)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("machines.update.u1", True),
        ("machines.update.*", True),
        ("machines.*.u1", True),
        ("*.*.*", True),
        ("*.update.u1", True),
        ("machines.save.*", False),
        ("machines.update.u", False),
        ("machine*.update.u1", False),
        ("machines.update.u*", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, wanted: bool) -> None:
    subscription = Subscription(2, 1)
    assert not subscription.matches(("machines", "update", "u1"))
    subscription.patterns.add(pattern)
    assert subscription.matches(("machines", "update", "u1")) is wanted


def test_a_key_may_hold_dots() -> None:
    subscription = Subscription(2, 1)
    subscription.patterns.add("profiles.update.a.b")
    assert subscription.matches(("profiles", "update", "a.b"))
    assert not subscription.matches(("profiles", "update", "a"))
