# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a gap: what happened in it is told, and nothing twice."""

from __future__ import annotations

import copy
import functools
import time
from typing import Any

import pytest
from eda_fakes import JOB, ONE, TWO, FakeApi, FakeStream, Listener, changed, job, machine, summary
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import Event

# ---- gaps ---------------------------------------------------------------------------------------------


def test_what_happened_in_a_gap_is_told() -> None:
    api = FakeApi(ONE, TWO, {"Uuid": "u3", "Name": "three"}, jobs=[JOB])
    listener = Listener(api)
    listener.hear()
    api.put("machines", changed(ONE, Description="new"), {"Uuid": "u4", "Name": "four"})
    del api.objects["machines"]["u2"]
    api.put("jobs", changed(JOB, State="failed"))
    emitted = listener.hear()
    assert summary(emitted) == [
        ("jobs", "update", "j1"),
        ("machines", "update", "u1"),
        ("machines", "create", "u4"),
        ("machines", "delete", "u2"),
    ]
    assert [document["machine"] for document in emitted] == ["one", "one", "four", "two"]
    assert [document["changed"] for document in emitted] == [["State"], ["Description"], ["Name", "Uuid"], []]
    assert [document["object"] for document in emitted][3] == {}
    assert all(document["synthesized"] and document["principal"] == "" for document in emitted)
    assert listener.hear() == []


def test_a_gap_within_a_connection() -> None:
    api = FakeApi(ONE)
    emitted = Listener(api).hear(
        lambda: api.put("machines", TWO), None, machine("update", changed(TWO, OS="x"))
    )
    assert summary(emitted) == [("machines", "create", "u2"), ("machines", "update", "u2")]
    assert [document["changed"] for document in emitted] == [["Name", "Uuid"], ["OS"]]


def test_what_an_event_told_is_not_told_again() -> None:
    api = FakeApi(ONE)
    listener = Listener(api)
    after = changed(ONE, Description="new")
    listener.hear(lambda: api.put("machines", after), machine("update", after))
    assert listener.hear() == []


def test_what_an_event_will_tell_is_not_told_before() -> None:
    api = FakeApi(ONE, TWO)
    listener = Listener(api)
    listener.hear()
    after = changed(ONE, Description="new")
    api.put("machines", after)
    del api.objects["machines"]["u2"]
    stream = FakeStream()
    stream.coming.extend([machine("update", after), machine("delete", TWO)])
    emitted = listener.hear(stream=stream)
    assert summary(emitted) == [("machines", "update", "u1"), ("machines", "delete", "u2")]
    assert [document["synthesized"] for document in emitted] == [False, False]
    assert emitted[0]["changed"] == ["Description"]


def test_an_event_during_the_first_read_is_told_with_what_it_changed() -> None:
    api = FakeApi(ONE)
    stream = FakeStream()
    after = changed(ONE, Description="new")
    api.put("machines", after)
    stream.coming.append(machine("update", after))
    [document] = Listener(api).hear(stream=stream)
    assert "Description" in document["changed"]


def test_an_action_that_waits_does_not_hide_a_change() -> None:
    api = FakeApi(ONE)
    listener = Listener(api, events=["machines.*.*"])
    listener.hear()
    api.put("machines", changed(ONE, Description="new"))
    stream = FakeStream()
    stream.coming.append(Event("machines", "poweron", "u1", {"Model": ONE}))
    assert summary(listener.hear(stream=stream)) == [
        ("machines", "update", "u1"),
        ("machines", "poweron", "u1"),
    ]


@pytest.mark.parametrize("action", ["update", "save"])
def test_an_event_that_comes_late_is_not_told_twice(action: str) -> None:
    api = FakeApi(ONE, TWO)
    listener = Listener(api)
    listener.hear()
    after = changed(ONE, Description="new")
    api.put("machines", after)
    del api.objects["machines"]["u2"]
    emitted = listener.hear(machine(action, after), machine("delete", TWO), machine(action, after))
    assert summary(emitted) == [
        ("machines", "update", "u1"),
        ("machines", "delete", "u2"),
        ("machines", action, "u1"),
    ]
    assert [document["synthesized"] for document in emitted] == [True, True, False]


def test_a_real_deletion_after_a_synthesized_change_is_told() -> None:
    api = FakeApi(ONE)
    listener = Listener(api)
    listener.hear()
    api.put("machines", changed(ONE, Description="new"))
    assert summary(listener.hear(machine("delete", ONE)))[1] == ("machines", "delete", "u1")


def test_the_barrier_stands_between_reading_and_telling() -> None:
    api = FakeApi(ONE)
    stream = FakeStream()
    order: list[str] = []
    api.reading = order.append
    listener = Listener(api)

    class Watched(FakeStream):
        async def register(self, patterns: Any) -> None:
            order.append("register")

    listener.hear()
    order.clear()
    api.put("machines", changed(ONE, Description="new"))
    stream = Watched()
    listener.hear(stream=stream)
    assert order == ["jobs", "machines", "register"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("machines.save.*", ["save", "save"]),
        ("machines.update.*", ["update", "update"]),
        ("machines.create.*", ["create"]),
        ("machines.delete.*", ["delete"]),
        ("machines.*.*", ["update", "create", "delete"]),
        ("machines.*.u3", ["create"]),
        ("*.save.*", ["save", "save"]),
        ("machines.poweron.*", []),
        ("profiles.*.*", []),
    ],
)
def test_a_change_is_called_by_an_action_that_was_asked_for(pattern: str, expected: list[str]) -> None:
    api = FakeApi(ONE, TWO)
    listener = Listener(api, events=pattern)
    listener.hear()
    api.put("machines", changed(ONE, Description="new"), {"Uuid": "u3", "Name": "three"})
    del api.objects["machines"]["u2"]
    assert [document["action"] for document in listener.hear()] == expected


