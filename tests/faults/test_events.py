# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Event streams whose server goes away, falls silent, floods them, or is the wrong one."""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import LIMIT, NEVER

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    CertificateRejected,
    ConnectionFailed,
    DrpError,
    LoginRequired,
    Redirected,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import (
    EventStream,
    StreamTimeouts,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.subscription import (
    Gap,
    Subscription,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls

pytestmark = [pytest.mark.needs_faults, pytest.mark.usefixtures("no_leaks")]

PATTERN = "profiles.*.*"
WRONG = "ab" * 32


@pytest.fixture
def stream(client: Client) -> Iterator[EventStream]:
    with EventStream(client) as opened:
        yield opened


def key_of_next(subscription: Subscription, timeout: float = LIMIT) -> str:
    received = subscription.get(timeout)
    assert received is not None
    assert received.error is None
    return str(received.event["Key"])


def gap_in(subscription: Subscription, timeout: float = LIMIT) -> str:
    received = subscription.get(timeout)
    assert received is not None
    assert isinstance(received.error, Gap)
    return received.error.messages[0]


def end_of(subscription: Subscription) -> DrpError:
    """The last thing that it tells."""
    last = None
    while (received := subscription.get(LIMIT)) is not None:
        last = received.error
    assert subscription.ended
    assert last is not None
    return last


# -- lost and found


def test_a_cut_connection_is_replaced(client: Client, lab: t.Any, stream: EventStream) -> None:
    subscriptions = [stream.register(PATTERN), stream.register("machines.*.*", "profiles.create.one")]
    lab.simulator.drop_websockets()
    for subscription in subscriptions:
        assert "the event stream was interrupted: " in gap_in(subscription)
    client.create("profiles", {"Name": "one"})
    for subscription in subscriptions:
        assert key_of_next(subscription) == "one"
        assert subscription.get(0.1) is None
    stats = lab.simulator.stats()
    assert (stats["websockets"], stats["registrations"]) == (1, 3)


def test_a_server_that_restarts(client: Client, lab: t.Any, stream: EventStream) -> None:
    subscription = stream.register(PATTERN)
    lab.simulator.restart(down=0.7)
    assert subscription.get(0.3) is None, "it is told once it is mended"
    gap_in(subscription)
    client.create("profiles", {"Name": "after"})
    assert key_of_next(subscription) == "after"


def test_what_is_registered_while_the_server_is_away(lab: t.Any, client: Client, stream: EventStream) -> None:
    lab.simulator.restart(down=0.5)
    subscription = stream.register(PATTERN)
    client.create("profiles", {"Name": "after"})
    for received in iter(lambda: subscription.get(LIMIT), None):
        if received.event.get("Key") == "after":
            break
    else:
        pytest.fail("the event did not come")
    client.create("profiles", {"Name": "last"})
    assert key_of_next(subscription) == "last"


def test_handshakes_that_fail_are_tried_again(client: Client, lab: t.Any, stream: EventStream) -> None:
    subscription = stream.register(PATTERN)
    lab.simulator.fault("status", "^ws", status=503)
    lab.simulator.fault("drop", "^ws")
    lab.simulator.fault("html", "^ws")
    lab.simulator.drop_websockets()
    gap_in(subscription)
    client.create("profiles", {"Name": "one"})
    assert key_of_next(subscription) == "one"


def test_a_stalled_server_counts_as_lost(client: Client, lab: t.Any) -> None:
    with EventStream(client, StreamTimeouts(ping_after=0.3, answer=0.3)) as stream:
        subscription = stream.register(PATTERN)
        lab.simulator.stall_websockets(NEVER)
        begin = time.monotonic()
        assert "did not answer a ping within 0.3 s" in gap_in(subscription)
        assert time.monotonic() - begin >= 0.5
        client.create("profiles", {"Name": "one"})
        assert key_of_next(subscription) == "one"


def test_a_quiet_server_is_left_alone(client: Client, lab: t.Any) -> None:
    lab.simulator.reset_stats()
    with EventStream(client, StreamTimeouts(ping_after=0.1, answer=2.0)) as stream:
        subscription = stream.register(PATTERN)
        assert subscription.get(1.5) is None
        client.create("profiles", {"Name": "one"})
        assert key_of_next(subscription) == "one"
    assert lab.simulator.stats()["websockets_opened"] == 1


# -- too much


def test_a_flood_beyond_the_queue_is_told(lab: t.Any, client: Client, stream: EventStream) -> None:
    small, large = stream.register(PATTERN, queue_size=10), stream.register(PATTERN, queue_size=1000)
    lab.simulator.burst(200, "profiles", "update", "flood", {"Name": "flood"})
    client.create("profiles", {"Name": "last"})
    assert [key_of_next(large) for _number in range(201)] == ["flood"] * 200 + ["last"]
    assert [key_of_next(small) for _number in range(10)] == ["flood"] * 10
    assert gap_in(small) == "191 events came faster than they were read"
    client.delete("profiles", "last")
    assert key_of_next(small) == "last"


@pytest.mark.assumes("256 events wait for a slow reader, the rest is lost")
def test_a_flood_beyond_the_queue_of_the_server_is_not_told(
    lab: t.Any, client: Client, stream: EventStream
) -> None:
    """Why a stream alone is never trusted: the server keeps 256 events and says nothing of the rest."""
    subscription = stream.register(PATTERN, queue_size=1000)
    lab.simulator.burst(400, "profiles", "update", "flood", {"Name": "flood"})
    assert [key_of_next(subscription) for _number in range(256)] == ["flood"] * 256
    assert subscription.get(0.2) is None


# -- acknowledgements


def test_without_an_acknowledgement_registering_fails(client: Client, lab: t.Any) -> None:
    with EventStream(client, StreamTimeouts(acknowledgement=0.3)) as stream:
        lab.simulator.lose_events(1, "websocket", "register")
        with pytest.raises(ConnectionFailed) as caught:
            stream.register(PATTERN)
        assert caught.value.messages == [
            f"{lab.simulator.endpoint} did not acknowledge the subscription to {PATTERN} within 0.3 s"
        ]
        lab.eventually(lambda: lab.simulator.stats()["registrations"] == 0)
        subscription = stream.register(PATTERN)
        client.create("profiles", {"Name": "one"})
        assert key_of_next(subscription) == "one", "the lost one is not waited for any more"


def test_without_acknowledgements_a_new_connection_is_not_trusted(client: Client, lab: t.Any) -> None:
    with EventStream(client, StreamTimeouts(connect=0.3, acknowledgement=0.3)) as stream:
        subscription = stream.register(PATTERN)
        lab.simulator.reset_stats()
        lab.simulator.lose_events(2, "websocket", "register")
        lab.simulator.drop_websockets()
        gap_in(subscription)
        assert lab.simulator.stats()["websockets_opened"] == 3
        assert lab.simulator.stats()["websockets"] == 1
        client.create("profiles", {"Name": "one"})
        assert key_of_next(subscription) == "one"


# -- credentials


def test_an_expired_token_is_replaced(client: Client, lab: t.Any, stream: EventStream) -> None:
    subscription = stream.register(PATTERN)
    logins = lab.simulator.stats()["logins"]
    lab.simulator.expire_tokens()
    client.create("profiles", {"Name": "one"})
    assert key_of_next(subscription) == "one", "an open connection outlives its token"
    lab.simulator.drop_websockets()
    gap_in(subscription)
    assert lab.simulator.stats()["logins"] == logins + 1


def test_a_bare_token_that_expires_ends_the_stream_for_all(client: Client, lab: t.Any) -> None:
    with lab.client(token=client.token()) as bare, EventStream(bare) as stream:
        subscriptions = [stream.register(PATTERN), stream.register("machines.*.*")]
        lab.simulator.expire_tokens()
        lab.simulator.drop_websockets()
        for subscription in subscriptions:
            error = end_of(subscription)
            assert isinstance(error, LoginRequired)
            assert "does not accept the token: it is expired" in error.messages[0]
        with pytest.raises(LoginRequired):
            stream.register(PATTERN)


def test_whoever_waits_for_an_acknowledgement_hears_of_the_end(client: Client, lab: t.Any) -> None:
    with lab.client(token=client.token()) as bare, EventStream(bare) as stream:
        lab.simulator.lose_events(1, "websocket", "register")
        told: list[BaseException] = []

        def register() -> None:
            try:
                stream.register(PATTERN)
            except DrpError as error:
                told.append(error)

        thread = threading.Thread(target=register)
        thread.start()
        lab.eventually(lambda: lab.simulator.stats()["registrations"])
        lab.simulator.expire_tokens()
        lab.simulator.drop_websockets()
        thread.join(LIMIT)
    assert [type(error) for error in told] == [LoginRequired]


def test_a_wrong_password_ends_the_stream(client: Client, lab: t.Any) -> None:
    client.create("users", {"Name": "visitor"})
    client.req().put({"Password": "first"}).url_for("users", "visitor", "password").do()
    with lab.client(username="visitor", password="first") as visitor, EventStream(visitor) as stream:
        subscription = stream.register(PATTERN)
        client.req().put({"Password": "second"}).url_for("users", "visitor", "password").do()
        lab.simulator.drop_websockets()
        error = end_of(subscription)
    assert isinstance(error, LoginRequired)
    assert "refused the login of 'visitor'" in error.messages[0]


def test_a_token_that_was_never_good(lab: t.Any) -> None:
    with (
        lab.client(token="nonsense") as bare,
        pytest.raises(LoginRequired, match="does not accept the token"),
    ):
        bare.events()


# -- the wrong server


@pytest.mark.parametrize(
    ("trust", "told"),
    [
        (Tls(), "is not trusted: .*Set ca_path to its CA, or pin it with cert_fingerprint"),
        (Tls(fingerprint=WRONG), f"but cert_fingerprint requires {WRONG}. Nothing was sent to it"),
        (Tls(verify=False, fingerprint=WRONG), f"but cert_fingerprint requires {WRONG}"),
    ],
    ids=["unknown CA", "other fingerprint", "other fingerprint, unverified"],
)
def test_nothing_is_sent_to_a_server_that_is_not_trusted(lab: t.Any, trust: Tls, told: str) -> None:
    lab.simulator.reset_stats()
    before = len(lab.simulator.log())
    with lab.client(token="secret", trust=trust) as client, pytest.raises(CertificateRejected, match=told):
        client.events()
    assert len(lab.simulator.log()) == before
    assert lab.simulator.stats()["websockets_opened"] == 0


@pytest.mark.parametrize(
    "trust",
    [
        lambda simulator: Tls(ca_path=simulator.ca),
        lambda simulator: Tls(fingerprint=simulator.fingerprint),
        lambda simulator: Tls(fingerprint=simulator.fingerprint, ca_path=simulator.ca),
        lambda simulator: Tls(verify=False),
    ],
    ids=["ca_path", "fingerprint", "both", "none"],
)
@pytest.mark.parametrize("bundle", ["", "rubbish", "absent"])
def test_a_bundle_of_the_environment_overrides_no_choice(
    lab: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trust: Callable[[t.Any], Tls], bundle: str
) -> None:
    (tmp_path / "rubbish").write_text("this is no certificate")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / bundle) if bundle else "")
    with lab.client(trust=trust(lab.simulator)) as client, client.events() as stream:
        assert stream.register(PATTERN).handle == 2


