# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about objects: every operator on every JSON type, paths, and the words for yes and no."""

from __future__ import annotations

import math
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import (
    MISSING,
    OPERATORS,
    Changed,
    Compare,
    Condition,
    and_items,
    equal_item,
    find,
    not_item,
    or_items,
)

MACHINE = {
    "Name": "node-1",
    "Runnable": True,
    "CurrentTask": 2,
    "Tasks": ["a", "b", "a"],
    "OS": {"Name": "debian-12"},
    "Params": {"a.b": 1, "c/d": {"~": "tilde"}, "null": None, "pi": 3.5},
    "Address": "",
}
ONE_OF_EACH = [None, True, False, 0, 1, -1, 1.0, 2.5, "", "1", "true", "b", [], [1], {}, {"a": 1}]


def compare(operator: str, wanted: t.Any, value: t.Any = MISSING) -> bool:
    return Compare("x", operator, wanted)({} if value is MISSING else {"x": value})


# -- paths


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Name", "node-1"),
        ("OS.Name", "debian-12"),
        ("/OS/Name", "debian-12"),
        ("Tasks.0", "a"),
        ("Tasks.-2", "b"),
        ("/Tasks/2", "a"),
        ("Tasks.3", MISSING),
        ("Tasks.-4", MISSING),
        ("Tasks.first", MISSING),
        ("Tasks.--1", MISSING),
        ("Tasks.-", MISSING),
        ("Tasks.²", MISSING),
        ("Tasks.1.0", MISSING),
        ("Tasks." + "9" * 5000, MISSING),
        ("Params.a.b", MISSING),
        ("/Params/a.b", 1),
        ("Params.c/d.~", "tilde"),
        ("/Params/c~1d/~0", "tilde"),
        ("Params.null", None),
        ("Params.null.deeper", MISSING),
        ("Params.pi", 3.5),
        ("Address", ""),
        ("Address.0", MISSING),
        ("name", MISSING),
        ("OS.", MISSING),
    ],
)
def test_where_a_path_leads(path: str, value: t.Any) -> None:
    found = find(MACHINE, path)
    assert found is value if value is MISSING else found == value


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
names = st.text(min_size=1)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4)
)


