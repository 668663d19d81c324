# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How waiting for one object ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from patience import LIMIT, NEVER

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import NotFound
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import Changed
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import (
    and_items,
    equal_item,
    not_item,
    or_items,
    wait_for,
)


def describe(client: Client, made: dict[str, Any], text: str) -> None:
    client.patch(
        "machines" if made.get("Uuid") else "profiles",
        made.get("Uuid") or made["Name"],
        [{"op": "replace", "path": "/Description", "value": text}],
    )


def meanwhile(client: Client, work: Callable[[], Any]) -> threading.Thread:
    """Do it as soon as the wait that follows has had its first look, for which it has registered before."""
    looked, find = threading.Event(), client.find

    def look(kind: str, key: str) -> dict[str, Any] | None:
        found = find(kind, key)
        looked.set()
        return found

    def act() -> None:
        looked.wait(LIMIT)
        del client.find  # type: ignore[method-assign]
        work()

    client.find = look  # type: ignore[method-assign]
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def test_vector_21_types_count(client: Client, factory: Any) -> None:
    made = factory.make("machines")
    assert wait_for(client, "machines", made, equal_item("Runnable", "true"), 0.3) == "timeout"
    assert wait_for(client, "machines", made, equal_item("Runnable", True), NEVER) == "complete"


def test_it_goes_on_with_the_change(client: Client, factory: Any) -> None:
    made = factory.make("machines")
    item = {"Uuid": made["Uuid"]}
    meanwhile(client, lambda: describe(client, made, "now"))
    assert wait_for(client, "machines", item, equal_item("Description", "now"), NEVER) == "complete"
    assert item["Description"] == "now", "the item is brought up to date"
    assert item == client.get("machines", made["Uuid"])


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("params", {"Schema": {"type": "string"}}),
        ("reservations", {"NextServer": "192.0.2.9"}),
        ("templates", {"Contents": "new"}),
        ("subnets", {"Description": "new"}),
    ],
)
def test_kinds_with_other_keys(client: Client, factory: Any, kind: str, change: dict[str, Any]) -> None:
    """A template's key is its ID; that of a reservation, its address, is told in another spelling."""
    items = {
        "params": {},
        "reservations": {"Addr": "192.0.2.77", "Token": "52:54:00:00:00:77", "Strategy": "MAC"},
        "templates": {"Contents": "old"},
        "subnets": {
            "Subnet": "192.0.2.1/24",
            "ActiveStart": "192.0.2.10",
            "ActiveEnd": "192.0.2.20",
            "ActiveLeaseTime": 60,
            "ReservedLeaseTime": 7200,
            "Strategy": "MAC",
        },
    }
    name = factory.name()
    label = {"reservations": {}, "templates": {"ID": name}}.get(kind, {"Name": name})
    made = client.create(kind, {**items[kind], **label})
    key = made.get("ID") or made.get("Addr") or made["Name"]
    factory.made.append((kind, key))
    ((member, value),) = change.items()
    meanwhile(
        client, lambda: client.patch(kind, key, [{"op": "replace", "path": f"/{member}", "value": value}])
    )
    assert wait_for(client, kind, made, equal_item(member, value), NEVER) == "complete"
    meanwhile(client, lambda: client.delete(kind, key))
    assert wait_for(client, kind, made, equal_item(member, "never"), NEVER) == "deleted"


def test_names_that_patterns_have_a_meaning_for(client: Client, factory: Any) -> None:
    """Dots part a pattern, white space its command; the longest name still fits into a frame."""
    stem = factory.name()
    for name in (f"{stem}.c.d", f"{stem} e", f"{stem}-".ljust(236, "f")):
        made = factory.make("profiles", Name=name)
        meanwhile(client, lambda made=made: describe(client, made, "now"))
        assert wait_for(client, "profiles", made, equal_item("Description", "now"), NEVER) == "complete"


def test_timeout(client: Client, factory: Any) -> None:
    made = factory.make("profiles")
    begin = time.monotonic()
    assert wait_for(client, "profiles", made, equal_item("Description", "never"), 0.5) == "timeout"
    assert time.monotonic() - begin >= 0.5


def test_a_timeout_of_0_looks_once(client: Client, factory: Any) -> None:
    made = factory.make("profiles", Description="x")
    item = {"Name": made["Name"]}
    assert wait_for(client, "profiles", item, equal_item("Description", "x"), 0) == "complete"
    assert item == made
    assert wait_for(client, "profiles", item, equal_item("Description", "y"), 0) == "timeout"


@pytest.mark.needs_counters
def test_what_one_look_costs(client: Client, factory: Any, endpoint: Any) -> None:
    made = factory.make("profiles", Description="x")
    client.token()
    before = len(endpoint.simulator.log())
    wait_for(client, "profiles", made, equal_item("Description", "y"), 0)
    assert [(line["method"], line["path"]) for line in endpoint.simulator.log()[before:]] == [
        ("GET", f"profiles/{made['Name']}")
    ]


def test_deletion(client: Client, factory: Any) -> None:
    made = factory.make("profiles")
    meanwhile(client, lambda: client.delete("profiles", made["Name"]))
    assert wait_for(client, "profiles", made, equal_item("Description", "never"), NEVER) == "deleted"


def test_failure(client: Client, factory: Any) -> None:
    made = factory.make("profiles")
    meanwhile(client, lambda: describe(client, made, "broken"))
    broken = or_items(equal_item("Description", "broken"), equal_item("Description", "stuck"))
    wanted = and_items(equal_item("Description", "good"), not_item(broken))
    assert wait_for(client, "profiles", made, wanted, NEVER, fail_when=broken) == "failed"
    assert made["Description"] == "broken"


def test_what_is_not_there_to_begin_with(client: Client, factory: Any) -> None:
    name = factory.name()
    for timeout in (0, NEVER):
        with pytest.raises(NotFound) as caught:
            wait_for(client, "profiles", {"Name": name}, equal_item("Description", "x"), timeout)
        assert (caught.value.model, caught.value.key, caught.value.code) == ("profiles", name, 404)


def test_a_value_that_changes_back_is_seen(client: Client, factory: Any) -> None:
    made = factory.make("profiles")

    def flip() -> None:
        describe(client, made, "flip")
        describe(client, made, "flop")

    flipping = meanwhile(client, flip)
    assert wait_for(client, "profiles", made, equal_item("Description", "flip"), NEVER) == "complete"
    flipping.join(LIMIT)  # the second wait is about a second change
    flipping = meanwhile(client, flip)
    assert wait_for(client, "profiles", made, Changed("Description"), NEVER) == "complete"
    flipping.join(LIMIT)
