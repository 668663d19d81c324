# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress lines: all of them in a terminal, in logs one at the start and one at the end."""

from __future__ import annotations

import typing as t

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.progress import ProgressDisplay


class Display:
    """Notes where lines go, as Ansible's Display decides."""

    def __init__(self) -> None:
        self.screen: list[str] = []
        self.errors: list[str] = []
        self.log: list[str] = []

    def display(self, msg: str, **how: t.Any) -> None:
        if not how.get("log_only"):
            (self.errors if how.get("stderr") else self.screen).append(msg)
        if not how.get("screen_only"):
            self.log.append(msg)


def played(in_terminal: bool, *moments: float, failed: bool = False) -> Display:
    """A task with a line at each of the moments, which ends with the last."""
    now, display = [0.0], Display()
    progress = ProgressDisplay(display, "Wait", in_terminal, lambda: now[0])
    for moment in moments:
        now[0] = moment
        progress.tell(f"{moment:g} of 9")
    progress.end(failed)
    return display


def test_a_terminal_shows_every_line_and_a_log_the_ends() -> None:
    display = played(True, 1, 5, 15, 35)
    assert display.screen == ["Wait: 1 of 9", "Wait: 5 of 9", "Wait: 15 of 9", "Wait: 35 of 9"]
    assert display.errors == []
    assert display.log == ["Wait: 5 of 9", "Wait: done after 35 s"]


def test_without_a_terminal_the_ends_go_to_the_error_output() -> None:
    display = played(False, 1, 5, 15, 35, failed=True)
    assert display.screen == []
    assert display.errors == display.log == ["Wait: 5 of 9", "Wait: failed after 35 s"]


def test_a_short_task_leaves_nothing_in_a_log() -> None:
    assert played(False, 1, 2, 3).errors == []
    assert played(True, 1, 2, 3).log == []
    assert played(False).log == []
