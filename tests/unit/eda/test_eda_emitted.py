# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the source tells of an event, and which machine it names."""

from __future__ import annotations

import pytest
from eda_fakes import JOB, ONE, TWO, FakeApi, FakeStream, Listener, changed, job, machine, summary

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    UNKNOWN_HOST,
    AccessRefused,
    Event,
)

# ---- events as they come ------------------------------------------------------------------------------


def test_the_state_at_the_start_is_not_told() -> None:
    assert Listener(FakeApi(ONE, TWO, jobs=[JOB])).hear() == []


def test_an_event_as_rules_see_it() -> None:
    after = changed(ONE, Description="{{ x }}", Secret="s")
    [document] = Listener(FakeApi(ONE)).hear(machine("update", after))
    assert document.pop("meta")["uuid"] == machine("update", after).uuid(["https://127.0.0.1:8092"])
    assert document == {
        "type": "machines",
        "action": "update",
        "key": "u1",
        "time": "t",
        "principal": "user:x",
        "object": {"Uuid": "u1", "Name": "one", "Description": "{ { x }}"},
        "changed": ["Description"],
        "synthesized": False,
        "endpoint": "https://drp:8092",
        "machine": "one",
    }


def test_the_object_before_the_event_comes_from_newer_servers() -> None:
    before = changed(ONE, Secret="s")
    [document] = Listener(FakeApi(ONE)).hear(machine("update", ONE, original=before))
    assert document["original"] == ONE


def test_changed_follows_the_events() -> None:
    failed = changed(ONE, Runnable=False)
    emitted = Listener(FakeApi(ONE)).hear(
        machine("update", failed), machine("save", failed), machine("delete", failed), machine("create", ONE)
    )
    assert [document["changed"] for document in emitted] == [["Runnable"], [], [], ["Name", "Uuid"]]


def test_what_is_not_asked_for_is_not_told() -> None:
    listener = Listener(FakeApi(ONE), events=["jobs.update.*", "machines.delete.u2"])
    assert listener.hear(machine("update", ONE), job("create"), machine("delete", ONE)) == []
    assert summary(listener.hear(job("update"), machine("delete", TWO))) == [
        ("jobs", "update", "j1"),
        ("machines", "delete", "u2"),
    ]


def test_events_without_an_object() -> None:
    listener = Listener(FakeApi(), events=["*.*.*"])
    emitted = listener.hear(Event("log", "info", "frontend", None), Event("custom", "update", "x", [1]))
    assert [document["object"] for document in emitted] == [None, [1]]
    assert [document["changed"] for document in emitted] == [[], []]
    assert not any("hosts" in document["meta"] or "machine" in document for document in emitted)


# ---- the machine --------------------------------------------------------------------------------------


def hosts(listener: Listener, *events: Event) -> list[list[str]]:
    emitted = listener.hear(*events)
    assert all(document["meta"]["hosts"] == [document["machine"]] for document in emitted)
    return [document["meta"]["hosts"] for document in emitted]


def test_a_job_bears_the_name_of_its_machine() -> None:
    listener = Listener(FakeApi(ONE), events=["jobs.*.*"])
    assert hosts(listener, job("update")) == [["one"]]
    assert listener.api.asked == ["jobs", "machines"]


def test_a_renamed_machine_bears_its_new_name_although_only_jobs_are_wanted() -> None:
    listener = Listener(FakeApi(ONE), events=["jobs.*.*"])
    assert hosts(listener, machine("update", changed(ONE, Name="uno")), job("update")) == [["uno"]]


def test_an_unknown_machine_is_asked_for_once() -> None:
    api = FakeApi()
    listener = Listener(api)
    stream = FakeStream(lambda: api.put("machines", ONE), job("update"), job("update", State="failed"))
    assert [document["machine"] for document in listener.hear(stream=stream)] == ["one", "one"]
    assert api.asked.count("machines/u1") == 1


def test_a_machine_that_nobody_knows_is_called_by_its_uuid() -> None:
    assert hosts(Listener(FakeApi()), job("update", Machine="u9")) == [["u9"]]


def test_a_name_that_cannot_be_asked_for_is_no_reason_to_lose_an_event() -> None:
    class Closed(FakeApi):
        async def machine_name(self, machine: str) -> str:
            raise AccessRefused("no")

    assert hosts(Listener(Closed()), job("update")) == [["u1"]]


@pytest.mark.parametrize("name", ["all", "localhost", "a,b", "web*", "!x", ""])
def test_a_name_that_is_a_pattern_of_hosts_is_not_used(name: str) -> None:
    listener = Listener(FakeApi(changed(ONE, Name=name)))
    assert hosts(listener, machine("update", changed(ONE, Name=name)), job("update")) == [["u1"], ["u1"]]


@pytest.mark.parametrize("key", ["all", "*", "a:b", ""])
def test_nothing_is_ever_run_on_the_whole_inventory(key: str) -> None:
    events = [Event("machines", "update", key, None), Event("jobs", "update", key, {"Machine": key})]
    assert hosts(Listener(FakeApi(), events=["*.*.*"]), *events) == [[UNKNOWN_HOST], [UNKNOWN_HOST]]


def test_an_action_on_a_machine() -> None:
    action = Event("machines", "poweron", "Name:one", {"Model": ONE, "Command": "poweron"})
    assert hosts(Listener(FakeApi(ONE), events=["machines.*.*"]), action) == [["one"]]
