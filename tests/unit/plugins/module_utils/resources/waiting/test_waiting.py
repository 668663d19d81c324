# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many are enough, and how often somebody in front of a terminal is told how far it is."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import (
    equal_item,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import Waiter, Watch
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.progress import Pace
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import Task
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting import waiting


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 100))
def test_a_share_is_rounded_up(total: int, gone: int, percent: int) -> None:
    """Of all that are named, those among them that were gone already counted in."""
    required_count = waiting._required_count({"percent": percent}, total, gone)
    assert required_count is not None
    assert 0 <= required_count <= total
    assert 100 * (required_count + gone) >= percent * (total + gone)
    if required_count:
        assert 100 * (required_count + gone - 1) < percent * (total + gone)


def test_a_count() -> None:
    assert waiting._required_count({}, 5, 0) is None
    assert waiting._required_count({"count": 3}, 5, 0) == 3
    assert waiting._required_count({"count": 3}, 1, 4) == 0
    assert waiting._required_count({"count": 9, "filters": {}}, 5, 0) == 9
    with pytest.raises(UsageError, match="count: 6 is more than the 5 objects that are named"):
        waiting._required_count({"count": 6}, 3, 2)


def test_times() -> None:
    waiting.check_times({"timeout": 0, "stable_for": float("inf")}, "timeout", "stable_for")
    for value in (-1.0, float("nan"), -0.001):
        with pytest.raises(UsageError, match="stable_for: must be a number of seconds, 0 or more"):
            waiting.check_times({"timeout": 0, "stable_for": value}, "timeout", "stable_for")


def test_progress_is_told_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(waiting, "Pace", lambda: Pace(lambda: now[0]))
    told: list[tuple[float, str]] = []
    task = Task({}, False, t.cast(t.Any, None), lambda text: told.append((now[0], text)))
    one = Watch("profiles", "p", equal_item("x", 1), item={"Name": "p", "x": 0})
    waiter = Waiter(t.cast(t.Any, None), [one], 3600)
    progress = waiting.WaitProgress(task)
    for second in range(400):
        now[0] = float(second)
        progress.on_tick(waiter)
    assert [moment for moment, _text in told] == [5, 15, 35, 75, 135, 195, 255, 315, 375]
    assert all("slowest: p (x is 0, wanted: 1)" in text for _moment, text in told)
