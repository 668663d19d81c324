# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting, while everything goes wrong: it ends in time, and it ends right."""

from __future__ import annotations

import random
import signal
import time
import typing as t
from collections.abc import Callable

import pytest
from patience import NEVER, SLOWNESS
from waits import GOOD, NAME, begin, begin_early, describe, watch

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    CertificateRejected,
    ConnectionFailed,
    DrpError,
    LoginRequired,
    NotPermitted,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import (
    EventStream,
    StreamTimeouts,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting import wait as wait_module
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import (
    Waiter,
    wait_for,
)
from simulator.launch import Simulator

pytestmark = [pytest.mark.needs_faults, pytest.mark.usefixtures("no_leaks")]


@pytest.fixture(autouse=True)
def waited(client: Client) -> None:
    """A profile to wait for."""
    client.create("profiles", {"Name": NAME})


def at(other: Simulator) -> dict[str, t.Any]:
    """Settings for a server that is not the one of the lab."""
    return {"endpoints": (other.endpoint,), "trust": Tls(fingerprint=other.fingerprint)}


def streams_with(monkeypatch: pytest.MonkeyPatch, client: Client, timeouts: StreamTimeouts) -> None:
    monkeypatch.setattr(client, "events", lambda: EventStream(client, timeouts))


# -- the connection is lost


def test_a_restart_of_the_server(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab)
    lab.simulator.restart(down=1.0)
    lab.simulator.wait_ready()
    describe(client, "good")
    assert waiting.end() == "complete"


def test_what_changes_while_nobody_listens(client: Client, lab: t.Any) -> None:
    """The stream needs a second to come back; the change is made before that."""
    waiting = begin(client, lab)
    lab.simulator.fault("status", "^ws", status=503, times=4)
    lab.simulator.drop_websockets()
    describe(client, "good")
    assert waiting.end() == "complete"


@pytest.mark.parametrize("fault", ["delay", "slow"])
def test_a_cut_between_registering_and_reading(client: Client, lab: t.Any, fault: str) -> None:
    """``slow``: the answer on its way is already out of date when it comes."""
    lab.simulator.fault(fault, f"^profiles/{NAME}", "GET", delay=0.6)
    waiting = begin_early(client, [watch()])
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 3)
    time.sleep(0.1)
    lab.simulator.fault("status", "^ws", status=503, times=2)
    assert lab.simulator.drop_websockets() == 1
    describe(client, "good")
    assert waiting.end() == "complete"


