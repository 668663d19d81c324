# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long tests wait.  A clock decides no test: what has to happen is waited for until it does.

Only what hangs, or never happens, reaches these limits, so they are generous.  A machine that needs longer
all the same sets ``TEST_SLOWNESS``, a factor.
"""

from __future__ import annotations

import os
import time
import typing as t

SLOWNESS = float(os.environ.get("TEST_SLOWNESS") or 1)
LIMIT = 300.0 * SLOWNESS
"""Seconds for one thing: a process to end, a condition to become true."""
TEST_LIMIT = 4 * LIMIT
"""Seconds for one test with its fixtures."""
NEVER = 20 * LIMIT
"""Seconds; for timers of the code under test that a test must not reach: it fails before that."""


def eventually(condition: t.Callable[[], t.Any], what: str = "it", pause: float = 0.01) -> t.Any:
    """The first true value of ``condition``; AssertionError when there is none within the limit."""
    deadline = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {LIMIT:.0f} s"
        time.sleep(pause)
    return found
