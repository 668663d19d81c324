# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches: the vectors of the specification, and properties checked with an independent library."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.patch import (
    apply_patch,
    escape,
    gen_patch,
    same_json,
)

Json = Any

# jsonpatch 1.32 to 1.34 takes a member "-" of an object for the end of a list
NAMES = st.text(alphabet="ab~/01-\u00fc", max_size=3).filter(lambda name: name != "-")
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2, width=16) | st.text("a~/", max_size=2)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
QUICK = settings(max_examples=150)


def short(operations: list[dict[str, Json]]) -> list[tuple[str, str, Json]]:
    """The operations without ``from``, which is always there and always empty."""
    assert all(list(operation) == ["op", "path", "from", "value"] for operation in operations)
    assert all(operation["from"] == "" for operation in operations)
    return [(operation["op"], operation["path"], operation["value"]) for operation in operations]


def test_vector_1_of_the_specification() -> None:
    source = {"a": 1, "b": [1, 2], "c": {"d": "x"}, "g": None}
    target = {"a": 2, "b": [1], "c": {"d": "x", "e/f~": 1}, "h": 5, "g": None}
    assert short(gen_patch(source, target)) == [
        ("test", "/a", 1),
        ("replace", "/a", 2),
        ("test", "/b", [1, 2]),
        ("replace", "/b", [1]),
        ("add", "/c/e~1f~0", 1),
        ("add", "/h", 5),
    ]


def test_vector_2_of_the_specification() -> None:
    assert gen_patch({"a": 1}, {"a": 1}) == []
    assert gen_patch({"a": 1}, {"a": 1}, paranoid=True) == [
        {"op": "test", "path": "", "from": "", "value": {"a": 1}}
    ]


def test_vector_3_of_the_specification() -> None:
    assert short(gen_patch({"a": None}, {"a": {"b": 1}})) == [
        ("test", "/a", None),
        ("replace", "/a", {"b": 1}),
    ]


def test_vector_4_of_the_specification() -> None:
    assert short(gen_patch({"a": 1}, {})) == [("test", "/a", 1), ("remove", "/a", None)]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, False, False),
        (True, "true", False),
        (None, False, False),
        (None, "", False),
        ([], {}, False),
        ([1, [True]], [1, [1]], False),
        ({"a": [1.0]}, {"a": [1]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ("1", 1, False),
    ],
)
def test_equality_is_that_of_json(one: Json, two: Json, same: bool) -> None:
    assert same_json(one, two) is same
    assert same_json(two, one) is same
    assert (gen_patch({"x": one}, {"x": two}) == []) is same


def test_paranoid_has_one_test_of_everything_and_no_other() -> None:
    source = {"a": 1, "b": {"c": 2, "gone": 3}}
    operations = gen_patch(source, {"a": 2, "b": {"c": 3, "new": 4}}, paranoid=True)
    assert short(operations) == [
        ("test", "", source),
        ("replace", "/a", 2),
        ("replace", "/b/c", 3),
        ("remove", "/b/gone", None),
        ("add", "/b/new", 4),
    ]


def test_paranoid_keeps_what_was_read_when_the_source_is_changed_later() -> None:
    source: dict[str, Json] = {"a": {"b": 1}}
    operations = gen_patch(source, {}, paranoid=True)
    source["a"]["b"] = 2
    assert operations[0]["value"] == {"a": {"b": 1}}


def test_a_null_member_is_not_a_missing_one() -> None:
    assert short(gen_patch({"a": None}, {})) == [("test", "/a", None), ("remove", "/a", None)]
    assert short(gen_patch({}, {"a": None})) == [("add", "/a", None)]


@pytest.mark.parametrize(
    ("name", "escaped"),
    [("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("~0", "~00"), ("~/", "~0~1"), ("", "")],
)
def test_pointers_are_escaped(name: str, escaped: str) -> None:
    assert escape(name) == escaped
    operations = gen_patch({name: 1}, {name: 2})
    assert [operation["path"] for operation in operations] == ["/" + escaped] * 2
    assert apply_patch({name: 1}, operations) == {name: 2}


@QUICK
@given(DOCUMENTS, DOCUMENTS, st.booleans())
def test_the_patch_leads_to_the_target(source: Json, target: Json, paranoid: bool) -> None:
    before = copy.deepcopy((source, target))
    operations = gen_patch(source, target, paranoid)
    assert same_json(jsonpatch.apply_patch(source, operations), target)
    assert same_json(apply_patch(source, operations), target)
    assert (source, target) == before


@QUICK
@given(DOCUMENTS, DOCUMENTS)
def test_every_change_is_guarded_by_a_test_of_the_same_path(source: Json, target: Json) -> None:
    operations = gen_patch(source, target)
    for number, operation in enumerate(operations):
        if operation["op"] in ("replace", "remove"):
            assert operations[number - 1]["op"] == "test"
            assert operations[number - 1]["path"] == operation["path"]


@QUICK
@given(DOCUMENTS, NAMES, SCALARS, SCALARS, SCALARS, st.booleans())
def test_a_changed_source_conflicts(
    rest: Json, name: str, mine: Json, old: Json, theirs: Json, removed: bool
) -> None:
    """Whoever changes a member that the patch changes or removes too makes the patch fail."""
    # jsonpatch compares as Python does, where True == 1
    assume(old not in (mine, theirs))
    target = {key: value for key, value in rest.items() if key != name}
    operations = gen_patch({**rest, name: old}, target if removed else {**rest, name: mine})
    with pytest.raises(UsageError, match="does not fit"):
        apply_patch({**rest, name: theirs}, operations)


@QUICK
@given(DOCUMENTS, DOCUMENTS, st.dictionaries(NAMES, SCALARS, min_size=1, max_size=2))
def test_paranoid_first_op_sees_any_change(source: Json, target: Json, foreign: Json) -> None:
    changed = {**source, **foreign}
    assume(changed != source)
    operations = gen_patch(source, target, paranoid=True)
    assert short(operations)[0] == ("test", "", source)
    with pytest.raises(UsageError):
        apply_patch(changed, operations)


@QUICK
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_a_patch_for_another_document_fails_as_our_error_or_applies(
    source: Json, target: Json, other: Json
) -> None:
    with contextlib.suppress(UsageError):
        apply_patch(other, gen_patch(source, target))


def test_the_patched_document_is_a_copy() -> None:
    document = {"a": {"b": [1]}}
    changed = apply_patch(document, gen_patch(document, {"a": {"b": [2]}}))
    assert document == {"a": {"b": [1]}}
    assert changed == {"a": {"b": [2]}}
