# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and groups that are written directly are what Ansible's own methods would have made."""

from __future__ import annotations

import contextlib
import gc
import typing as t
import weakref

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.inventory.lab import dump

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.fill import (
    InventoryWriter,
    gc_paused,
)

NAMES = st.sampled_from(["a", "b", "c", "localhost"])
GROUPS = st.sampled_from(["g", "h", "i", "all", "ungrouped"])
VARIABLES = st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from([1, "text", {"k": 1}, {"l": 2}]))
HOST = st.tuples(st.just("host"), NAMES, VARIABLES)
JOIN = st.tuples(st.just("join"), GROUPS, NAMES)
LINK = st.tuples(st.just("link"), GROUPS, GROUPS)
STEPS = st.lists(st.one_of(HOST, JOIN, LINK), max_size=12)


def slowly(inventory: InventoryData, steps: list[t.Any]) -> None:
    for step, one, other in steps:
        if step == "host":
            inventory.add_host(one)
            for name, value in other.items():
                inventory.set_variable(one, name, value)
        elif step == "join" and other in inventory.hosts:
            inventory.add_group(one)
            inventory.add_child(one, other)
        elif step == "link" and one != other != "all":
            inventory.add_group(one)
            inventory.add_group(other)
            with contextlib.suppress(AnsibleError):  # a circle
                inventory.add_child(one, other)


def quickly(inventory: InventoryData, steps: list[t.Any]) -> None:
    writer = InventoryWriter(inventory)
    for step, one, other in steps:
        if step == "host":
            writer.add_host(one, other)
        elif step == "join" and other in inventory.hosts:
            writer.add_hosts(writer.add_group(one), [inventory.hosts[other]])
        elif step == "link" and one != other != "all":
            writer.add_child(writer.add_group(one), writer.add_group(other))


@settings(max_examples=400)
@given(before=STEPS, steps=STEPS, source=st.sampled_from([None, "/etc/hosts"]))
def test_the_same_inventory(before: list[t.Any], steps: list[t.Any], source: str | None) -> None:
    made = []
    for way in (slowly, quickly):
        inventory = InventoryData()
        inventory.current_source = source
        slowly(inventory, before)
        way(inventory, steps)
        made.append(dump(inventory))
    assert made[0] == made[1]


def test_new_hosts_and_others() -> None:
    inventory = InventoryData()
    inventory.add_host("old")
    inventory.set_variable("old", "x", 1)
    writer = InventoryWriter(inventory)
    host, fresh = writer.add_host("old", {"y": 2})
    assert (host.vars["x"], host.vars["y"], fresh) == (1, 2, False)
    host, fresh = writer.add_host("new", {"y": 2})
    assert (host.vars["y"], fresh) == (2, True)
    host, fresh = writer.add_host("new", {"z": 3})
    assert (host.vars["y"], host.vars["z"], fresh) == (2, 3, False)


def test_links_and_circles() -> None:
    writer = InventoryWriter(InventoryData())
    one, two = writer.add_group("one"), writer.add_group("two")
    assert writer.add_child(one, two)
    assert writer.add_child(one, two)
    assert not writer.add_child(two, one)
    assert not writer.add_child(one, one)
    assert not writer.add_child(one, "all")


def test_hosts_that_join_after_a_link_are_seen_above() -> None:
    inventory = InventoryData()
    writer = InventoryWriter(inventory)
    host, _fresh = writer.add_host("a", {})
    late, _fresh = writer.add_host("b", {})
    above, below = writer.add_group("above"), writer.add_group("below")
    writer.add_hosts(below, [host, host])
    writer.add_child(above, below)
    assert [one.name for one in inventory.groups["above"].get_hosts()] == ["a"]
    writer.add_hosts(below, [late])
    assert [one.name for one in inventory.groups["above"].get_hosts()] == ["a", "b"]
    assert [one.name for one in inventory.groups["below"].hosts] == ["a", "b"]


def test_variables_of_groups() -> None:
    inventory = InventoryData()
    writer = InventoryWriter(inventory)
    writer.add_group("g")
    writer.set_group_variables("g", {"a/b": 1})
    writer.set_group_variables("g", {"x": 2})
    assert inventory.groups["g"].vars == {"a/b": 1, "x": 2}


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector(enabled: bool) -> None:
    if not enabled:
        gc.disable()
    try:
        with gc_paused():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_an_inventory_that_was_refreshed_is_collected() -> None:
    class Inventory:
        """Hosts and groups know each other."""

        def __init__(self) -> None:
            self.me = self

    with gc_paused():
        first = weakref.ref(Inventory())
    gc.collect()
    assert first() is not None  # it was left to the collector, which does not look at what was made
    with gc_paused():
        assert first() is None
