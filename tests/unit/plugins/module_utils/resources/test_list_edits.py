# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding to a list of names and taking from it, without knowing the rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.list_edits import (
    AFTER,
    BEFORE,
    MODES,
    NEXT,
    ListEdit,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

names = st.lists(st.sampled_from(["a", "b", "c", "x", "y"]), max_size=6)


@pytest.mark.parametrize(
    ("mode", "anchor", "wanted", "result"),
    [
        ("set", None, ["x"], ["x"]),
        ("set", None, ["x", "x"], ["x", "x"]),
        ("append", None, ["x", "b", "y", "x"], ["a", "b", "c", "x", "y"]),
        ("prepend", None, ["x", "y"], ["x", "y", "a", "b", "c"]),
        ("remove", None, ["b", "z"], ["a", "c"]),
        ("before", "b", ["x", "y"], ["a", "x", "y", "b", "c"]),
        ("after", "b", ["x", "y"], ["a", "b", "x", "y", "c"]),
        ("after", "c", ["x"], ["a", "b", "c", "x"]),
        ("after", "gone", ["a"], ["a", "b", "c"]),
        ("next", None, ["x"], ["a", "x", "b", "c"]),
    ],
)
def test_edits(mode: str, anchor: str | None, wanted: list[str], result: list[str]) -> None:
    assert ListEdit("tasks", mode, anchor).apply(["a", "b", "c"], wanted, running=0) == result


@given(names, names, st.sampled_from([*MODES, NEXT]), st.integers(-1, 7))
def test_a_second_time_changes_nothing(there: list[str], wanted: list[str], mode: str, running: int) -> None:
    anchor = "q" if mode in (BEFORE, AFTER) else None
    edit = ListEdit("tasks", mode, anchor)
    once = edit.apply(["q", *there], wanted, running)
    assert edit.apply(once, wanted, running) == once
    if mode not in ("set", "remove"):
        assert [name for name in once if name in ("q", *there)] == ["q", *there]


@pytest.mark.parametrize(("mode", "anchor"), [("before", None), ("append", "a")])
def test_an_anchor_goes_with_its_modes(mode: str, anchor: str | None) -> None:
    with pytest.raises(UsageError, match="tasks_anchor: is required with tasks_mode: before or after"):
        ListEdit("tasks", mode, anchor)


def test_an_anchor_must_be_there() -> None:
    with pytest.raises(UsageError, match=r"tasks_anchor: z is not in the list \(a, b\)"):
        ListEdit("tasks", "before", "z").apply(["a", "b"], ["x"])


def test_a_new_machine_has_nothing_to_take_from() -> None:
    edits = {"Profiles": ListEdit("profiles", "append"), "Tasks": ListEdit("tasks", "remove")}
    wanted = Machine("machines", {"Name": "m", "Profiles": ["p"], "Tasks": ["t"]}, edits=edits)
    body = wanted.creation_body()
    assert (body["Profiles"], body["Tasks"]) == (["p"], [])
    there = {"Name": "m", "Profiles": ["q"], "Tasks": ["t", "u", "t"], "CurrentTask": 0}
    assert wanted.wanted_object(there) == {**there, "Profiles": ["q", "p"], "Tasks": ["u"]}
