# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""List queries."""

from __future__ import annotations

import pytest

from simulator.errors import ApiError, Crash
from simulator.filters import select, slimmed
from simulator.models import MODELS
from simulator.server import Server
from simulator.testing import Objects

Pairs = list[tuple[str, str]]


@pytest.fixture
def fleet(made: Objects) -> Server:
    made.add("params", Name="rack", Schema={"type": "string", "default": "r0"})
    made.add("params", Name="lit", Schema={"type": "boolean"})
    made.add("params", Name="units", Schema={"type": "integer"})
    keys = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(4)]
    made.add("machines", Name="m1", Uuid=keys[1], Address="10.0.0.9", Params={"rack": "r1", "units": 2})
    made.add("machines", Name="m2", Uuid=keys[2], Address="10.0.0.10", Params={"lit": True})
    made.add("machines", Name="m5", Uuid=keys[3], Meta={"color": "red"})
    return made.server


def names(server: Server, *query: tuple[str, str]) -> list[str]:
    return [row.data["Name"] for row in select(server, MODELS["machines"], list(query), "GET")]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], ["m1", "m2", "m5"]),
        ([("Name", "Eq(m2)")], ["m2"]),
        ([("Name", "m2")], ["m2"]),
        ([("Name", "eq(m2)")], []),
        ([("Name", "In(m1,m2)")], []),
        ([("Name", "Between(m1,m2)")], ["m1", "m2"]),
        ([("Name", "Except(m1,m2")], ["m5"]),
        # alternatives are joined and may repeat an object
        ([("Name", "m1"), ("Name", "Ne(m5)")], ["m1", "m1", "m2"]),
        ([("Name", "Ne(m1)"), ("Runnable", "true")], ["m2", "m5"]),
        # addresses compare as numbers, the unset one is the lowest
        ([("Address", "Gt(10.0.0.9)")], ["m2"]),
        ([("sort", "Address")], ["m5", "m1", "m2"]),
        ([("sort", "Address"), ("sort", "Stage")], ["m5", "m1", "m2"]),
        ([("reverse", "false")], ["m5", "m2", "m1"]),
        ([("offset", "1"), ("limit", "1")], ["m2"]),
        ([("offset", "9")], []),
        ([("limit", "0")], []),
        ([("rack", "r1")], ["m1"]),
        ([("rack", "r0")], ["m2", "m5"]),
        ([("lit", "true")], ["m2"]),
        ([("lit", "Lt(true)")], ["m1", "m5"]),
        ([("units", "2")], []),
        ([("units", "Ne(3)")], []),
        ([("Meta.color", "red")], ["m5"]),
    ],
)
def test_select(fleet: Server, query: Pairs, expected: list[str]) -> None:
    assert names(fleet, *query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (("nope", "x"), "Filter not found: nope"),
        (("sort", "rack"), "Not sortable: rack"),
        (("limit", "-1"), "Limit cannot be negative"),
        (("offset", "x"), "Offset not valid"),
        (("Uuid", "x"), "Invalid UUID: x"),
        (("Address", "x"), "Invalid address: x"),
        (("Runnable", "True"), "Runnable must be true or false"),
        (("lit", "perhaps"), "invalid character"),
        (("aggregate", "true"), "Filter not found: aggregate"),
    ],
)
def test_refused(fleet: Server, query: tuple[str, str], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        names(fleet, query)
    assert (caught.value.code, caught.value.model, caught.value.key) == (406, "machines", "")
    assert caught.value.messages[0].startswith(message)


@pytest.mark.parametrize("value", ["Eq", "Between", "Between(a)", "Except(a)"])
def test_what_crashes_a_real_server(fleet: Server, value: str) -> None:
    with pytest.raises(Crash):
        names(fleet, ("Name", value))


def test_slim(fleet: Server) -> None:
    row = select(fleet, MODELS["machines"], [("Name", "m1")], "GET")[0]
    assert b'"Params":{}' in slimmed(row, [("slim", "meta,PARAMS,other")])
    assert slimmed(row, [("slim", "other")]) is row.text
