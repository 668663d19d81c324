# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Progress lines while a pack is sent, and while the server looks at what is in it."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from ...converge.progress import Clock, Pace, Tell, results_of

Value = t.TypeVar("Value")
_KIB = 1 << 10


class UploadProgress:
    """How far the upload of ``what`` is: ``content pack x: 812 of 4096 KiB sent after 5 s``."""

    def __init__(self, tell: Tell, what: str, clock: Clock = time.monotonic) -> None:
        self._tell = tell
        self._what = what
        self._clock = clock
        self._pace = Pace(clock)
        self._start = clock()
        self._sent, self._total = 0, 0

    def on_sent(self, sent: int, total: int | None) -> None:
        """Takes what is sent by now, from any thread."""
        self._sent, self._total = sent, total or 0

    def tick(self) -> None:
        """Tell, if it is time to."""
        if self._pace.is_due():
            self._tell(self.line())

    def line(self) -> str:
        passed, sent, total = self._clock() - self._start, self._sent, self._total
        if total and sent >= total:
            return f"{self._what}: sent ({_kib(total)} KiB), the server checks it; {passed:.0f} s so far"
        return f"{self._what}: {_kib(sent)} of {_kib(total)} KiB sent after {passed:.0f} s"

    def follow(self, upload: t.Callable[[], Value]) -> Value:
        """The result of ``upload``, which runs in another thread meanwhile."""
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            (result,) = results_of([pool.submit(upload)], self.tick)
        return result


def _kib(size: int) -> int:
    return -(-size // _KIB)
