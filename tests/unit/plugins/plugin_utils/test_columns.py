# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects come back from their columns as they were, in their order and with the order of their names."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.plugin_utils import columns

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)
look_alikes = st.sampled_from([0, False, "", None, -0.0, 1, True, 1.0])
few_shapes = st.lists(
    st.dictionaries(st.sampled_from("ab"), look_alikes | values),
    max_size=60,
)


def through_json(objects: list[columns.Object]) -> list[columns.Object]:
    return columns.unpack(json.loads(json.dumps(columns.pack(objects))))


def machines(number: int) -> list[columns.Object]:
    return [
        {"Name": f"node-{one}", "Stage": "none", "Errors": [], "Params": {"rack": one, "map": {"x": "y"}}}
        for one in range(number)
    ]


@given(few_shapes)
def test_there_and_back(objects: list[columns.Object]) -> None:
    before = copy.deepcopy(objects)
    # as text, because the order of names and the types of equal numbers count
    assert json.dumps(through_json(objects)) == json.dumps(before)
    assert json.dumps(objects) == json.dumps(before)


def test_objects_of_two_shapes_keep_their_order() -> None:
    objects: list[columns.Object] = [{"a": n} if n % 3 else {"b": n, "a": 0} for n in range(100)]
    assert json.dumps(through_json(objects)) == json.dumps(objects)
    assert json.dumps(columns.pack(objects)).count('"b"') == 1


def test_each_name_is_there_once() -> None:
    packed = json.dumps(columns.pack(machines(1000)))
    assert [packed.count(f'"{text}"') for text in ("Name", "Stage", "none", "rack", "x", "y")] == [1] * 6


def test_what_has_no_shape_in_common_stays_as_it_is() -> None:
    objects: list[columns.Object] = [{str(number): number} for number in range(100)]
    assert columns.pack(objects) == objects


def test_nothing_is_shared_that_could_be_changed() -> None:
    first, second, *_others = through_json(machines(20))
    first["Errors"].append("one")
    first["Params"]["map"]["x"] = "z"
    first["new"] = 1
    assert second == machines(2)[1]


def _broken(change: t.Callable[[t.Any], None]) -> t.Any:
    packed = json.loads(json.dumps(columns.pack([*machines(20), *({"a": n} for n in range(20))])))
    change(packed)
    return packed


@pytest.mark.parametrize(
    "packed",
    [
        {},
        {"tables": [], "order": None},
        {"tables": 5, "order": None},
        _broken(lambda packed: packed["order"].pop()),
        _broken(lambda packed: packed["order"].append(1)),
        _broken(lambda packed: packed.update(order=[0] * 40)),
        _broken(lambda packed: packed.update(order=[7] * 40)),
        _broken(lambda packed: packed.update(order=["x"] * 40)),
        _broken(lambda packed: packed["tables"][0]["columns"].pop()),
        _broken(lambda packed: packed["tables"][0]["columns"][0].pop()),
        _broken(lambda packed: packed["tables"][0].update(count=3)),
        _broken(lambda packed: packed["tables"][0].update(count=None)),
        _broken(lambda packed: packed["tables"].pop()),
    ],
)
def test_what_was_not_packed_here_is_refused(packed: t.Any) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        columns.unpack(packed)
