# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many objects, and for conditions that have to hold for a while, when things go wrong."""

from __future__ import annotations

import time
import typing as t

import pytest
from patience import NEVER
from waits import NAME, Waiting, begin, begin_early, describe, watch

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import Compare
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import Waiter, Watch

pytestmark = [pytest.mark.needs_faults, pytest.mark.usefixtures("no_leaks")]


@pytest.fixture(autouse=True)
def waited(client: Client) -> None:
    """A profile to wait for."""
    client.create("profiles", {"Name": NAME})


# -- for long enough


def test_a_flip_begins_the_time_anew(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab, stable_for=0.8)
    describe(client, "good")
    time.sleep(0.4)
    describe(client, "bad")
    describe(client, "good")
    flipped = time.monotonic()
    assert waiting.end() == "complete"
    assert waiting.ended - flipped >= 0.75


def test_what_nobody_saw_begins_the_time_anew(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab, stable_for=0.8)
    describe(client, "good")
    time.sleep(0.2)
    lab.simulator.fault("status", "^ws", status=503, times=0)
    lab.simulator.drop_websockets()
    describe(client, "bad")
    describe(client, "good")
    time.sleep(1.2)
    assert waiting.waiter.outcome() == "", "it reads good, but who knows"
    back = time.monotonic()
    lab.simulator.clear_faults()
    assert waiting.end() == "complete"
    assert waiting.ended - back >= 0.75


def test_it_has_not_held_for_long_enough(client: Client, lab: t.Any) -> None:
    describe(client, "good")
    waiter = Waiter(client, [watch(item=client.get("profiles", NAME))], 0.5, stable_for=5)
    assert waiter.run() == "timeout"


def test_the_last_look_may_fail_for_a_while(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab, stable_for=0.5)
    lab.simulator.fault("drop", "^profiles/", "GET", times=3)
    describe(client, "good")
    assert waiting.end() == "complete"
    assert lab.asked("GET", "profiles") < 10, "it did not hammer"


def test_a_lost_flip_is_found_by_the_last_look(client: Client, lab: t.Any) -> None:
    waiting = begin(client, lab, timeout=NEVER, stable_for=0.6)
    describe(client, "good")
    lab.simulator.lose_events(1, "profiles", "update", NAME)
    time.sleep(0.2)
    describe(client, "bad")
    time.sleep(0.8)
    assert waiting.waiter.outcome() == ""
    describe(client, "good")
    assert waiting.end() == "complete"


# -- many


def machines(client: Client, count: int) -> list[dict[str, t.Any]]:
    client.create("tasks", {"Name": "work"})
    client.create("stages", {"Name": "last", "Tasks": ["work"]})
    client.create("workflows", {"Name": "flow", "Stages": ["last"]})
    return [client.create("machines", {"Name": f"m{n}", "Workflow": "flow"}) for n in range(count)]


def finished(item: dict[str, t.Any], **more: t.Any) -> Watch:
    return Watch("machines", item["Uuid"], Compare("CurrentTask", "gte", 2), **more)


def test_three_hundred_machines_on_one_socket(client: Client, lab: t.Any) -> None:
    made = machines(client, 300)
    before, patterns = len(lab.simulator.log()), 5
    lab.simulator.reset_stats()
    waiting = begin_early(client, [finished(item, with_job=True) for item in made])
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == patterns)
    lab.eventually(lambda: lab.asked("GET", "machines"))
    time.sleep(0.2)
    lab.simulator.finish([item["Uuid"] for item in made[:150]], over=0.5)
    time.sleep(0.8)
    lab.simulator.drop_websockets()
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == patterns)
    lab.simulator.finish([item["Uuid"] for item in made[150:]], over=0.5)
    assert waiting.end() == "complete"
    asked = [line["path"] for line in lab.simulator.log()[before:]]
    assert sorted(asked) == ["machines", "machines", "ws", "ws"], "one list to begin with, one after the gap"
    assert lab.simulator.stats()["websockets_opened"] == 2


def test_enough_of_many(client: Client, lab: t.Any) -> None:
    made = machines(client, 5)
    waiting = begin_early(client, [finished(item) for item in made], required_count=3)
    for number in (0, 1):
        lab.simulator.finish([made[number]["Uuid"]])
    client.delete("machines", made[2]["Uuid"])
    time.sleep(0.3)
    assert waiting.waiter.outcome() == ""
    lab.simulator.finish([made[3]["Uuid"]])
    assert waiting.end() == "complete"
    assert [one.outcome for one in waiting.waiter.watches.values()] == [
        "complete", "complete", "deleted", "complete", "pending",
    ]  # fmt: skip


def test_it_stops_as_soon_as_it_cannot_succeed(client: Client, lab: t.Any) -> None:
    for number in range(4):
        client.create("profiles", {"Name": f"p{number}"})
    waiting = begin_early(client, [watch(f"p{number}") for number in range(4)], required_count=3)
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 12)
    describe(client, "broken", "p0")
    time.sleep(0.2)
    assert waiting.waiter.outcome() == ""
    client.delete("profiles", "p1")
    assert waiting.end() == "failed"


def test_an_open_set_counts_what_comes_later(client: Client, lab: t.Any) -> None:
    def discover(reader: Client) -> list[Watch]:
        return [
            watch(item["Name"], item=item) for item in reader.list("profiles", "Name", "Between", "p", "q")
        ]

    client.create("profiles", {"Name": "p1", "Description": "good"})
    lab.simulator.reset_stats()
    waiter = Waiter(client, discover(client), 30, required_count=3, discover=discover, kind="profiles")
    waiting = Waiting(waiter)
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 4)
    client.create("profiles", {"Name": "p2", "Description": "good"})
    client.create("profiles", {"Name": "a-other"})
    client.create("profiles", {"Name": "p3"})
    lab.eventually(lambda: len(waiter.watches) == 3)
    assert waiter.outcome() == ""
    describe(client, "good", "p3")
    assert waiting.end() == "complete"


def test_an_open_set_may_be_empty_and_lose_members(client: Client, lab: t.Any) -> None:
    def discover(reader: Client) -> list[Watch]:
        return [
            watch(item["Name"], item=item) for item in reader.list("profiles", "Name", "Between", "p", "q")
        ]

    waiting = begin_early(client, [], required_count=1, discover=discover, kind="profiles")
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 4)
    client.create("profiles", {"Name": "p1", "Description": "broken"})
    lab.eventually(lambda: waiting.waiter.watches)
    client.create("profiles", {"Name": "p2"})
    lab.eventually(lambda: len(waiting.waiter.watches) == 2)
    client.delete("profiles", "p2")
    time.sleep(0.2)
    assert waiting.waiter.outcome() == "", "another one may still come"
    client.create("profiles", {"Name": "p3", "Description": "good"})
    assert waiting.end() == "complete"


def test_a_discovery_that_fails_is_made_later(client: Client, lab: t.Any) -> None:
    def discover(reader: Client) -> list[Watch]:
        return [
            watch(item["Name"], item=item) for item in reader.list("profiles", "Name", "Between", "p", "q")
        ]

    waiting = begin_early(client, [], required_count=1, discover=discover, kind="profiles")
    lab.eventually(lambda: lab.simulator.stats()["registrations"] == 4)
    time.sleep(0.2)
    lab.simulator.fault("status", "^profiles$", "GET", status=503, times=3)
    client.create("profiles", {"Name": "p1", "Description": "good"})
    assert waiting.end() == "complete"
