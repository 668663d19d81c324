# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How wanted values are laid over present ones."""

from __future__ import annotations

import copy
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.patch import same_json
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.merge import (
    agrees,
    append_missing,
    merge_map,
    overlay,
)

Json = t.Any

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "true", "1"])
NAMES = st.sampled_from(["a", "b", "c"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(NAMES, JSON, max_size=3)


@given(JSON, JSON)
def test_overlay_is_idempotent(current: Json, wanted: Json) -> None:
    once = overlay(current, wanted)
    assert same_json(overlay(once, wanted), once)


@given(JSON, JSON)
def test_what_was_overlaid_agrees(current: Json, wanted: Json) -> None:
    assert agrees(overlay(current, wanted), wanted)


@given(MAPS, MAPS)
def test_overlay_changes_nothing_that_agrees(current: Json, wanted: Json) -> None:
    if agrees(current, wanted):
        assert same_json(overlay(current, wanted), current)


@given(JSON, JSON)
def test_overlay_leaves_its_arguments_alone(current: Json, wanted: Json) -> None:
    before = copy.deepcopy((current, wanted))
    overlay(current, wanted)
    assert same_json(before, (current, wanted))


@given(MAPS, MAPS)
def test_overlay_keeps_the_members_nobody_named(current: Json, wanted: Json) -> None:
    merged = overlay(current, wanted)
    assert {name: merged.get(name) for name in current if name not in wanted} == {
        name: value for name, value in current.items() if name not in wanted
    }


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        ({"Name": "x", "Codename": ""}, {"Name": "y"}, {"Name": "y", "Codename": ""}),
        ([{"Name": "a", "Path": ""}], [{"Name": "a"}], [{"Name": "a", "Path": ""}]),
        ([{"Name": "a", "Path": "p"}], [{"Name": "b"}], [{"Name": "b"}]),
        ([{"Name": "a"}, {"Name": "b"}], [{"Name": "a"}], [{"Name": "a"}]),
        ({"IsoUrl": "http://x"}, {"IsoUrl": None}, {}),
        ({"IsoUrl": ""}, {"IsoUrl": None}, {"IsoUrl": ""}),
        (None, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        (None, [{"a": None, "b": 1}], [{"b": 1}]),
        (True, 1, 1),
        (1, 1.0, 1),
    ],
    ids=str,
)
def test_overlay(current: Json, wanted: Json, expected: Json) -> None:
    assert same_json(overlay(current, wanted), expected)


@pytest.mark.parametrize(
    ("current", "wanted"),
    [({"a": 1}, {"b": 1}), ({"a": True}, {"a": 1}), ([1, 2], [1]), ([1], [1, 2]), ({"a": "x"}, {"a": None})],
    ids=str,
)
def test_disagreement(current: Json, wanted: Json) -> None:
    assert not agrees(current, wanted)


def test_maps_keep_values_whole() -> None:
    current = {"a": {"x": 1, "y": 2}, "b": 1, "c": 1}
    wanted = {"a": {"x": 1}, "b": None, "d": [None]}
    assert merge_map(current, wanted, False) == {"a": {"x": 1}, "c": 1, "d": [None]}
    assert merge_map(current, wanted, True) == {"a": {"x": 1}, "d": [None]}
    assert merge_map(None, {"gone": None}, False) == {}


@given(MAPS, MAPS, st.booleans())
def test_merge_map_is_idempotent(current: Json, wanted: Json, exact: bool) -> None:
    once = merge_map(current, wanted, exact)
    assert same_json(merge_map(once, wanted, exact), once)


WORDS = st.lists(st.sampled_from("abcd"), max_size=5)


@given(WORDS, WORDS)
def test_append_keeps_order_and_is_idempotent(current: list[str], wanted: list[str]) -> None:
    once = append_missing(current, wanted)
    assert once[: len(current)] == current
    assert set(once) == {*current, *wanted}
    assert append_missing(once, wanted) == once


def test_append_adds_each_once() -> None:
    assert append_missing(["b"], ["a", "b", "a", "c"]) == ["b", "a", "c"]
    assert append_missing(None, ["a"]) == ["a"]
