# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One event: its identity, its secrets, and what has changed in its object."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import LIMIT

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    Event,
    Snapshot,
    escape_templates,
    key_of,
)

ENDPOINTS = ["https://drp:8092"]
SEALED = {"Key": "a", "Nonce": "b", "Payload": "c"}
JOB = {"Uuid": "j1", "Machine": "m1", "State": "failed"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.text(min_size=1, max_size=6), json_values, max_size=6)


def job_event(**changes: Any) -> Event:
    return Event("jobs", "update", "j1", dict(JOB), "2026-01-02T03:04:05.6Z")._replace(**changes)


# ---- frames ---------------------------------------------------------------------------------------------


def test_a_frame_becomes_an_event() -> None:
    frame = {"Time": "t", "Type": "jobs", "Action": "save", "Key": "j1", "Principal": "user:x", "Object": JOB}
    assert Event.from_frame(json.dumps(frame)) == Event("jobs", "save", "j1", JOB, "t", "user:x")
    newer = {**frame, "Original": {"Uuid": "j1"}, "Unheard": 1}
    assert Event.from_frame(json.dumps(newer)).original == {"Uuid": "j1"}


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", '"x"', "{}", '{"Type": null}'])
def test_other_frames_are_no_events(text: str) -> None:
    with pytest.raises(ValueError):
        Event.from_frame(text)


# ---- identity -------------------------------------------------------------------------------------------


def test_the_uuid_is_the_same_for_everybody() -> None:
    emitted = job_event()
    same = job_event(item=dict(reversed(JOB.items())))
    assert emitted.uuid(ENDPOINTS) == same.uuid(ENDPOINTS)
    # a value that must never change: it is compared between processes, machines and versions
    assert emitted.uuid(ENDPOINTS) == "a6318eb8-8d25-5415-bdbf-449797fc3918"


@pytest.mark.parametrize(
    "other",
    [
        {"type": "machines"},
        {"action": "save"},
        {"key": "j2"},
        {"time": "2026-01-02T03:04:05.7Z"},
        {"item": {**JOB, "State": "finished"}},
    ],
)
def test_different_events_have_different_uuids(other: dict[str, Any]) -> None:
    assert job_event().uuid(ENDPOINTS) != job_event(**other).uuid(ENDPOINTS)


def test_servers_do_not_share_uuids() -> None:
    assert job_event().uuid(ENDPOINTS) != job_event().uuid(["https://other:8092"])


def test_posted_events_without_a_time_differ_by_their_content() -> None:
    never = "0001-01-01T00:00:00Z"
    uuids = {job_event(time=never, item={"n": number}).uuid(ENDPOINTS) for number in range(5)}
    assert len(uuids) == 5


def test_two_listeners_synthesize_the_same_uuid_and_not_that_of_the_missed_event() -> None:
    synthesized = job_event(time="", principal="", synthesized=True)
    assert synthesized.uuid(ENDPOINTS) == job_event(time="", synthesized=True).uuid(ENDPOINTS)
    assert synthesized.uuid(ENDPOINTS) != job_event().uuid(ENDPOINTS)


def test_whether_a_secret_is_there_does_not_matter() -> None:
    # an event of a user brings the hash of the password, a list does not
    shown = Event("users", "save", "u", {"Name": "u", "PasswordHash": "x", "Secret": "y"})
    assert shown.uuid(ENDPOINTS) == shown._replace(item={"Name": "u"}).uuid(ENDPOINTS)


# ---- secrets --------------------------------------------------------------------------------------------


def redacted(kind: str, item: Any, key: str = "k") -> Any:
    return Event(kind, "update", key, item).redacted(item)


def test_secrets_are_taken_out() -> None:
    machine = {
        "Name": "m",
        "Secret": "s",
        "Params": {"pin": SEALED, "list": [SEALED, 1], "deep": {"x": SEALED}},
    }
    assert redacted("machines", machine) == {"Name": "m", "Params": {"list": [1], "deep": {}}}
    assert machine["Secret"] == "s"
    assert redacted("users", {"Name": "u", "Secret": "s", "PasswordHash": "h"}) == {"Name": "u"}
    assert redacted("jobs", {"Uuid": "j", "Token": "t"}) == {"Uuid": "j"}


def test_an_action_brings_the_machine_without_its_secret() -> None:
    action = {"Model": {"Name": "m", "Secret": "s"}, "Command": "poweron", "Params": {}}
    assert redacted("machines", action) == {"Model": {"Name": "m"}, "Command": "poweron", "Params": {}}


@pytest.mark.parametrize("kind", ["leases", "reservations"])
def test_the_token_of_a_lease_is_its_mac_address(kind: str) -> None:
    assert redacted(kind, {"Addr": "192.0.2.1", "Token": "52:54:00:12:34:56"})["Token"]


