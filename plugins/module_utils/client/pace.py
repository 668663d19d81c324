# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much of a large file is moved at once."""

from __future__ import annotations

import time

PIECE = 1 << 16
LARGE_PIECE = 1 << 19
"""For what moves fast: each handover of a piece to a thread takes as long as hashing another 32 KiB."""
_QUICK = 0.25
"""Seconds in which a piece has passed if the next one may be larger."""


class Pace:
    """Pieces grow as long as they pass quickly.

    On a slow line they stay small, so that progress is seen, time-outs mean what they say, and not much is
    lost when it breaks.
    """

    def __init__(self) -> None:
        self.size = PIECE
        """Bytes of the next piece."""
        self._began = time.monotonic()

    def begin(self) -> None:
        """A piece is about to pass."""
        self._began = time.monotonic()

    def passed(self) -> None:
        """It has."""
        quick = time.monotonic() - self._began < _QUICK
        self.size = min(2 * self.size, LARGE_PIECE) if quick else PIECE
