# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts get their names."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.inventory.lab import Reports, inventory_machine

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.hosts import name_hosts
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.machine_fields import Field


def names(*machines: t.Any, fields: tuple[str, ...] = ("Name",), reports: t.Any = None) -> dict[str, str]:
    """Host -> UUID of its machine."""
    named = name_hosts(machines, [Field(field) for field in fields], reports or Reports())
    return {machine.name: machine.members["Uuid"] for machine in named}


def test_in_the_order_of_their_names() -> None:
    assert list(names(inventory_machine("b"), inventory_machine("a"), inventory_machine("c"))) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("Name", "a"),
        ("Uuid", "uuid-of-a"),
        ("Meta.dns", "a.example.com"),
        ("dns/name", "a.lab"),
        ("HardwareAddrs", "52:54:00:00:00:01"),
        ("number", "7"),
    ],
)
def test_fields(field: str, name: str) -> None:
    machine = inventory_machine(
        "a",
        Meta={"dns": "a.example.com"},
        HardwareAddrs=["52:54:00:00:00:01", "52:54:00:00:00:02"],
        Params={"dns/name": "a.lab", "number": 7},
    )
    assert list(names(machine, fields=(field,))) == [name]


def test_the_first_with_a_value_counts() -> None:
    machines = (
        inventory_machine("a", Params={"dns/name": "a.lab"}),
        inventory_machine("b", Params={"dns/name": ""}),
        inventory_machine("c"),
    )
    assert list(names(*machines, fields=("dns/name", "Name"))) == ["a.lab", "b", "c"]


def test_machines_without_a_name_are_left_out_and_told() -> None:
    reports = Reports()
    nameless = [inventory_machine("", Uuid=f"u{number}") for number in range(7)]
    assert list(names(*nameless, inventory_machine("a"), reports=reports)) == ["a"]
    assert reports.warned == ["7 machines (u0, u1, u2, u3, u4, ...) skipped: no value for hostnames (Name)"]
    assert reports.complained == []


def test_a_name_that_two_have_is_given_to_none() -> None:
    reports = Reports()
    two = inventory_machine("a", Params={"dns": "x"}), inventory_machine("b", Params={"dns": "x"})
    found = names(*two, inventory_machine("c", Params={"dns": "y"}), fields=("dns", "Name"), reports=reports)
    assert found == {"a": "uuid-of-a", "b": "uuid-of-b", "y": "uuid-of-c"}
    assert reports.complained == [
        "2 machines (uuid-of-a, uuid-of-b) have the same host name x, so none of them gets it"
    ]


def test_the_last_resort_is_the_uuid() -> None:
    found = names(inventory_machine("a", Uuid="u1"), inventory_machine("a", Uuid="u2"))
    assert found == {"u1": "u1", "u2": "u2"}


def test_whoever_gives_way_may_push_another() -> None:
    machines = (
        inventory_machine("a", Uuid="u1", Params={"dns": "x"}),
        inventory_machine("b", Uuid="u2", Params={"dns": "x"}),
        inventory_machine("c", Uuid="u3", Params={"dns": "a"}),
    )
    assert names(*machines, fields=("dns", "Name")) == {"u1": "u1", "b": "u2", "c": "u3"}


@given(st.lists(st.tuples(*[st.sampled_from(["", "x", "y", "z"])] * 2), max_size=8))
def test_no_two_hosts_have_one_name(pairs: list[tuple[str, str]]) -> None:
    machines = [
        inventory_machine(name, Uuid=f"u{number}", Params={"dns": dns})
        for number, (name, dns) in enumerate(pairs)
    ]

    def named(order: list[t.Any]) -> list[tuple[str, str]]:
        fields = [Field("dns"), Field("Name")]
        found = name_hosts(order, fields, t.cast("t.Any", Reports()))
        return [(machine.name, machine.members["Uuid"]) for machine in found]

    found = named(machines)
    assert len(dict(found)) == len(found) == sum(bool(name or dns) for name, dns in pairs)
    assert named(machines[::-1]) == found
