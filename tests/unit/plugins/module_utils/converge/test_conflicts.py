# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes that meet those of other clients are tried again, each time after a longer pause."""

from __future__ import annotations

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import Conflict
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.conflicts import (
    MAX_CONFLICTS,
    pause_after,
    retry_on_conflict,
)


def failing(times: int) -> tuple[list[int], list[float]]:
    """The tries of a write that fails so often, and the pauses between them."""
    tries: list[int] = []
    pauses: list[float] = []

    def attempt() -> int:
        tries.append(len(tries) + 1)
        if len(tries) <= times:
            raise Conflict("another client was quicker", code=409)
        return len(tries)

    if times >= MAX_CONFLICTS:
        with pytest.raises(Conflict):
            retry_on_conflict(attempt, sleep=pauses.append)
    else:
        assert retry_on_conflict(attempt, sleep=pauses.append) == times + 1
    return tries, pauses


@pytest.mark.parametrize("times", [0, 1, 3, MAX_CONFLICTS - 1, MAX_CONFLICTS])
def test_a_pause_lies_between_two_tries(times: int) -> None:
    tries, pauses = failing(times)
    assert len(tries) == min(times + 1, MAX_CONFLICTS)
    assert len(pauses) == len(tries) - 1


def test_pauses_grow_up_to_half_a_second() -> None:
    _tries, pauses = failing(MAX_CONFLICTS)
    for number, pause in enumerate(pauses, 1):
        longest = min(0.01 * 2**number, 0.5)
        assert longest / 2 <= pause <= longest
    assert max(pause_after(100) for _ in range(50)) <= 0.5