def test_a_restart_while_connecting(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("drop", "^ws", times=2)
    waiting = begin_early(client, [watch()])
    time.sleep(0.3)
    describe(client, "good")
    assert waiting.end() == "complete"


ENDS: dict[str, Callable[[Client, str], t.Any]] = {
    "complete": lambda client, name: describe(client, "good", name),
    "failed": lambda client, name: describe(client, "broken", name),
    "deleted": lambda client, name: client.delete("profiles", name),
}


@pytest.mark.slow
def test_two_hundred_cuts_at_random_moments(client: Client, lab: t.Any) -> None:
    """Before, while and after it connects, registers and reads; around the change and after it."""
    chance = random.Random(8092)
    for number in range(200):
        one_wait(client, lab, chance, f"p{number}")
    assert lab.simulator.stats()["websockets_opened"] > 300, "many cuts hit an open connection"


def one_wait(client: Client, lab: t.Any, chance: random.Random, name: str) -> None:
    """A wait that is cut once or twice and has to end right, without a timer's help."""
    end = chance.choice(sorted(ENDS))
    cut = lab.simulator.drop_websockets
    before = [*chance.choices([cut, lambda: describe(client, "step", name)], k=chance.randrange(4)), cut]
    last = chance.sample([cut, lambda: ENDS[end](client, name)], k=2)
    client.create("profiles", {"Name": name})
    waiting = begin_early(client, [watch(name)])
    if chance.random() < 0.6:
        lab.eventually(lambda: lab.simulator.stats()["registrations"])
    for step in before:
        time.sleep(chance.uniform(0, 0.02))
        step()
    time.sleep(chance.uniform(0, 0.01))
    for step in last:
        step()
        time.sleep(chance.uniform(0, 0.004))
    assert waiting.end() == end, name
    if end != "deleted":
        client.delete("profiles", name)


# -- events are lost


@pytest.mark.assumes("256 events wait for a slow reader, the rest is lost")
def test_a_flood_beyond_the_queue_of_the_server(client: Client, lab: t.Any) -> None:
    """The change is told when the server's queue is full, so never; the next look finds it."""
    waiting = begin(client, lab, recheck_interval=1.0)
    lab.simulator.stall_websockets(0.5)
    lab.simulator.burst(300, "profiles", "update", NAME, {"Name": NAME, "Description": "old"})
    describe(client, "good")
    assert waiting.end() == "complete"


def test_a_flood_beyond_its_own_queue(client: Client, lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an answer is slow the events pile up; that some were dropped is noticed at once."""
    monkeypatch.setattr(wait_module, "_QUEUE_SIZE", 5)
    lab.simulator.fault("slow", f"^profiles/{NAME}", "GET", delay=0.8)
    waiting = begin_early(client, [watch()])
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 3)
    time.sleep(0.1)
    lab.simulator.burst(50, "profiles", "update", NAME, {"Name": NAME, "Description": "old"})
    describe(client, "good")
    assert waiting.end() == "complete"


def test_a_silently_lost_event(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab, recheck_interval=0.5)
    lab.simulator.lose_events(1, "profiles", "update", NAME)
    describe(client, "good")
    assert waiting.end() == "complete"


def test_the_last_look_before_the_deadline(client: Client, lab: t.Any) -> None:
    """Longer than that even a lost event does not keep a wait from its right end."""
    waiting = begin(client, lab, timeout=8.0 * SLOWNESS)
    lab.simulator.lose_events(1, "profiles", "update", NAME)
    describe(client, "good")
    assert waiting.end() == "complete"


def test_without_an_acknowledgement(client: Client, lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    streams_with(monkeypatch, client, StreamTimeouts(acknowledgement=0.4))
    lab.simulator.lose_events(1, "websocket", "register", f"profiles.save.{NAME}")
    with pytest.raises(
        ConnectionFailed, match=f"did not acknowledge the subscription to profiles.save.{NAME}"
    ):
        Waiter(client, [watch()], NEVER).run()


def test_a_stalled_server(client: Client, lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    streams_with(monkeypatch, client, StreamTimeouts(ping_after=0.3, answer=0.3))
    waiting = begin(client, lab)
    lab.simulator.stall_websockets(NEVER)
    describe(client, "good")
    assert waiting.end() == "complete"


# -- what becomes of the object


def test_deletion(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab)
    client.delete("profiles", NAME)
    assert waiting.end() == "deleted"


def test_deletion_while_nobody_listens(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab)
    lab.simulator.fault("status", "^ws", status=503, times=3)
    lab.simulator.drop_websockets()
    client.delete("profiles", NAME)
    assert waiting.end() == "deleted"


def test_deletion_counts_even_if_it_is_made_again(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab)
    client.delete("profiles", NAME)
    client.create("profiles", {"Name": NAME, "Description": "good"})
    assert waiting.end() == "deleted"


def test_a_value_that_flips_and_flips_back(client: Client, lab: t.Any) -> None:
    for text, outcome in (("good", "complete"), ("broken", "failed")):
        waiting = begin(client, lab)
        describe(client, text)
        describe(client, "as before")
        assert waiting.end() == outcome


# -- credentials


def test_a_token_that_expires(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab)
    logins = lab.simulator.stats()["logins"]
    lab.simulator.expire_tokens()
    lab.simulator.drop_websockets()
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 3)
    describe(client, "good")
    assert waiting.end() == "complete"
    assert lab.simulator.stats()["logins"] == logins + 1


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "read again"])
def test_a_bare_token_that_expires(client: Client, lab: t.Any, cut: bool) -> None:
    with lab.client(token=client.token()) as bare:
        waiting = begin(bare, lab, recheck_interval=NEVER if cut else 0.5)
        lab.simulator.expire_tokens()
        if cut:
            lab.simulator.drop_websockets()
        with pytest.raises(LoginRequired, match="does not accept the token: it is expired"):
            waiting.end()


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "read again"])
def test_a_password_that_is_changed(client: Client, lab: t.Any, cut: bool) -> None:
    client.create("users", {"Name": "visitor", "Roles": ["superuser"]})
    client.req().put({"Password": "first"}).url_for("users", "visitor", "password").do()
    with lab.client(username="visitor", password="first") as visitor:
        waiting = begin(visitor, lab, recheck_interval=NEVER if cut else 0.5)
        client.req().put({"Password": "second"}).url_for("users", "visitor", "password").do()
        if cut:
            lab.simulator.drop_websockets()
        told = "refused the login of 'visitor'|the token was revoked"
        with pytest.raises((LoginRequired, NotPermitted), match=told):
            waiting.end()


# -- deadlines


def test_a_server_that_hangs(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("delay", "^profiles", "GET", delay=NEVER, times=0)
    waiter = Waiter(client, [watch()], 1.5)
    assert waiter.run() == "timeout"
    assert waiter.seconds >= 1.5
    assert waiter.read_error is not None
    assert "has not answered for " in waiter.read_error.messages[0]
    lab.simulator.restart(down=0)  # ends the request, and so the thread


def test_a_single_look_at_a_server_that_hangs(
    client: Client, lab: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_module, "SINGLE_CHECK_TIMEOUT", 0.5)
    lab.simulator.fault("delay", "^profiles", "GET", delay=NEVER)
    waiter = Waiter(client, [watch()], 0)
    assert waiter.run() == "timeout"
    assert waiter.seconds >= 0.5
    lab.simulator.restart(down=0)


def test_a_handshake_that_hangs(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("delay", "^ws", delay=NEVER, times=0)
    assert Waiter(client, [watch()], 0.5).run() == "timeout"
    lab.simulator.restart(down=0)


def test_a_server_that_stays_away(client: Client, lab: t.Any) -> None:
    with Simulator.start() as away, lab.client(**at(away)) as visitor:
        visitor.create("profiles", {"Name": NAME})
        waiting = begin_early(visitor, timeout=3.0 * SLOWNESS)
        lab.eventually(lambda: away.stats()["registrations"])
        away.stop()
        assert waiting.end() == "timeout"
    assert waiting.waiter.read_error is not None
    assert f"Cannot reach {away.endpoint}: " in waiting.waiter.read_error.messages[0]


def test_reads_that_fail_are_tried_again(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("status", "^profiles/", "GET", status=503, times=2)
    lab.simulator.fault("html", "^profiles/", "GET")
    lab.simulator.fault("drop", "^profiles/", "GET")
    lab.simulator.fault("half", "^profiles/", "GET")
    waiting = begin_early(client, [watch()])
    lab.eventually(lambda: waiting.waiter.read_error)
    lab.eventually(lambda: waiting.waiter.read_error is None)
    describe(client, "good")
    assert waiting.end() == "complete"


def test_what_waiting_cannot_mend_is_raised(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("status", "^profiles/", "GET", status=400, body="no", content_type="text/plain")
    with pytest.raises(DrpError, match="answered 400"):
        Waiter(client, [watch()], NEVER).run()


def test_a_long_time_is_not_too_long(client: Client, lab: t.Any) -> None:
    for timeout in (1e15, float("inf")):
        waiting = begin(client, lab, timeout=timeout)
        describe(client, "good")
        assert waiting.end() == "complete"
        describe(client, "")


# -- the wrong server


@pytest.mark.parametrize(
    "trust", [Tls(), Tls(fingerprint="ab" * 32)], ids=["unknown CA", "other fingerprint"]
)
def test_no_wait_at_a_server_that_is_not_trusted(lab: t.Any, trust: Tls) -> None:
    before = len(lab.simulator.log())
    never_again = Retry(delays=(NEVER, NEVER))
    with lab.client(never_again, token="secret", trust=trust) as client, pytest.raises(CertificateRejected):
        Waiter(client, [watch()], NEVER).run()
    assert len(lab.simulator.log()) == before


# -- the end


def test_what_ends_leaves_nothing(client: Client, lab: t.Any) -> None:
    """The fixture looks; here for each outcome in turn, one right after the other."""
    for number in range(3):
        describe(client, "")
        assert Waiter(client, [watch()], 0.2).run() == "timeout"
        for text, outcome in (("good", "complete"), ("broken", "failed")):
            waiting = begin(client, lab)
            describe(client, text)
            assert waiting.end() == outcome
            describe(client, f"again {number}")


def test_ctrl_c(client: Client, lab: t.Any) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        assert wait_for(client, "profiles", {"Name": NAME}, GOOD, NEVER) == "interrupt"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_whoever_watches_may_break(client: Client, lab: t.Any) -> None:
    def on_tick(waiter: Waiter) -> None:
        raise RuntimeError("no terminal any more")

    with pytest.raises(RuntimeError):
        Waiter(client, [watch()], NEVER).run(on_tick, tick_interval=0.1)
