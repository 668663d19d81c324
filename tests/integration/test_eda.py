# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as the engine runs it: its main() with a queue, against the simulator."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator

import pytest
from eda_listener import Listener, change, create, job_of, summary
from patience import eventually

from simulator.launch import USERNAME, Simulator
from simulator.testing import Api

pytestmark = pytest.mark.needs_counters


@pytest.fixture(autouse=True)
def fresh(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    simulator.clear_faults()
    simulator.reset()
    caplog.set_level(logging.INFO)
    yield
    simulator.clear_faults()
    assert simulator.stats()["would_crash"] == 0


@pytest.fixture
def api(simulator: Simulator, fresh: None) -> Api:
    return Api(simulator)


# ---- events -------------------------------------------------------------------------------------------


def test_the_life_of_a_machine(simulator: Simulator, api: Api) -> None:
    create(api, "machines", Name="old")
    with Listener(simulator) as listener:
        assert listener.quiet(0.05)
        machine = create(api, "machines", Name="m1", Params={"x": 1})
        change(api, f"machines/{machine['Uuid']}", Description="{{ 6 * 7 }}")
        api("DELETE", f"machines/{machine['Uuid']}")
        emitted = listener.take(3)
        assert summary(emitted) == [("machines", action, "m1") for action in ("create", "update", "delete")]
        assert all(document["meta"]["hosts"] == ["m1"] for document in emitted)
        assert len({document["meta"]["uuid"] for document in emitted}) == 3
        assert [document["principal"] for document in emitted] == [f"user:{USERNAME}"] * 3
        assert emitted[1]["changed"] == ["Description"]
        assert emitted[1]["object"]["Description"] == "{ { 6 * 7 }}"
        assert emitted[0]["object"]["Params"] == {"x": 1}
        assert not any("Secret" in document["object"] or document["synthesized"] for document in emitted)
        assert listener.quiet()


def test_the_job_of_a_machine(simulator: Simulator, api: Api) -> None:
    machine, job = job_of(api, "m1")
    with Listener(simulator, events=["jobs.*.*"]) as listener:
        change(api, f"machines/{machine['Uuid']}", Name="renamed")
        change(api, f"jobs/{job['Uuid']}", State="failed")
        document = listener.next()
        assert summary([document]) == [("jobs", "update", "renamed")]
        assert document["object"]["State"] == "failed"
        assert "State" in document["changed"]


def test_two_listeners_say_the_same(simulator: Simulator, api: Api) -> None:
    with Listener(simulator) as one, Listener(simulator, events=["machines.*.*"]) as two:
        machine = create(api, "machines", Name="m1")
        change(api, f"machines/{machine['Uuid']}", Description="new")
        here, there = one.take(2), two.take(2)
        assert [document["meta"]["uuid"] for document in here] == [
            document["meta"]["uuid"] for document in there
        ]


def test_password_changes_show_no_password(simulator: Simulator, api: Api) -> None:
    create(api, "users", Name="somebody")
    with Listener(simulator, events=["users.*.*", "preferences.*.*"]) as listener:
        api("PUT", "users/somebody/password", {"Password": "hunter22"})
        api("POST", "prefs", {"systemGrantorSecret": "hunter23"})
        emitted = listener.take(2)
        assert summary(emitted) == [("users", "save", None), ("preferences", "save", None)]
        assert "PasswordHash" not in emitted[0]["object"]
        assert "hunter23" not in str(emitted[1])


def test_other_events(simulator: Simulator, api: Api) -> None:
    with Listener(simulator, events=["custom.*.*"]) as listener:
        api("POST", "events", {"Type": "custom", "Action": "ring", "Key": "bell", "Object": {"n": 1}})
        document = listener.next()
        assert (document["key"], document["object"], document["time"]) == (
            "bell",
            {"n": 1},
            "0001-01-01T00:00:00Z",
        )


# ---- gaps ---------------------------------------------------------------------------------------------


@pytest.mark.needs_faults
def test_what_happened_while_the_websocket_was_cut(
    simulator: Simulator, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    machine, job = job_of(api, "m1")
    gone = create(api, "machines", Name="gone")
    with Listener(simulator, reconnect_delay=0.6, reconnect_delay_max=1) as listener:
        assert simulator.drop_websockets() == 1
        change(api, f"jobs/{job['Uuid']}", State="failed")
        api("DELETE", f"machines/{gone['Uuid']}")
        create(api, "machines", Name="new")
        listener.wait_for_state(2)
        emitted = {(each["type"], each["machine"]): each for each in listener.rest()}
        assert emitted.keys() == {("jobs", "m1"), ("machines", "gone"), ("machines", "new")}
        failed = emitted["jobs", "m1"]
        assert (failed["action"], failed["object"]["State"]) == ("update", "failed")
        assert "State" in failed["changed"]
        assert emitted["machines", "gone"]["action"] == "delete"
        assert emitted["machines", "new"]["action"] == "create"
        assert all(document["synthesized"] for document in emitted.values())
        change(api, f"machines/{machine['Uuid']}", Description="after")
        after = listener.next()
        assert (after["synthesized"], after["changed"]) == (False, ["Description"])
    assert "closed with code" in caplog.text
    assert simulator.stats()["logins"] == 2  # one of them is that of this test


@pytest.mark.needs_faults
def test_two_listeners_synthesize_the_same(simulator: Simulator, api: Api) -> None:
    machine = create(api, "machines", Name="m1")
    slow = {"reconnect_delay": 0.6, "reconnect_delay_max": 1}
    with Listener(simulator, **slow) as one, Listener(simulator, **slow) as two:
        simulator.drop_websockets()
        change(api, f"machines/{machine['Uuid']}", Description="new")
        here, there = one.next(), two.next()
        assert here["synthesized"]
        assert here["meta"]["uuid"] == there["meta"]["uuid"]


@pytest.mark.needs_faults
def test_a_server_that_restarts(simulator: Simulator, api: Api) -> None:
    machine = create(api, "machines", Name="m1")
    with Listener(simulator) as listener:
        simulator.restart(down=0.5)
        simulator.wait_ready()
        api.session.close()
        change(api, f"machines/{machine['Uuid']}", Description="new")
        document = listener.next()
        assert summary([document]) == [("machines", "update", "m1")]
        listener.wait_for_state(2)
        assert listener.quiet()


def test_rules_that_are_slow(simulator: Simulator, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The queue overflows: that is said, nothing is told twice, and every object is told in the end."""
    with Listener(simulator, queue_size=5) as listener:
        listener.busy.set()
        for number in range(40):
            create(api, "machines", Name=f"m{number}")
        eventually(lambda: "the event queue is full" in caplog.text)
        listener.busy.clear()
        emitted = listener.rest()
        assert sorted(document["machine"] for document in emitted) == sorted(
            f"m{number}" for number in range(40)
        )
        assert 30 <= sum(document["synthesized"] for document in emitted) < 40
    assert "events were dropped" in caplog.text


@pytest.mark.needs_faults
def test_events_that_the_server_drops_are_told_by_the_regular_read(simulator: Simulator, api: Api) -> None:
    with Listener(simulator, resync_interval=0.3) as listener:
        simulator.lose_events(1, "machines")
        create(api, "machines", Name="m1")
        document = listener.next()
        assert (document["machine"], document["synthesized"]) == ("m1", True)


@pytest.mark.needs_faults
@pytest.mark.parametrize("seed", range(4))
def test_cuts_at_random_moments(simulator: Simulator, api: Api, seed: int) -> None:
    """Whoever believes the events knows the state, wherever the websocket was cut."""
    chance = random.Random(seed)
    believed: dict[str, str] = {}
    with Listener(simulator, reconnect_delay=0.01, reconnect_delay_max=0.02) as listener:
        alive: list[str] = []
        for number in range(60):
            what = chance.choice("ccuuudx")
            if what == "c" or not alive:
                alive.append(create(api, "machines", Name=f"m{seed}-{number}")["Uuid"])
            elif what == "u":
                change(api, f"machines/{chance.choice(alive)}", Description=str(number))
            elif what == "d":
                api("DELETE", f"machines/{alive.pop(chance.randrange(len(alive)))}")
            else:
                simulator.drop_websockets()
                time.sleep(chance.uniform(0, 0.03))
        expected = {machine["Uuid"]: machine["Description"] for machine in api("GET", "machines").json()}
        for document in listener.rest(1):
            if document["action"] == "delete":
                believed.pop(document["key"], None)
            else:
                believed[document["key"]] = document["object"]["Description"]
    assert believed == expected
