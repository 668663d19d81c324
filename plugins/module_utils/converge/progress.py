# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Progress lines for the user while a task works on many objects: soon at first, then ever more seldom."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
import time
import typing as t

FIRST, LONGEST = 5.0, 60.0
"""Seconds until the first line, and the most between two of them."""
_TICK = 0.5

Clock = t.Callable[[], float]
Tell = t.Callable[[str], None]
Value = t.TypeVar("Value")


def tell_nobody(text: str) -> None:
    """For who does not want to know."""
    del text


class Pace:
    """When the next line is due."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._pause = FIRST
        self._next = clock() + FIRST

    def is_due(self) -> bool:
        """Whether a line is due; if so, the next one is due later."""
        now = self._clock()
        if now < self._next:
            return False
        self._pause = min(2 * self._pause, LONGEST)
        self._next = now + self._pause
        return True


class CountProgress:
    """Tells how many of ``total`` objects are done, how fast, and which of those at work takes longest."""

    def __init__(self, tell: Tell, total: int, clock: Clock = time.monotonic) -> None:
        self._tell = tell
        self._total = total
        self._clock = clock
        self._pace = Pace(clock)
        self._start = clock()
        self._done = 0
        self._at_work: dict[object, tuple[float, str]] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def at_work(self, label: str) -> t.Iterator[None]:
        """Something is done with the object ``label`` meanwhile, in any thread."""
        mark = object()
        with self._lock:
            self._at_work[mark] = (self._clock(), label)
        try:
            yield
        finally:
            with self._lock:
                del self._at_work[mark]
                self._done += 1

    def tick(self) -> None:
        """Tell, if it is time to."""
        if self._pace.is_due():
            self._tell(self.line())

    def line(self) -> str:
        """One progress line: ``412 of 500 after 12 s, 34 per second, slowest: machine web-7 (2.1 s)``."""
        now = self._clock()
        with self._lock:
            done, slowest = self._done, min(self._at_work.values(), default=None, key=lambda work: work[0])
        passed = now - self._start
        rate = done / passed if passed else 0.0
        shown = f"{rate:.0f} per second" if rate >= 1 else f"{60 * rate:.0f} per minute"
        text = f"{done} of {self._total} after {passed:.0f} s, {shown}"
        return text + (f", slowest: {slowest[1]} ({now - slowest[0]:.1f} s)" if slowest else "")


def results_of(
    futures: t.Iterable[concurrent.futures.Future[Value]], tick: t.Callable[[], None]
) -> list[Value]:
    """The results of ``futures``, in their order; ``tick`` is called in this thread until they are there."""
    ordered = list(futures)
    waited = set(ordered)
    while waited:
        _done, waited = concurrent.futures.wait(waited, timeout=_TICK)
        tick()
    return [future.result() for future in ordered]