def test_the_action_does_not_change_the_uuid() -> None:
    def synthesized(pattern: str) -> str:
        api = FakeApi(ONE)
        listener = Listener(api, events=pattern)
        listener.hear()
        api.put("machines", changed(ONE, Description="new"))
        [document] = listener.hear()
        return str(document["meta"]["uuid"])

    assert synthesized("machines.save.*") == synthesized("machines.update.*")


def test_what_is_hidden_is_not_deleted() -> None:
    # without the permission to list a kind a server answers with an empty list
    api = FakeApi(ONE, TWO)
    listener = Listener(api)
    listener.hear()
    api.hidden = {"u1", "u2"}
    assert listener.hear() == []
    assert {"machines/u1?", "machines/u2?"} <= set(api.asked)


def test_other_objects_have_no_machine() -> None:
    api = FakeApi(profiles=[{"Name": "p"}])
    listener = Listener(api, events="profiles.*.*")
    listener.hear()
    api.put("profiles", {"Name": "p", "Description": "x"})
    [document] = listener.hear()
    assert "machine" not in document
    assert "hosts" not in document["meta"]


# ---- which kinds, and when ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        (["jobs.*.*"], ["jobs", "machines"]),
        (["profiles.update.*", "log.*.*"], ["profiles"]),
        (["*.update.*"], ["jobs", "machines", "profiles"]),
        (["plugins.configed.*", "*.serve.*"], ["machines"]),
    ],
)
def test_what_is_read(events: list[str], kinds: list[str]) -> None:
    api = FakeApi(profiles=[])
    Listener(api, events=events).hear()
    assert api.asked == kinds


def test_what_is_read_can_be_chosen() -> None:
    api = FakeApi(ONE, jobs=[JOB])
    listener = Listener(api, resync_kinds=["jobs"])
    listener.hear()
    assert api.asked == ["jobs"]
    nothing = FakeApi(ONE)
    emitted = Listener(nothing, resync_kinds=[]).hear(None, machine("update", ONE))
    assert nothing.asked == []
    assert emitted[0]["changed"] == ["Name", "Uuid"]


def test_the_state_is_read_now_and_then_without_a_reason() -> None:
    api = FakeApi(ONE, jobs=[JOB])
    missed = changed(ONE, Description="new")

    def long_time() -> None:
        api.put("machines", missed)
        time.sleep(0.06)

    # the stream never rests, and is left for a moment all the same
    listener = Listener(api, resync_interval=0.05)
    emitted = listener.hear(long_time, job("update"), job("save"))
    assert summary(emitted) == [
        ("jobs", "update", "j1"),
        ("machines", "update", "u1"),
        ("jobs", "save", "j1"),
    ]
    stream = FakeStream(job("update"), job("save"))
    Listener(FakeApi(), resync_interval=50).hear(stream=stream)
    assert all(49 < timeout <= 50 for timeout in stream.timeouts)


def test_reading_now_and_then_can_be_switched_off() -> None:
    api = FakeApi(ONE)
    Listener(api, resync_interval=0).hear(lambda: time.sleep(0.01), job("update"), job("save"))
    assert api.asked.count("jobs") == 1


def test_a_kind_that_appears_later_is_not_told_as_a_whole() -> None:
    api = FakeApi()
    listener = Listener(api, events="*.*.*")
    listener.hear()
    api.objects["racks"] = {"r1": {"Id": "r1"}}
    assert listener.hear() == []
    api.put("racks", {"Id": "r2"})
    assert summary(listener.hear()) == [("racks", "create", "r2")]


# ---- the property -------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["told", "missed", "gap", "cut"]),
        st.sampled_from(["u1", "u2", "u3"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@given(STEPS)
def test_whoever_believes_the_events_knows_the_state(steps: list[tuple[str, str, int]]) -> None:
    """Any mixture of events that come and events that do not: in the end all is known, and nothing twice."""
    api = FakeApi(ONE)
    listener = Listener(api, resync_interval=0)

    def change(uuid: str, number: int) -> Event | None:
        """Number 0 deletes, others set; the event for it, or None if there is nothing to do."""
        before = api.objects["machines"].get(uuid)
        if number == 0:
            return machine("delete", api.objects["machines"].pop(uuid)) if before else None
        after = {"Uuid": uuid, "Name": uuid, "Number": number}
        api.put("machines", after)
        return machine("update" if before else "create", copy.deepcopy(after))

    def step(stream: FakeStream, what: str, uuid: str, number: int) -> None:
        event = change(uuid, number)
        if event and what == "told":
            stream.steps.appendleft(event)

    stream = FakeStream()
    for what, uuid, number in steps:
        if what == "cut":
            listener.hear(stream=stream)
            stream = FakeStream()
        elif what == "gap":
            stream.steps.append(None)
        else:
            stream.steps.append(functools.partial(step, stream, what, uuid, number))
    listener.hear(stream=stream)
    listener.hear()

    believed = {"u1": ONE}
    for document in listener.emitted:
        if document["action"] == "delete":
            known = believed.pop(document["key"], None)
            assert known or not document["synthesized"], "deleted twice"
        else:
            believed[document["key"]] = document["object"]
    assert believed == api.objects["machines"]
