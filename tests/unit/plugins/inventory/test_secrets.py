# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What never leaves the answer of the server."""

from __future__ import annotations

import typing as t

import pytest
from unit.plugins.inventory.lab import SEALED

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.secrets import (
    Patterns,
    remove_secrets,
)


@pytest.mark.parametrize(
    ("pattern", "name", "matched"),
    [
        ("*password*", "ipmi/Password-old", True),
        ("*PASSWORD", "ipmi/password", True),
        ("rackn/license*", "rackn/license-object", True),
        ("password", "ipmi/password", False),
        ("pass?", "pass1", True),
    ],
)
def test_patterns(pattern: str, name: str, matched: bool) -> None:
    patterns = Patterns([pattern])
    assert patterns.match(name) is matched
    assert patterns.match(name) is matched  # remembered


def test_no_patterns_match_nothing() -> None:
    assert not Patterns([])
    assert not Patterns([]).match("x")


def test_removed_in_place() -> None:
    items: list[dict[str, t.Any]] = [
        {"Secret": "s", "Profile": {"Params": {}}, "Params": {"a": 1, "pw": 2, "pin": SEALED}, "Name": "x"},
        {"Params": {"pw": 3, "b": {"Key": 1}}},
        {"Params": None},
        {"Name": "y"},
    ]
    remove_secrets(items, Patterns(["pw"]))
    assert items == [
        {"Params": {"a": 1}, "Name": "x"},
        {"Params": {"b": {"Key": 1}}},
        {"Params": {}},
        {"Name": "y", "Params": {}},
    ]
