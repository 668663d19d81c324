# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server tells, and to whom."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    LoginRequired,
    NotPermitted,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import (
    EventStream,
    post_event,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.subscription import (
    Subscription,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params


@pytest.fixture
def stream(client: Client) -> Iterator[EventStream]:
    with client.events() as opened:
        yield opened


def event_of(subscription: Subscription, timeout: float = LIMIT) -> dict[str, Any]:
    received = subscription.get(timeout)
    assert received is not None, "no event came"
    assert received.error is None
    return received.event


def seen_until(subscription: Subscription, key: str, action: str = "") -> list[tuple[str, str, str]]:
    """The type, action and key of all events up to the first with this key (and this action)."""
    seen: list[tuple[str, str, str]] = []
    while True:
        event = event_of(subscription)
        seen.append((event["Type"], event["Action"], event["Key"]))
        if event["Key"] == key and action in ("", event["Action"]):
            return seen


def describe(client: Client, made: dict[str, Any], text: str) -> None:
    client.patch(
        "machines" if made.get("Uuid") else "profiles",
        made.get("Uuid") or made["Name"],
        [{"op": "replace", "path": "/Description", "value": text}],
    )


# -- what an event says


def test_what_an_event_looks_like(client: Client, stream: EventStream, factory: Any) -> None:
    subscription = stream.register("profiles.create.*")
    begin = datetime.datetime.now(datetime.UTC)
    made = factory.make("profiles", Description="x")
    event = event_of(subscription)
    assert {name: event[name] for name in ("Type", "Action", "Key", "Object")} == {
        "Type": "profiles",
        "Action": "create",
        "Key": made["Name"],
        "Object": made,
    }
    assert event["Principal"] == f"user:{client.username}"
    told = datetime.datetime.fromisoformat(event["Time"])
    assert abs((told - begin).total_seconds()) < 60


def test_vector_19_the_events_of_a_machine(client: Client, stream: EventStream, factory: Any) -> None:
    subscription = stream.register("machines.*.*")
    made = factory.make("machines")
    key = made["Uuid"]
    describe(client, made, "first")
    client.patch("machines", key, [])
    client.put("machines", {**client.get("machines", key), "Description": "second"})
    params.set(client, "machines", key, "x", 1)
    gone = client.delete("machines", key)
    mine = []
    while not mine or mine[-1]["Action"] != "delete":
        event = event_of(subscription)
        mine += [event] if event["Key"] == key else []
    assert [event["Action"] for event in mine] == ["create", "update", "update", "update", "update", "delete"]
    assert [event["Object"]["Description"] for event in mine] == ["", "first", "first", *["second"] * 3]
    assert mine[-1]["Object"] == gone


def test_vector_20_a_changed_password(
    client: Client, stream: EventStream, factory: Any, connect: Callable[..., Client]
) -> None:
    user = factory.make("users")["Name"]
    client.req().put({"Password": "first"}).url_for("users", user, "password").do()
    own = connect(key=f"{user}:first")
    token = own.token()
    subscription = stream.register(f"users.save.{user}")
    client.req().put({"Password": "second"}).url_for("users", user, "password").do()
    assert event_of(subscription)["Key"] == user
    with pytest.raises(NotPermitted, match="the token was revoked"):
        connect(key=None, token=token).req().get().url_for("info").do()
    with pytest.raises(LoginRequired, match="refused the login"):
        own.req().get().url_for("info").do()


# -- handles


def test_handles_begin_after_the_internal_one(stream: EventStream) -> None:
    assert [stream.register("profiles.*.*").handle for _number in range(3)] == [2, 3, 4]


def test_each_handle_gets_an_event_once(client: Client, stream: EventStream, factory: Any) -> None:
    """Whatever many of its patterns match it."""
    name = factory.name()
    broad = stream.register("profiles.*.*", "*.create.*", f"profiles.create.{name}")
    narrow = stream.register(f"profiles.create.{name}")
    other = stream.register(f"profiles.create.{name}-other")
    factory.make("profiles", Name=name)
    factory.make("profiles", Name=f"{name}-other")
    mine = [key for kind, _action, key in seen_until(broad, f"{name}-other") if kind == "profiles"]
    assert mine == [name, f"{name}-other"]
    assert event_of(narrow)["Key"] == name
    assert narrow.get(0.1) is None
    assert event_of(other)["Key"] == f"{name}-other"


def test_vector_18_the_same_pattern_twice(client: Client, stream: EventStream, factory: Any) -> None:
    name = factory.name()
    pattern = f"profiles.create.{name}"
    one, two = stream.register(pattern), stream.register(pattern, pattern)
    stream.subscribe(one.handle, pattern)
    factory.make("profiles", Name=name)
    for subscription in (one, two):
        assert event_of(subscription)["Key"] == name
        assert subscription.get(0.1) is None


@pytest.mark.needs_counters
def test_two_handles_share_a_socket_and_a_registration(endpoint: Any, stream: EventStream) -> None:
    one, two = stream.register("profiles.*.*"), stream.register("profiles.*.*", "machines.*.*")
    stats = endpoint.simulator.stats()
    assert (stats["websockets"], stats["websockets_opened"], stats["registrations"]) == (1, 1, 2)
    stream.deregister(two.handle)
    stream.register("roles.*.*")  # what follows is carried out in order
    assert endpoint.simulator.stats()["registrations"] == 2, "one still holds profiles.*.*"
    stream.deregister(one.handle)
    stream.register("users.*.*")
    assert endpoint.simulator.stats()["registrations"] == 2


def test_patterns_can_be_added(client: Client, stream: EventStream, factory: Any) -> None:
    name = factory.name()
    subscription = stream.register(f"profiles.create.{name}")
    stream.subscribe(subscription.handle, f"profiles.update.{name}", f"profiles.delete.{name}")
    made = factory.make("profiles", Name=name)
    describe(client, made, "x")
    client.delete("profiles", name)
    assert [action for _kind, action, _key in seen_until(subscription, name, "delete")] == [
        "create",
        "update",
        "delete",
    ]


def test_a_handle_without_patterns(client: Client, stream: EventStream, factory: Any) -> None:
    subscription = stream.register()
    factory.make("profiles")
    assert subscription.get(0.1) is None
    name = factory.name()
    stream.subscribe(subscription.handle, f"profiles.create.{name}")
    factory.make("profiles", Name=name)
    assert event_of(subscription)["Key"] == name


def test_deregister(client: Client, stream: EventStream, factory: Any) -> None:
    name = factory.name()
    kept, ended = stream.register(f"profiles.*.{name}"), stream.register(f"profiles.*.{name}")
    stream.deregister(ended.handle)
    assert ended.ended
    assert ended.get() is None
    made = factory.make("profiles", Name=name)
    assert event_of(kept)["Action"] == "create"
    stream.deregister(kept.handle)
    again = stream.register(f"profiles.update.{name}")
    describe(client, made, "x")
    assert event_of(again)["Action"] == "update"
    assert again.handle not in (kept.handle, ended.handle)


@pytest.mark.parametrize("handle", [0, 1, 99])
def test_unknown_handles(stream: EventStream, handle: int) -> None:
    with pytest.raises(UsageError, match=f"No such handle {handle}"):
        stream.subscribe(handle, "profiles.*.*")
    with pytest.raises(UsageError, match=f"No such handle {handle}"):
        stream.deregister(handle)


def test_close(client: Client) -> None:
    stream = client.events()
    one, two = stream.register("profiles.*.*"), stream.register("machines.*.*")
    stream.close()
    stream.close()
    for subscription in (one, two):
        assert subscription.get() is None
        assert subscription.ended
    with pytest.raises(UsageError, match="the event stream is closed"):
        stream.register("profiles.*.*")
    with pytest.raises(UsageError, match="the event stream is closed"):
        stream.subscribe(one.handle, "profiles.*.*")


@pytest.mark.needs_counters
def test_bad_patterns_are_not_sent(endpoint: Any, stream: EventStream) -> None:
    subscription = stream.register("profiles.*.*")
    for pattern in ("machines", "machines.*", "*", "a b.c.d", "x.y." + "k" * 600):
        with pytest.raises(UsageError, match="event pattern"):
            stream.register(pattern)
        with pytest.raises(UsageError, match="event pattern"):
            stream.subscribe(subscription.handle, "users.*.*", pattern)
    stats = endpoint.simulator.stats()
    assert (stats["registrations"], stats["would_crash"]) == (1, 0)
    assert subscription.patterns == {"profiles.*.*"}
    assert stream.register("roles.*.*").handle > subscription.handle


def test_what_follows_the_acknowledgement_is_told(client: Client, factory: Any) -> None:
    """Ten times over: the change comes right after register() has returned."""
    made = factory.make("profiles")
    for number in range(10):
        with client.events() as stream:
            subscription = stream.register(f"profiles.update.{made['Name']}")
            describe(client, made, str(number))
            assert event_of(subscription)["Object"]["Description"] == str(number)


def test_acknowledgements_are_events(stream: EventStream) -> None:
    watcher = stream.register("websocket.*.*")
    stream.register("profiles.update.a.b")
    assert ("websocket", "register", "profiles.update.a.b") in seen_until(watcher, "profiles.update.a.b")


def test_threads_register_side_by_side(client: Client, stream: EventStream, factory: Any) -> None:
    names = [factory.name() for _number in range(16)]
    held: dict[str, Subscription] = {}
    threads = [
        threading.Thread(
            target=lambda name=name: held.update({name: stream.register(f"profiles.create.{name}")})
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    for name in names:
        factory.make("profiles", Name=name)
    for name, subscription in held.items():
        assert event_of(subscription)["Key"] == name
    assert len({subscription.handle for subscription in held.values()}) == 16


# -- events of one's own


def test_post_event(client: Client, stream: EventStream) -> None:
    key = f"ct.{uuid.uuid4()}"
    subscription = stream.register(f"ct-test.*.{key}")
    post_event(client, "ct-test", "ring", key, {"a": [1, None]})
    post_event(client, "ct-test", "stop", key, when="2020-02-03T04:05:06.7Z")
    first, second = event_of(subscription), event_of(subscription)
    assert (first["Type"], first["Action"], first["Key"]) == ("ct-test", "ring", key)
    assert first["Object"] == {"a": [1, None]}
    assert first["Principal"] == f"user:{client.username}"
    sent = datetime.datetime.fromisoformat(first["Time"])
    assert abs((datetime.datetime.now(datetime.UTC) - sent).total_seconds()) < 60
    assert (second["Object"], second["Time"]) == (None, "2020-02-03T04:05:06.7Z")


def test_events_that_say_nothing_are_refused(client: Client) -> None:
    for parts in (("", "a", "k"), ("t", "", "k"), ("t", "a", "")):
        with pytest.raises(UsageError, match="must not be empty"):
            post_event(client, *parts)
    with pytest.raises(ApiError) as caught:
        post_event(client, "ct-test", "ring", "x", when="yesterday")
    assert caught.value.code == 400
