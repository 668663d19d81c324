# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``make wire`` makes of differences between the simulator and the recordings."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SPEC = importlib.util.spec_from_file_location("wire", Path(__file__).parents[1] / "tools" / "wire.py")
assert SPEC
assert SPEC.loader
wire = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(wire)

LISTED = """
| scenario | steps | reason |
|---|---|---|
| 31-templates | 4, 17 | messages of broken templates |
| 40-more | 2 | why not |
"""


def output(*steps: str) -> str:
    return (
        "".join(f"{step} (POST tasks):\n    /body: want 1, got 2\n" for step in steps)
        + "7 passed, 2 failed\n"
    )


def test_the_list_names_steps() -> None:
    assert wire.left_out(LISTED) == {("31-templates", 4), ("31-templates", 17), ("40-more", 2)}
    assert wire.left_out(wire.LIST.read_text(encoding="utf-8")) == set()


def test_listed_differences_are_fine_and_others_are_not() -> None:
    listed, replayed = wire.left_out(LISTED), ["31-templates"]
    assert wire.judge(output("31-templates step 4", "31-templates step 17"), listed, replayed) == []
    other = wire.judge(
        output("31-templates step 4", "31-templates step 17", "01-auth step 1"), listed, replayed
    )
    assert other == ["01-auth step 1 differs"]


def test_what_is_listed_must_differ() -> None:
    found = wire.judge(output("31-templates step 4"), wire.left_out(LISTED), ["31-templates"])
    assert found == ["31-templates step 17 is listed but does not differ"]


def test_what_breaks_off_is_a_difference() -> None:
    text = "08-jobs: broke off: KeyError: 'Uuid'\n09-render: 3 steps, want 7\n"
    assert wire.judge(text, set(), []) == text.splitlines()
