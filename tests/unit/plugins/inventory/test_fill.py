# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and groups that are written directly are what Ansible's own methods would have made."""

from __future__ import annotations

import contextlib
import gc
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.inventory.lab import everything

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.fill import Filler, no_garbage

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
    filler = Filler(inventory)
    for step, one, other in steps:
        if step == "host":
            filler.host(one, other)
        elif step == "join" and other in inventory.hosts:
            filler.join(filler.group(one), [inventory.hosts[other]])
        elif step == "link" and one != other != "all":
            filler.link(filler.group(one), filler.group(other))


@settings(max_examples=400, deadline=None)
@given(before=STEPS, steps=STEPS, source=st.sampled_from([None, "/etc/hosts"]))
def test_the_same_inventory(before: list[t.Any], steps: list[t.Any], source: str | None) -> None:
    made = []
    for way in (slowly, quickly):
        inventory = InventoryData()
        inventory.current_source = source
        slowly(inventory, before)
        way(inventory, steps)
        made.append(everything(inventory))
    assert made[0] == made[1]


def test_new_hosts_and_others() -> None:
    inventory = InventoryData()
    inventory.add_host("old")
    inventory.set_variable("old", "x", 1)
    filler = Filler(inventory)
    host, fresh = filler.host("old", {"y": 2})
    assert (host.vars["x"], host.vars["y"], fresh) == (1, 2, False)
    host, fresh = filler.host("new", {"y": 2})
    assert (host.vars["y"], fresh) == (2, True)
    host, fresh = filler.host("new", {"z": 3})
    assert (host.vars["y"], host.vars["z"], fresh) == (2, 3, False)


def test_links_and_circles() -> None:
    filler = Filler(InventoryData())
    one, two = filler.group("one"), filler.group("two")
    assert filler.link(one, two)
    assert filler.link(one, two)
    assert not filler.link(two, one)
    assert not filler.link(one, one)
    assert not filler.link(one, "all")


def test_hosts_that_join_after_a_link_are_seen_above() -> None:
    inventory = InventoryData()
    filler = Filler(inventory)
    host, _fresh = filler.host("a", {})
    late, _fresh = filler.host("b", {})
    above, below = filler.group("above"), filler.group("below")
    filler.join(below, [host, host])
    filler.link(above, below)
    assert [one.name for one in inventory.groups["above"].get_hosts()] == ["a"]
    filler.join(below, [late])
    assert [one.name for one in inventory.groups["above"].get_hosts()] == ["a", "b"]
    assert [one.name for one in inventory.groups["below"].hosts] == ["a", "b"]


def test_variables_of_groups() -> None:
    inventory = InventoryData()
    filler = Filler(inventory)
    filler.group("g")
    filler.set_group_variables("g", {"a/b": 1})
    filler.set_group_variables("g", {"x": 2})
    assert inventory.groups["g"].vars == {"a/b": 1, "x": 2}


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector(enabled: bool) -> None:
    if not enabled:
        gc.disable()
    try:
        with no_garbage():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