def leaves(value: t.Any) -> t.Iterator[tuple[list[str], t.Any]]:
    """All places in a document, with what is there: a plain model of what find() is to find."""
    yield [], value
    items: t.Iterable[tuple[t.Any, t.Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, inner in items:
        for steps, leaf in leaves(inner):
            yield [str(name), *steps], leaf


@given(st.dictionaries(names, documents, max_size=4))
def test_every_place_is_found_by_its_pointer(document: dict[str, t.Any]) -> None:
    for steps, value in leaves(document):
        if steps:
            escaped = [step.replace("~", "~0").replace("/", "~1") for step in steps]
            assert find(document, "/" + "/".join(escaped)) is value
            dotted = ".".join(steps)
            if not dotted.startswith("/") and all(step and "." not in step for step in steps):
                assert find(document, dotted) is value


@given(documents, st.text())
def test_no_path_breaks_find(document: t.Any, path: str) -> None:
    find(document, path)


# -- operators


@pytest.mark.parametrize("wanted", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("seen", ONE_OF_EACH, ids=repr)
def test_equality_is_that_of_json(seen: t.Any, wanted: t.Any) -> None:
    def normal(value: t.Any) -> str:
        """1 and 1.0 are one number; a boolean is none; text is text."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return f"number {float(value)}"
        return f"{type(value).__name__} {value!r}"

    same = normal(seen) == normal(wanted)
    assert compare("equals", wanted, seen) is same
    assert compare("not_equals", wanted, seen) is not same
    assert compare("in", [wanted], seen) is same
    assert compare("contains", wanted, [[], "else", seen]) is (same or wanted in ([], "else"))
    assert equal_item("x", wanted)({"x": seen}) is same


def test_deep_equality() -> None:
    seen = {"a": [1, {"b": True}], "c": None}
    assert compare("equals", {"c": None, "a": [1.0, {"b": True}]}, seen)
    for other in (
        {"a": [1, {"b": 1}], "c": None},
        {"a": [{"b": True}, 1], "c": None},
        {"a": [1, {"b": True}]},
    ):
        assert not compare("equals", other, seen)


OF_MISSING = [
    ("equals", None, False),
    ("not_equals", None, True),
    ("not_equals", 5, True),
    ("in", [None], False),
    ("matches", ".*", False),
    ("contains", None, False),
    ("gt", -1, False),
    ("gte", "", False),
    ("lt", 99, False),
    ("lte", "z", False),
    ("exists", True, False),
    ("exists", False, True),
]


@pytest.mark.parametrize(("operator", "wanted", "answer"), OF_MISSING)
def test_a_missing_value(operator: str, wanted: t.Any, answer: bool) -> None:
    assert compare(operator, wanted) is answer


def test_every_operator_is_asked_about_a_missing_value() -> None:
    assert {operator for operator, _wanted, _answer in OF_MISSING} == set(OPERATORS)


@pytest.mark.parametrize("value", ONE_OF_EACH, ids=repr)
def test_existence_is_any_value_but_null(value: t.Any) -> None:
    assert compare("exists", True, value) is (value is not None)
    assert compare("exists", False, value) is (value is None)


@pytest.mark.parametrize(
    ("expression", "seen", "answer"),
    [
        ("^deb", "debian", True),
        ("bian", "debian", True),
        ("^bian", "debian", False),
        ("(?i)DEB", "debian", True),
        ("", "", True),
        ("5", 5, False),
        ("True", True, False),
        ("a", ["a"], False),
        ("a", {"a": 1}, False),
        (".*", None, False),
    ],
)
def test_matches_looks_anywhere_in_texts_only(expression: str, seen: t.Any, answer: bool) -> None:
    assert compare("matches", expression, seen) is answer


@pytest.mark.parametrize(
    ("wanted", "seen", "answer"),
    [
        ("a", {"a": 1}, True),
        ("b", {"a": "b"}, False),
        ({"a": 1}, [{"a": 1.0}], True),
        (True, [1], False),
        (1, [True], False),
        (None, [None], True),
        (None, [], False),
        ("a", "abc", False),
        (1, 1, False),
    ],
)
def test_contains(wanted: t.Any, seen: t.Any, answer: bool) -> None:
    assert compare("contains", wanted, seen) is answer


ORDERS: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "gt": lambda seen, wanted: seen > wanted,
    "gte": lambda seen, wanted: seen >= wanted,
    "lt": lambda seen, wanted: seen < wanted,
    "lte": lambda seen, wanted: seen <= wanted,
}
numbers = st.integers() | st.floats(allow_nan=False)


@given(st.sampled_from(sorted(ORDERS)), st.tuples(numbers, numbers) | st.tuples(st.text(), st.text()))
def test_order_of_numbers_and_of_texts(operator: str, pair: tuple[t.Any, t.Any]) -> None:
    seen, wanted = pair
    assert compare(operator, wanted, seen) is ORDERS[operator](seen, wanted)


@pytest.mark.parametrize("operator", sorted(ORDERS))
@pytest.mark.parametrize("wanted", [1, "1"])
@pytest.mark.parametrize("seen", [None, True, False, [], [1], {}, {"1": 1}], ids=repr)
def test_other_types_have_no_order(operator: str, wanted: t.Any, seen: t.Any) -> None:
    assert not compare(operator, wanted, seen)


@pytest.mark.parametrize("operator", sorted(ORDERS))
def test_numbers_and_texts_are_not_compared_with_each_other(operator: str) -> None:
    assert not compare(operator, 3, "3")
    assert not compare(operator, "3", 3)
    assert not compare(operator, math.nan, 3)


def test_times_in_utc_are_ordered_as_texts() -> None:
    assert compare("gt", "2026-03-01T00:00:00Z", "2026-11-25T02:00:00.5Z")


@pytest.mark.parametrize(
    ("path", "operator", "wanted", "told"),
    [
        ("x", "is", 1, "unknown operator is (known: equals, not_equals, in,"),
        ("", "equals", 1, "path: must name a member"),
        ("/", "equals", 1, "path: must name a member"),
        (".", "equals", 1, "path: must name a member"),
        ("x", "in", [], "x: in must be a list of values"),
        ("x", "in", "abc", "x: in must be a list of values"),
        ("x", "matches", "(", "x: matches must be a regular expression: missing ), unterminated subpattern"),
        ("x", "matches", 5, "x: matches must be a regular expression"),
        ("x", "gt", True, "x: gt must be a number or a string, not True"),
        ("x", "lte", None, "x: lte must be a number or a string, not None"),
        ("x", "gte", [1], "x: gte must be a number or a string, not [1]"),
        ("x", "exists", "yes", "x: exists must be true or false"),
    ],
)
def test_conditions_that_make_no_sense(path: str, operator: str, wanted: t.Any, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        Compare(path, operator, wanted)
    assert caught.value.messages[0].startswith(told)


# -- changed


@pytest.mark.parametrize(
    ("first", "later", "answer"),
    [
        ({"x": 1}, {"x": 2}, True),
        ({"x": 1}, {"x": 1.0}, False),
        ({"x": 1}, {"x": True}, True),
        ({"x": [1]}, {"x": [1]}, False),
        ({"x": None}, {"x": None}, False),
        ({"x": None}, {}, True),
        ({}, {"x": None}, True),
        ({}, {}, False),
    ],
)
def test_changed(first: dict[str, t.Any], later: dict[str, t.Any], answer: bool) -> None:
    test = Changed("x")
    assert test(first) is False
    assert test(later) is answer
    assert test(first) is False, "it is compared with the first value, whatever came in between"


# -- the reference's four functions, api.md 9.2 and vector 21


def test_the_reference_test_functions() -> None:
    yes, no = equal_item("Runnable", True), equal_item("Runnable", False)
    assert yes(MACHINE)
    assert not no(MACHINE)
    assert not equal_item("Runnable", "true")(MACHINE)
    assert equal_item("CurrentTask", 2.0)(MACHINE)
    assert equal_item("Tasks", ["a", "b", "a"])(MACHINE)
    assert not equal_item("Tasks", ["b", "a", "a"])(MACHINE)
    assert not equal_item("OS.Name", "debian-12")(MACHINE), "no dotted paths"
    assert equal_item("OS.Name", 1)({"OS.Name": 1}), "top-level members, named exactly"
    assert not equal_item("absent", None)(MACHINE)
    assert and_items()(MACHINE)
    assert not or_items()(MACHINE)
    assert and_items(yes, yes)(MACHINE)
    assert not and_items(yes, no)(MACHINE)
    assert or_items(no, yes)(MACHINE)
    assert not or_items(no, no)(MACHINE)
    assert not_item(no)(MACHINE)
    assert not not_item(yes)(MACHINE)


@pytest.mark.parametrize(("group", "others"), [(and_items, [False]), (or_items, [True])])
def test_what_remembers_is_asked_even_when_the_answer_is_known(
    group: t.Callable[..., Condition], others: list[bool]
) -> None:
    changed = Changed("x")
    test = group(*(equal_item("y", other) for other in others), changed)
    test({"x": 1, "y": True})
    assert changed({"x": 2})


tree = st.recursive(
    st.sampled_from([equal_item("a", 1), equal_item("b", 1)]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda tests: and_items(*tests))
        | st.lists(inner, max_size=3).map(lambda tests: or_items(*tests))
        | inner.map(not_item)
    ),
)


@given(tree, st.dictionaries(st.sampled_from("ab"), st.integers(0, 2)))
def test_there_is_a_text_for_every_answer(test: Condition, item: dict[str, int]) -> None:
    assert isinstance(test.why_met(item) if test(item) else test.why_unmet(item), str)
    assert not_item(test)(item) is not test(item)


# -- in words


@pytest.mark.parametrize(
    ("operator", "wanted", "told"),
    [
        ("equals", "b", "x is 'a', wanted: 'b'"),
        ("not_equals", "a", "x is 'a', wanted: not equals 'a'"),
        ("in", ["b", 1], "x is 'a', wanted: one of ['b', 1]"),
        ("matches", "^b", "x is 'a', wanted: matches '^b'"),
        ("gt", "b", "x is 'a', wanted: gt 'b'"),
        ("exists", False, "x is 'a', wanted: none"),
    ],
)
def test_why_not(operator: str, wanted: t.Any, told: str) -> None:
    assert Compare("x", operator, wanted).why_unmet({"x": "a"}) == told


def test_words() -> None:
    assert Compare("x", "exists", True).why_unmet({}) == "x is missing, wanted: a value"
    assert Compare("OS.Name", "equals", "b").why_met(MACHINE) == "OS.Name is 'debian-12'"
    changed = Changed("x")
    changed({"x": 1})
    assert changed.why_unmet({"x": 1}) == "x is still 1"
    assert changed.why_met({"x": 2}) == "x has become 2"
    a, b = equal_item("a", 1), equal_item("b", 1)
    assert and_items(a, b).why_unmet({"a": 1, "b": 2}) == "b is 2, wanted: 1"
    assert and_items(a, b).why_met({"a": 1, "b": 1}) == "a is 1; b is 1"
    assert or_items(a, b).why_unmet({}) == "a is missing, wanted: 1; and b is missing, wanted: 1"
    assert or_items(a, b).why_met({"b": 1}) == "b is 1"
    assert not_item(a).why_unmet({"a": 1}) == "a is 1, which is not wanted"
    assert not_item(a).why_met({"a": 2}) == "a is 2, wanted: 1"


def test_long_values_are_cut() -> None:
    told = Compare("x", "equals", ["y"] * 500).why_unmet({"x": "z" * 500})
    assert re.fullmatch(r"x is 'z{76}\.\.\., wanted: \['y', .{70,75}\.\.\.", told)


@pytest.mark.parametrize("path", ["Params.pin", "Params"])
@pytest.mark.parametrize("operator", ["equals", "in", "matches", "contains"])
def test_what_is_compared_with_a_hidden_value_is_not_told(path: str, operator: str) -> None:
    wanted: t.Any = {"equals": {"pin": "planted"}, "in": ["planted"]}.get(operator, "planted")
    told = Compare(path, operator, wanted).why_unmet({"Params": {"pin": "(hidden)"}})
    assert "planted" not in told
    assert "(hidden)" in told
