# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters: what is asked of the server, and what is compared by the plugin."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from unit.plugins.inventory.lab import FakeClient, Object, machine

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import features
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.filters import (
    parse as parse_filters,
)

Parse = Callable[..., InventoryData]


def holds(wanted: t.Any, value: t.Any) -> bool:
    [one] = parse_filters({"x": wanted})
    return one.matches(lambda field: {"x": value}[field.name])


@pytest.mark.parametrize(
    ("wanted", "value", "found"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (True, True, True),
        ("true", True, True),
        (7, 7, True),
        ("7", 7, True),
        ("", None, True),
        ("a", ["b", "a"], True),
        ({"Ne": "a"}, "b", True),
        ({"ne": "a"}, ["b", "a"], False),
        ({"Ne": ""}, None, False),
        ({"In": ["a", "b"]}, "b", True),
        ({"In": "a,b"}, "b", True),
        ({"In": ["a", "b"]}, "c", False),
        ({"Nin": ["a", "b"]}, "c", True),
        ({"Nin": ["a", "b"]}, ["c", "a"], False),
        ({"Re": "^web-[0-9]+$"}, "web-12", True),
        ({"Re": "^web"}, None, False),
        ({"Lt": 10}, 9, True),
        ({"Lt": 10}, 10.0, False),
        ({"Lte": 10}, 10, True),
        ({"Gt": "10"}, 9, False),
        ({"Gt": "10"}, "9", True),
        ({"Gte": "b"}, "b", True),
        ({"Between": [2, 10]}, 3, True),
        ({"Between": [2, 10]}, 10, True),
        ({"Except": [2, 10]}, 3, False),
        ({"Except": [2, 10]}, 11, True),
        ({"Between": ["192.0.2.9", "192.0.2.100"]}, "192.0.2.20", True),
        ({"Gt": "192.0.2.100"}, "192.0.2.20", False),
    ],
)
def test_comparisons_of_this_side(wanted: t.Any, value: t.Any, found: bool) -> None:
    assert holds(wanted, value) is found


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"sort": "Name"}, "sort is neither an index nor a param"),
        ({"reverse": True}, "reverse is neither"),
        ({"Stage": ["a", "b"]}, r"Stage: Eq takes 1 value \(In takes a list\)"),
        ({"Stage": None}, "the value of Stage must be a string, number or boolean"),
        ({"Stage": {"In": []}}, "the value of Stage must be"),
        ({"Stage": {"Like": "a"}}, "unknown op Like"),
        ({"Stage": {"Between": "a"}}, "Stage: Between takes 2 values"),
        ({"Stage": {"Re": "("}}, r"Stage: '\(' is not a regular expression"),
    ],
)
def test_bad_filters(parse: Parse, client: FakeClient, wanted: dict[str, t.Any], told: str) -> None:
    with pytest.raises(UsageError, match=f"filters: .*{told}"):
        parse_filters(wanted)
    with pytest.raises(AnsibleParserError, match=f"filters: .*{told}"):
        parse(filters=wanted)
    assert client.asked == []


# -- whose work they are


