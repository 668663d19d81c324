# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What to do while the server is away: which failures pass, and how long to wait between two tries."""

from __future__ import annotations

import random
import time
import typing as t

from ..client.errors import ApiError, ConnectionFailed, DrpError, LoginRequired, UnreadableAnswer

Result = t.TypeVar("Result")

_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class Stopped(Exception):
    """The agent is to end; what was being waited for is left for its next start."""


def may_pass(error: DrpError) -> bool:
    """Whether trying again later can help: the server is away or busy, or a new token may come."""
    if isinstance(error, (ConnectionFailed, LoginRequired, UnreadableAnswer)):
        return True
    return isinstance(error, ApiError) and error.code in _PASSING


class Pulse:
    """Sleeping that notices the end: everything that waits long does so in slices of this.

    ``beat`` is called at each slice, for whoever watches whether the agent is alive.
    """

    SLICE = 0.25
    FAREWELL = 15.0
    """Seconds that what has to reach the server may still take once the agent is to end."""

    def __init__(self, beat: t.Callable[[], None] = lambda: None) -> None:
        self.stopping = False
        """Whether the agent is to end.  A plain flag, so that a signal handler may set it at any moment."""
        self.beat = beat
        self._must_end_at = 0.0

    @property
    def must_end(self) -> bool:
        """Whether the time for farewells is over as well."""
        if not self.stopping:
            return False
        self._must_end_at = self._must_end_at or time.monotonic() + self.FAREWELL
        return time.monotonic() >= self._must_end_at

    def sleep(self, seconds: float) -> None:
        """Sleep; shorter when the agent is to end."""
        deadline = time.monotonic() + seconds
        self.beat()
        while not self.stopping:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, self.SLICE))
            self.beat()


class Backoff:
    """Seconds before the next try: doubled each time up to ``longest``, and never the same for everybody."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._next = first

    def next(self) -> float:
        delay = min(self._next, self._longest)
        self._next = min(2 * self._next, self._longest)
        return delay * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._next = self._first


def patiently(
    work: t.Callable[[], Result],
    pulse: Pulse,
    backoff: Backoff,
    limit: float | None = None,
    told: t.Callable[[DrpError], None] = lambda _error: None,
) -> Result:
    """The result of ``work``, tried again while its failures may pass and ``limit`` seconds are not over.

    ``told`` hears of each failure.  Raises Stopped when the agent must end meanwhile, else what ``work``
    raised last.
    """
    deadline = None if limit is None else time.monotonic() + limit
    while True:
        try:
            return work()
        except DrpError as error:
            if not may_pass(error) or (deadline is not None and time.monotonic() >= deadline):
                raise
            told(error)
        if pulse.stopping:
            time.sleep(pulse.SLICE)
        else:
            pulse.sleep(backoff.next())
        if pulse.must_end:
            raise Stopped
