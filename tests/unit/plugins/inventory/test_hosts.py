# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How hosts get their names."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.inventory.lab import Reports, seen

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.hosts import name_hosts
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.machine_fields import Field


def names(*machines: t.Any, fields: tuple[str, ...] = ("Name",), reports: t.Any = None) -> dict[str, str]:
    """Host -> UUID of its machine."""
    named = name_hosts(machines, [Field(field) for field in fields], reports or Reports())
    return {machine.name: machine.members["Uuid"] for machine in named}


def test_in_the_order_of_their_names() -> None:
    assert list(names(seen("b"), seen("a"), seen("c"))) == ["a", "b", "c"]


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
    machine = seen(
        "a",
        Meta={"dns": "a.example.com"},
        HardwareAddrs=["52:54:00:00:00:01", "52:54:00:00:00:02"],
        Params={"dns/name": "a.lab", "number": 7},
    )
    assert list(names(machine, fields=(field,))) == [name]


def test_the_first_with_a_value_counts() -> None:
    machines = seen("a", Params={"dns/name": "a.lab"}), seen("b", Params={"dns/name": ""}), seen("c")
    assert list(names(*machines, fields=("dns/name", "Name"))) == ["a.lab", "b", "c"]


def test_machines_without_a_name_are_left_out_and_told() -> None:
    reports = Reports()
    nameless = [seen("", Uuid=f"u{number}") for number in range(7)]
    assert list(names(*nameless, seen("a"), reports=reports)) == ["a"]
    assert reports.warned == ["7 machines (u0, u1, u2, u3, u4, ...) left out: no value for hostnames (Name)"]
    assert reports.complained == []


def test_a_name_that_two_have_is_given_to_none() -> None:
    reports = Reports()
    two = seen("a", Params={"dns": "x"}), seen("b", Params={"dns": "x"})
    found = names(*two, seen("c", Params={"dns": "y"}), fields=("dns", "Name"), reports=reports)
    assert found == {"a": "uuid-of-a", "b": "uuid-of-b", "y": "uuid-of-c"}
    assert reports.complained == [
        "2 machines (uuid-of-a, uuid-of-b) have the same host name x, which none of them gets"
    ]


def test_the_last_resort_is_the_uuid() -> None:
    found = names(seen("a", Uuid="u1"), seen("a", Uuid="u2"))
    assert found == {"u1": "u1", "u2": "u2"}


def test_whoever_gives_way_may_push_another() -> None:
    machines = (
        seen("a", Uuid="u1", Params={"dns": "x"}),
        seen("b", Uuid="u2", Params={"dns": "x"}),
        seen("c", Uuid="u3", Params={"dns": "a"}),
    )
    assert names(*machines, fields=("dns", "Name")) == {"u1": "u1", "b": "u2", "c": "u3"}


@given(st.lists(st.tuples(*[st.sampled_from(["", "x", "y", "z"])] * 2), max_size=8))
def test_no_two_hosts_have_one_name(pairs: list[tuple[str, str]]) -> None:
    machines = [
        seen(name, Uuid=f"u{number}", Params={"dns": dns}) for number, (name, dns) in enumerate(pairs)
    ]

    def named(order: list[t.Any]) -> list[tuple[str, str]]:
        fields = [Field("dns"), Field("Name")]
        found = name_hosts(order, fields, t.cast("t.Any", Reports()))
        return [(machine.name, machine.members["Uuid"]) for machine in found]

    found = named(machines)
    assert len(dict(found)) == len(found) == sum(bool(name or dns) for name, dns in pairs)
    assert named(machines[::-1]) == found
