# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both tables of exit codes, and every position that a script can have."""

from __future__ import annotations

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.exit_codes import (
    Flags,
    flags_of,
    outcome_of,
    uses_sane_codes,
)

SANE = {
    0: "", 16: "stop", 32: "poweroff", 64: "reboot", 128: "incomplete", 144: "incomplete stop",
    160: "incomplete poweroff", 192: "incomplete reboot",
}  # fmt: skip
ORIGINAL = {0: "", 1: "reboot", 2: "incomplete", 3: "incomplete reboot"}
CODES = [*range(256), -9, -15]


def flags(words: str) -> Flags:
    return Flags(**dict.fromkeys(words.split(), True))


@pytest.mark.parametrize(("sane", "table"), [(True, SANE), (False, ORIGINAL)])
def test_tables(sane: bool, table: dict[int, str]) -> None:
    """Every code there is, and death by a signal."""
    meant = {code: flags_of(code, sane) for code in CODES}
    assert meant == {code: flags(table.get(code, "failed")) for code in CODES}


TABLE = [
    # flags, and what they mean: early, on the last action, early by the strict rules, on the last by these
    ("", "go on", "finished complete", "go on", "finished complete"),
    ("failed", "failed failed", "failed failed", "failed failed", "failed failed"),
    ("incomplete", "finished complete", "incomplete complete", "finished complete", "incomplete complete"),
    ("stop", "incomplete stop", "finished stop", "incomplete stop", "finished stop"),
    ("poweroff", "incomplete poweroff", "finished poweroff", "incomplete poweroff", "finished poweroff"),
    ("reboot", "incomplete reboot", "finished reboot", "incomplete reboot", "finished reboot"),
    ("incomplete stop", "incomplete stop", "incomplete stop", "finished stop", "finished stop"),
    ("incomplete poweroff", *["incomplete poweroff"] * 2, *["finished poweroff"] * 2),
    ("incomplete reboot", "incomplete reboot", "incomplete reboot", "finished reboot", "finished reboot"),
]


@pytest.mark.parametrize("position", range(4), ids=["early", "last", "early, strict", "last, strict"])
@pytest.mark.parametrize("row", TABLE, ids=[row[0] or "none" for row in TABLE])
def test_verdicts(row: tuple[str, ...], position: int) -> None:
    """Trap 9: what 128 and 16, 32, 64 mean is reversed on the last action."""
    action_outcome = outcome_of(flags(row[0]), final=bool(position % 2), strict=position > 1)
    wanted = row[1 + position]
    assert action_outcome.continues == (wanted == "go on")
    if not action_outcome.continues:
        assert f"{action_outcome.state} {action_outcome.exit_state}" == wanted
        assert action_outcome.flags.incomplete == (action_outcome.state == "incomplete")


def test_reboot_before_poweroff_before_stop() -> None:
    both = outcome_of(Flags(reboot=True, poweroff=True, stop=True), final=True)
    assert both.exit_state == "reboot"
    assert outcome_of(Flags(poweroff=True, stop=True), final=True).exit_state == "poweroff"


@pytest.mark.parametrize(
    ("feature_flags", "sane"),
    [
        ("sane-exit-codes", True),
        ("original-exit-codes", False),
        ("a, sane-exit-codes ,b", True),
        ("not-sane-exit-codes", False),
        ("", False),
        (None, False),
    ],
)
def test_which_table_a_task_uses(feature_flags: str | None, sane: bool) -> None:
    assert uses_sane_codes({"Meta": {"feature-flags": feature_flags}}) is sane
    assert uses_sane_codes({"Meta": None}) is False
    assert uses_sane_codes({}) is False
