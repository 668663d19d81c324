# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of packs, and the ranges in which prerequisites name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.content.versions import (
    parse,
    satisfies,
)


def test_order() -> None:
    rising = [
        "v1",
        "1.0.1-alpha",
        "1.0.1-alpha.1",
        "1.0.1-alpha.2",
        "1.0.1-alpha.10",
        "1.0.1-alpha.x",
        "1.0.1-beta",
    ]
    rising += ["v1.0.1", "1.2", "1.10.0", "2.0.0-alpha00.1+5.g1a2b", "v2.0.0+x"]
    assert [parse(text) for text in rising] == sorted(parse(text) for text in reversed(rising))
    assert len({parse(text) for text in rising}) == len(rising)
    assert parse("v4.2") == parse("4.2.0") == parse(" v4.2.0+build.7 ")


@pytest.mark.parametrize(
    ("version", "wanted", "held"),
    [
        ("v4.2.0", ">=4.0.0", True),
        ("v4.2.0", ">= v4.2.0", True),
        ("v4.2.0", ">4.2.0", False),
        ("v4.2.0", ">=4.0.0 <4.2.0", False),
        ("v4.2.0", ">=4.0.0 <4.2.0 || 4.2.x", True),
        ("v4.2.0", "4.2.0", True),
        ("v4.2.0", "=4.2.1", False),
        ("v4.2.0", "!=4.2.1", True),
        ("v4.2.0", "!4.2.0", False),
        ("v4.2.0", "<=4.2", True),
        ("v4.2.0", "4.x", True),
        ("v4.2.0", "*", True),
        ("v4.2.0", "3.x.x", False),
        ("v4.2.0-alpha1", ">=4.2.0", False),
        ("v4.2.0-alpha1", ">=4.1.0", True),
    ],
)
def test_ranges(version: str, wanted: str, held: bool) -> None:
    assert satisfies(version, wanted) is held


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("", ">=1"),
        ("Unspecified", ">=1"),
        ("1.0", "newest"),
        ("1.0", ">="),
        ("1.0", ">=1 or so"),
        ("1.0", " "),
    ],
)
def test_what_is_not_understood(version: str, wanted: str) -> None:
    with pytest.raises(ValueError):
        satisfies(version, wanted)


@given(*[st.tuples(*[st.integers(0, 20)] * 3)] * 2)
def test_numbers_compare_as_numbers(one: tuple[int, ...], two: tuple[int, ...]) -> None:
    left, right = (".".join(map(str, numbers)) for numbers in (one, two))
    assert satisfies(left, f">={right}") == (one >= two)
    assert satisfies(left, f"<{right}") == (one < two)
    assert satisfies(left, right) == (one == two)
