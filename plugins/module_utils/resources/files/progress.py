# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Progress lines for the user at the terminal while many bytes are transferred."""

from __future__ import annotations

import time
import typing as t

INTERVAL = 1.0
"""Seconds between two lines; what takes less says nothing."""

_MIB = 1 << 20


class ProgressReporter:
    """Told of every piece, it says now and then how far ``what`` is: ``uploading x.iso: 412 of 1024 MiB``."""

    def __init__(
        self, on_progress: t.Callable[[str], None], what: str, clock: t.Callable[[], float] = time.monotonic
    ) -> None:
        self._on_progress = on_progress
        self._what = what
        self._clock = clock
        self._next = clock() + INTERVAL

    def __call__(self, done: int, total: int | None) -> None:
        now = self._clock()
        if now < self._next:
            return
        self._next = now + INTERVAL
        of = f" of {_mib(total)}" if total is not None else ""
        self._on_progress(f"{self._what}: {_mib(done)}{of} MiB")


def _mib(size: int) -> str:
    """Whole MiB, or tenths of small ones."""
    return f"{size / _MIB:.0f}" if size >= 10 * _MIB or not size else f"{size / _MIB:.1f}"
