# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter words: every form of the specification, and every mistake that is found before sending."""

from __future__ import annotations

import urllib.parse

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import filters
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    CLIENT_ERROR,
    UsageError,
)


def test_vector_6_of_the_specification() -> None:
    words = "Name bEtWeen a z Name eq|m 1|reverse limit 2 sort Name slim Meta"
    pairs = filters.build_query(
        [word for part in words.split("|") for word in ([part] if part == "m 1" else part.split())]
    )
    assert urllib.parse.urlencode(sorted(pairs)) == (
        "Name=Between%28a%2Cz%29&Name=Eq%28m+1%29&limit=2&reverse=true&slim=Meta&sort=Name"
    )


@pytest.mark.parametrize("operator", ["Eq", "Lt", "Lte", "Gt", "Gte", "Ne"])
@pytest.mark.parametrize("change", [str, str.lower, str.upper, str.swapcase])
def test_operators_with_one_value(operator: str, change: type[str]) -> None:
    assert filters.build_query(["Name", change(operator), "x"]) == [("Name", f"{operator}(x)")]


@pytest.mark.parametrize("operator", ["Between", "Except"])
@pytest.mark.parametrize("change", [str, str.lower, str.upper])
def test_operators_with_two_values(operator: str, change: type[str]) -> None:
    assert filters.build_query(["Name", change(operator), "x", "y"]) == [("Name", f"{operator}(x,y)")]


@pytest.mark.parametrize("name", ["sort", "limit", "offset", "slim"])
def test_words_with_a_verbatim_value(name: str) -> None:
    assert filters.build_query([name, "not (checked)"]) == [(name, "not (checked)")]


def test_names_are_kept_as_they_are() -> None:
    words = ["Meta.color", "eq", "red", "my/param", "Ne", "x", "Reverse", "eq", "1"]
    assert filters.build_query(words) == [
        ("Meta.color", "Eq(red)"),
        ("my/param", "Ne(x)"),
        ("Reverse", "Eq(1)"),
    ]


def test_nothing_asks_for_everything() -> None:
    assert filters.build_query([]) == []


def test_repeated_names_and_their_order_are_kept() -> None:
    words = ["Name", "eq", "b", "sort", "Name", "Name", "eq", "a", "sort", "Address"]
    assert filters.build_query(words) == [
        ("Name", "Eq(b)"),
        ("sort", "Name"),
        ("Name", "Eq(a)"),
        ("sort", "Address"),
    ]


def test_a_value_may_be_empty_or_look_like_a_word() -> None:
    assert filters.build_query(["Stage", "eq", "", "Name", "eq", "sort", "reverse"]) == [
        ("Stage", "Eq()"),
        ("Name", "Eq(sort)"),
        ("reverse", "true"),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["sort"], "Invalid Filter: sort requires exactly one parameter"),
        (["limit"], "Invalid Filter: limit requires exactly one parameter"),
        (["Name", "eq", "x", "offset"], "Invalid Filter: offset requires exactly one parameter"),
        (["slim"], "Invalid Filter: slim requires exactly one parameter"),
        (["Name"], "Invalid Filter: Name requires an op and at least 1 parameter"),
        (["Name", "Eq"], "Invalid Filter: Name requires an op and at least 1 parameter"),
        (["Name", "Between", "a"], "Invalid Filter: Name op Between requires 2 parameters"),
        (["Name", "Except", "a"], "Invalid Filter: Name op Except requires 2 parameters"),
        (["Name", "Like", "a"], "Invalid Filter Name: unknown op Like"),
        (["Name", "In"], "Invalid Filter: Name requires an op and at least 1 parameter"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(words: list[str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        filters.build_query(words)
    assert caught.value.type == CLIENT_ERROR
    assert caught.value.code == 0
    assert caught.value.messages[0].startswith(told)


@pytest.mark.parametrize(
    "words",
    [
        ["Name", "eq", "a)b"],
        ["Name", "ne", ")"],
        ["Name", "between", "a,b", "c"],
        ["Name", "except", "a", "b)"],
    ],
)
def test_what_the_server_would_cut_is_refused(words: list[str]) -> None:
    with pytest.raises(UsageError, match="cannot compare"):
        filters.build_query(words)


def test_what_the_server_can_read_is_not_refused() -> None:
    assert filters.build_query(["Name", "eq", "a(b,c"]) == [("Name", "Eq(a(b,c)")]


def test_equality_from_python_values() -> None:
    assert filters.equals(Runnable=True, Available=False, CurrentTask=-1, Name="m 1") == [
        ("Runnable", "Eq(true)"),
        ("Available", "Eq(false)"),
        ("CurrentTask", "Eq(-1)"),
        ("Name", "Eq(m 1)"),
    ]


# -- what only a v4 server knows


def test_operators_of_v4() -> None:
    words = ["Name", "in", "a,b", "Stage", "NIN", "none", "Name", "re", "^a.*", "params", "x,y", "decode"]
    assert filters.build_query(words) == [
        ("Name", "In(a,b)"),
        ("Stage", "Nin(none)"),
        ("Name", "Re(^a.*)"),
        ("params", "x,y"),
        ("decode", "true"),
    ]


def test_what_needs_a_v4_server() -> None:
    old = ["Name", "eq", "In(a", "sort", "Re(a)", "Meta.In", "ne", "x", "slim", "params", "reverse"]
    assert list(filters.required_features(filters.build_query(old))) == []
    new = ["Name", "in", "a", "x/y", "re", "b", "params", "a", "decode"]
    found = list(filters.required_features(filters.build_query(new)))
    assert [what for what, _feature in found] == ["Name: In", "x/y: Re", "params", "decode"]
    assert {feature.flag for _what, feature in found} == {"regex-string-filters", "partial-objects"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"Name": {"In": ["a", "b"]}}, ["Name", "In", "a,b"]),
        ({"Name": {"in": "a,b"}}, ["Name", "in", "a,b"]),
        ({"Runnable": {"Nin": [True]}}, ["Runnable", "Nin", "true"]),
        ({"Name": {"Re": "^a"}}, ["Name", "Re", "^a"]),
    ],
)
def test_sets_and_expressions_in_a_map(wanted: dict[str, object], words: list[str]) -> None:
    assert filters.words_from_map(wanted) == words


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"Name": {"In": ["a,b", "c"]}}, "cannot look for a value with a comma"),
        ({"Name": {"In": []}}, "must be a string, number or boolean"),
        ({"Name": {"Re": ["a", "b"]}}, "Re takes 1 values"),
        ({"Name": {"Re": "^(a|b)$"}}, "cannot compare"),
        ({"decode": True}, "neither an index nor a param"),
        ({"params": "a"}, "neither an index nor a param"),
    ],
)
def test_mistakes_with_them(wanted: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        filters.words_from_map(wanted)