@pytest.fixture
def mentioned(plugin: t.Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What -v would tell, without the name of the file."""
    told: list[str] = []
    monkeypatch.setattr(plugin.display, "v", lambda text: told.append(text.split("filters: ", 1)[-1]))
    return told


def names(inventory: InventoryData) -> list[str]:
    return list(inventory.hosts)


MACHINES: list[Object] = [
    machine("a", Arch="arm64", Params={"rack": "r1", "unit": 3}, Profiles=["p"]),
    machine("b", Params={"rack": "r2", "unit": 12}, Address="192.0.2.1"),
    machine("c", Params={}, Meta={"color": "blue"}),
]


def test_the_server_selects(parse: Parse, client: FakeClient, mentioned: list[str]) -> None:
    parse(*MACHINES, filters={"Runnable": True, "rack": "r 1", "Name": {"gt": "a"}}, groups_by=[])
    assert client.asked == [
        ("machines", "Runnable", "Eq", "true", "rack", "Eq", "r 1", "Name", "Gt", "a"),
    ]
    assert mentioned == []


def test_without_an_index_this_side_selects(parse: Parse, client: FakeClient, mentioned: list[str]) -> None:
    client.indexes = {"Runnable"}
    found = parse(*MACHINES, filters={"Arch": "arm64", "Runnable": True}, groups_by=[])
    assert names(found) == ["a"]
    assert client.asked == [
        ("machines", "Arch", "Eq", "arm64", "Runnable", "Eq", "true"),
        ("machines", "Runnable", "Eq", "true"),
    ]
    assert mentioned == ["Arch Eq is compared by the plugin: this server has no such index or param"]


def test_params_count_wherever_they_are_set(parse: Parse, client: FakeClient) -> None:
    client.indexes = set()
    client.objects["profiles"] = [{"Name": "p", "Params": {"tier": "gold"}}]
    client.objects["stages"] = [{"Name": "none", "Params": {"tier": "silver"}}]
    assert names(parse(*MACHINES, filters={"tier": "gold"}, groups_by=[])) == ["a"]
    assert names(parse(*MACHINES, filters={"tier": "silver"}, groups_by=[])) == ["b", "c"]


def test_numbers_and_the_default_of_the_param(parse: Parse, client: FakeClient, mentioned: list[str]) -> None:
    client.objects["params"] = [{"Name": "unit", "Schema": {"type": "integer", "default": 40}}]
    assert names(parse(*MACHINES, filters={"unit": {"Gt": 4}}, groups_by=[])) == ["b", "c"]
    assert client.asked == [("machines",), ("info",), ("profiles",), ("stages",), ("params", "unit")]
    assert mentioned == ["unit Gt is compared by the plugin: servers do not compare params that are numbers"]


def test_params_are_not_left_out_when_this_side_needs_them(parse: Parse, client: FakeClient) -> None:
    found = parse(*MACHINES, filters={"unit": 3}, params="none", groups_by=[])
    assert names(found) == ["a"]
    assert client.asked[0] == ("machines",)


@pytest.mark.parametrize(
    ("wanted", "found", "why"),
    [
        ({"Address": {"Ne": ""}}, ["b"], "the server cannot compare with an empty value"),
        ({"Name": "a)"}, [], "the server would truncate the value"),
        ({"Name": {"Between": ["a", "b,"]}}, ["a", "b"], "the server would truncate the value"),
        ({"Name": {"Re": "^[ab]"}}, ["a", "b"], "this server does not support Re"),
        ({"Name": {"Nin": ["a"]}}, ["b", "c"], "this server does not support Nin"),
        ({"Name": {"Re": "b|c", "Nin": ["b"]}}, ["c"], "this server does not support Nin"),
        ({"Meta.color": {"Ne": ""}}, ["c"], "the server cannot compare with an empty value"),
    ],
)
def test_what_the_server_cannot_do(
    parse: Parse, mentioned: list[str], wanted: dict[str, t.Any], found: list[str], why: str
) -> None:
    assert names(parse(*MACHINES, filters=wanted)) == found
    assert mentioned[-1].endswith(f"is compared by the plugin: {why}")


def test_two_comparisons_of_one_name_must_both_hold(
    parse: Parse, client: FakeClient, mentioned: list[str]
) -> None:
    assert names(parse(*MACHINES, filters={"Name": {"Gt": "a", "Lt": "c"}}, groups_by=[])) == ["a", "b"]
    assert client.asked == [("machines", "Name", "Gt", "a")]
    assert len(mentioned) == 1


def test_sets_of_values(parse: Parse, client: FakeClient) -> None:
    wanted = {"Name": {"In": ["a", "b"]}}
    parse(*MACHINES, filters=wanted, groups_by=[])
    assert client.asked == [("info",), ("machines", "Name", "Eq", "a", "Name", "Eq", "b")]
    client.asked.clear()
    client.features = {features.SET_FILTERS.flag}
    parse(*MACHINES, filters=wanted, groups_by=[])
    assert client.asked == [("info",), ("machines", "Name", "In", "a,b")]
    client.asked.clear()
    parse(*MACHINES, filters={"Name": {"Re": "^a"}, "Stage": {"Nin": "x,y"}}, groups_by=[])
    assert client.asked[-1] == ("machines", "Name", "Re", "^a", "Stage", "Nin", "x,y")


def test_another_refusal_is_an_error(parse: Parse, client: FakeClient) -> None:
    from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors

    client.error = errors.ApiError("Invalid UUID: x", type="GET", code=406)
    with pytest.raises(AnsibleParserError, match="^filters: GET: Invalid UUID: x"):
        parse(filters={"Uuid": "x"})