def test_secret_preferences() -> None:
    assert redacted("preferences", {"Name": "baseTokenSecret", "Val": "s"}, "baseTokenSecret") == {
        "Name": "baseTokenSecret"
    }
    assert redacted("preferences", {"Name": "logLevel", "Val": "warn"}, "logLevel")["Val"] == "warn"


@pytest.mark.parametrize("item", [None, "text", 5, [1, 2]])
def test_objects_that_are_none(item: Any) -> None:
    assert redacted("custom", item) == item


# ---- templates ------------------------------------------------------------------------------------------

ATTACKS = ["{{ 6 * 7 }}", "{%if 1%}42{%endif%}", "{{{{ 42 }}}}", "{#}#}{{42}}", "{{", "{ {%", "a{{'{{'}}"]


@pytest.mark.parametrize("text", ATTACKS)
def test_texts_are_no_templates(text: str) -> None:
    document = escape_templates({"object": {"Description": text, text: [text]}})
    description = document["object"]["Description"]
    assert jinja2.Environment().from_string(description).render() == description
    assert description.replace(" ", "") == text.replace(" ", "")
    assert not {"{{", "{%", "{#"} & {
        json.dumps(document)[at : at + 2] for at in range(len(json.dumps(document)))
    }


@given(objects)
def test_everything_else_is_left_alone(item: dict[str, Any]) -> None:
    harmless = {"object": item}
    if not any(opening in json.dumps(harmless) for opening in ("{{", "{%", "{#")):
        assert escape_templates(harmless) == harmless


# ---- changes --------------------------------------------------------------------------------------------


def test_changed_names_the_members() -> None:
    before = Snapshot({"State": "running", "Task": "t", "Gone": 1})
    after = Snapshot({"State": "failed", "Task": "t", "New": 1})
    assert after.changed_members(before) == ["Gone", "New", "State"]
    assert after.changed_members(after) == []
    assert after.changed_members(None) == ["New", "State", "Task"]


def test_events_and_lists_may_differ_in_empty_members_and_secrets() -> None:
    event = {"Name": "u", "Meta": None, "Errors": None, "Secret": "s", "Profile": {"Params": None}}
    listed = {"Name": "u", "Meta": {}, "Errors": [], "Profile": {"Params": {}}}
    assert Snapshot(event).changed_members(Snapshot(listed)) == []


def test_zero_and_false_are_values() -> None:
    assert Snapshot({"a": 0, "b": False}).changed_members(Snapshot({})) == ["a", "b"]
    assert Snapshot({"a": 0}).changed_members(Snapshot({"a": False})) == ["a"]


def test_a_sealed_param_counts_although_it_is_not_shown() -> None:
    before, after = {"Params": {"pin": SEALED}}, {"Params": {"pin": {**SEALED, "Payload": "d"}}}
    assert Snapshot(after).changed_members(Snapshot(before)) == ["Params"]


@given(objects, st.randoms())
def test_order_does_not_count(item: dict[str, Any], chance: random.Random) -> None:
    names = list(item)
    chance.shuffle(names)
    assert Snapshot({name: item[name] for name in names}).changed_members(Snapshot(item)) == []


def test_objects_of_a_kind_share_their_names() -> None:
    one, two = Snapshot({"a": 1, "b": 2}), Snapshot({"b": 3, "a": 4})
    assert one.names is two.names


# ---- keys and hosts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ({"Name": "m", "Uuid": "u"}, "u"),
        ({"ID": "t.tmpl"}, "t.tmpl"),
        ({"Addr": "192.0.2.1", "Token": "x"}, "192.0.2.1"),
        ({"Name": "p"}, "p"),
        ({"Id": "pool", "Description": ""}, "pool"),
        ({}, ""),
    ],
)
def test_keys(item: dict[str, Any], key: str) -> None:
    assert key_of(item) == key


@pytest.mark.parametrize("name", ["web-1.example.com", "node_7", "7", "All", "alligator"])
def test_hosts(name: str) -> None:
    assert drp_events.HOST_NAME_PATTERN.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", "all", "ungrouped", "localhost", "a,b", "a:b", "*", "!x", "web*", "a b", "~x", "-l"]
)
def test_what_is_not_one_host(name: str) -> None:
    assert not drp_events.HOST_NAME_PATTERN.fullmatch(name)


def test_the_engine_can_load_the_file() -> None:
    """By its path, where nothing of the collection can be imported, and with aiohttp alone."""
    script = (
        "import runpy, sys, asyncio\n"
        "names = set(sys.modules)\n"
        f"module = runpy.run_path({drp_events.__file__!r})\n"
        "assert asyncio.iscoroutinefunction(module['main'])\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - names}\n"
        "assert not new & {'ansible', 'ansible_collections', 'requests', 'yaml', 'websocket'}, new\n"
    )
    subprocess.run([sys.executable, "-I", "-c", script], check=True, timeout=LIMIT)
