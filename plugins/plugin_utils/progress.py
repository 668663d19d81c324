# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the progress lines of a task go: all to a terminal, to logs one at the start and one at the end."""

from __future__ import annotations

import time
import typing as t

PATIENCE = 5.0
"""A task that takes no longer, in seconds, is not worth a line in a log."""
_COLOR = "bright blue"


class ProgressDisplay:
    """Shows the progress lines of the task ``name``.

    Logs are what Ansible writes into its log file, and what it shows where there is no terminal.  That goes
    to the error output: programs read the other one.
    """

    def __init__(
        self, display: t.Any, name: str, in_terminal: bool, clock: t.Callable[[], float] = time.monotonic
    ) -> None:
        self._display = display
        self._name = name
        self._in_terminal = in_terminal
        self._clock = clock
        self._start = clock()
        self._logged = False

    def tell(self, text: str) -> None:
        """A progress line."""
        line = f"{self._name}: {text}"
        for_log = not self._logged and self._clock() - self._start >= PATIENCE
        self._logged = self._logged or for_log
        if self._in_terminal:
            self._display.display(line, color=_COLOR, screen_only=not for_log)
        elif for_log:
            self._display.display(line, stderr=True)

    def end(self, failed: bool) -> None:
        """The task is at its end."""
        if not self._logged:
            return
        line = f"{self._name}: {'failed' if failed else 'done'} after {self._clock() - self._start:.0f} s"
        if self._in_terminal:
            self._display.display(line, log_only=True)
        else:
            self._display.display(line, stderr=True)
