# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of objects, and what never is."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.show import (
    HIDDEN,
    difference,
    is_sealed,
    masked,
)

SEALED = {"Key": "top", "Nonce": "top", "Payload": "top"}
NESTS = st.recursive(
    st.just(SEALED),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "Key"]), inner, min_size=1, max_size=2)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("kind", "gone"),
    [("users", {"Secret", "PasswordHash"}), ("machines", {"Secret", "Profile"}), ("jobs", {"Token"})],
)
def test_secret_members_are_left_out(kind: str, gone: set[str]) -> None:
    item: dict[str, t.Any] = dict.fromkeys(gone, "top") | {"Name": "x"}
    assert masked(kind, item) == {"Name": "x"}


def test_nothing_is_shown_of_nothing() -> None:
    assert masked("machines", None) == {}


@given(NESTS)
def test_sealed_values_are_hidden_at_any_depth(value: t.Any) -> None:
    text = json.dumps(masked("machines", {"Params": {"p": value}}))
    assert "top" not in text
    assert HIDDEN in text


def test_only_the_exact_wire_form_is_sealed() -> None:
    assert is_sealed(SEALED)
    assert not is_sealed({**SEALED, "More": 1})
    assert not is_sealed({"Key": "x"})
    assert not is_sealed("Key")


def test_the_original_is_not_touched() -> None:
    item = {"Name": "x", "Params": {"p": SEALED}}
    masked("machines", item)
    assert item["Params"] == {"p": SEALED}


def test_difference_narrows_maps() -> None:
    before = {"Name": "x", "Params": {"a": 1, "b": 2, "c": {"d": 1, "e": 1}}, "Stage": "none"}
    after = {"Name": "x", "Params": {"a": 1, "b": 3, "c": {"d": 1, "e": 2}, "n": 0}, "Stage": "local"}
    assert difference("machines", before, after) == (
        {"Params": {"b": 2, "c": {"e": 1}}, "Stage": "none"},
        {"Params": {"b": 3, "c": {"e": 2}, "n": 0}, "Stage": "local"},
    )


def test_difference_with_nothing_shows_all_but_secrets() -> None:
    item = {"Name": "x", "Secret": "top"}
    assert difference("machines", None, item) == ({}, {"Name": "x"})
    assert difference("machines", item, None) == ({"Name": "x"}, {})


def test_difference_of_secrets_is_hidden() -> None:
    before = {"Name": "x", "Secret": "one", "Params": {"p": SEALED, "q": 1}}
    after = {"Name": "x", "Secret": "two", "Params": {"p": SEALED, "q": SEALED}}
    assert difference("machines", before, after) == ({"Params": {"q": 1}}, {"Params": {"q": HIDDEN}})


def test_difference_of_one_sealed_value_and_another() -> None:
    other = {**SEALED, "Nonce": "another"}
    sides = difference("machines", {"Params": {"p": SEALED}}, {"Params": {"p": other}})
    assert sides == ({"Params": {"p": HIDDEN}}, {"Params": {"p": "(hidden, another value)"}})
    sides = difference("machines", {"Params": {"p": {"Key": "plain"}}}, {"Params": {"p": other}})
    assert sides == ({"Params": {"p": {"Key": "plain"}}}, {"Params": {"p": HIDDEN}})