def test_a_bundle_of_the_environment_counts_when_nothing_is_chosen(
    lab: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", lab.simulator.ca)
    with lab.client(trust=Tls()) as client, client.events() as stream:
        assert stream.register(PATTERN).handle == 2
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "absent"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE: .* cannot be read"):
        lab.client(trust=Tls())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_does_not_follow_a_redirect(lab: t.Any, client: Client, status: int) -> None:
    elsewhere = f"{lab.simulator.endpoint.replace('https', 'wss')}/elsewhere"
    lab.simulator.fault("status", "^ws", status=status, headers={"Location": elsewhere})
    before = len(lab.simulator.log())
    with pytest.raises(Redirected, match=f"{status}, a redirect to {elsewhere}"):
        client.events()
    assert len(lab.simulator.log()) == before + 1


def test_what_a_refusal_says(lab: t.Any, client: Client) -> None:
    lab.simulator.fault("status", "^ws", status=404, body="<h1>no such page</h1>", content_type="text/html")
    with pytest.raises(ApiError, match="GET /api/v3/ws answered 404: no such page"):
        client.events()
    lab.simulator.fault("html", "^ws")
    with pytest.raises(DrpError, match="ws answered 200|cannot open the event stream"):
        client.events()


def test_a_handshake_that_hangs(lab: t.Any, client: Client) -> None:
    lab.simulator.fault("delay", "^ws", delay=NEVER)
    with pytest.raises(ConnectionFailed, match="cannot open the event stream"):
        EventStream(client, StreamTimeouts(connect=0.3))


# -- the end


def test_close_ends_whoever_waits(client: Client, lab: t.Any) -> None:
    stream = EventStream(client)
    subscription = stream.register(PATTERN)
    threading.Timer(0.2, stream.close).start()
    assert subscription.get(NEVER) is None
    assert subscription.ended


def test_close_ends_whoever_registers(client: Client, lab: t.Any) -> None:
    stream = EventStream(client)
    lab.simulator.lose_events(1, "websocket", "register")
    threading.Timer(0.2, stream.close).start()
    with pytest.raises(UsageError, match="the event stream is closed"):
        stream.register(PATTERN)


def test_close_while_the_server_is_away(client: Client, lab: t.Any) -> None:
    stream = EventStream(client)
    subscription = stream.register(PATTERN)
    lab.simulator.restart(down=1.5)
    time.sleep(0.3)
    stream.close()
    assert subscription.ended


def test_a_full_queue_does_not_keep_the_stream_from_closing(client: Client, lab: t.Any) -> None:
    stream = EventStream(client)
    subscription = stream.register(PATTERN, queue_size=1)
    lab.simulator.burst(50, "profiles")
    lab.simulator.drop_websockets()
    time.sleep(0.2)
    stream.close()
    assert key_of_next(subscription)
    assert "events came faster" in gap_in(subscription)
    assert subscription.get() is None
