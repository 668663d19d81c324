# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What to do while the server is away: which failures pass, and how long to wait between two tries."""

from __future__ import annotations

import _thread
import contextlib
import random
import threading
import time
import typing as t

from ..client.errors import (
    ApiError,
    ConnectionFailed,
    DrpError,
    LoginRequired,
    TokenRevoked,
    UnreadableAnswer,
)

Result = t.TypeVar("Result")

LONGEST_PAUSE = 30.0
"""Seconds; an agent without work wakes up twice a minute for nothing."""
_TRANSIENT_CODES = frozenset({408, 429, 500, 502, 503, 504})


class Stopped(Exception):
    """The agent is to end; what was being waited for is left for its next start."""


def is_transient(error: DrpError) -> bool:
    """Whether trying again later can help: the server is away or busy, or a new token may come."""
    if isinstance(error, (ConnectionFailed, LoginRequired, TokenRevoked, UnreadableAnswer)):
        return True
    return isinstance(error, ApiError) and error.code in _TRANSIENT_CODES


class StopSignal:
    """Sleeping that notices the end.

    Who waits for a process or a server does so in slices of ``POLL_INTERVAL``.  An agent that has nothing to
    do sleeps for ``longest_pause`` at a time, and is woken.  ``heartbeat`` is called after each slice and
    each pause, for whoever watches whether the agent is alive.
    """

    POLL_INTERVAL = 0.25
    GRACE_PERIOD = 15.0
    """Seconds that what has to reach the server may still take once the agent is to end."""

    def __init__(
        self, heartbeat: t.Callable[[], None] = lambda: None, longest_pause: float = LONGEST_PAUSE
    ) -> None:
        self.requested = False
        """Whether the agent is to end."""
        self.heartbeat = heartbeat
        self.longest_pause = longest_pause
        """Seconds."""
        self.wakers: list[t.Callable[[], None]] = []
        """What wakes those that sleep on something else than :meth:`sleep`."""
        self._grace_period_end = 0.0
        self._changed = threading.Condition()

    def request(self) -> None:
        """The agent is to end.  May be called by a signal handler, whatever the code under it holds."""
        self.requested = True
        # its lock may be held by the very code that the handler has interrupted; this call takes none
        with contextlib.suppress(RuntimeError):
            _thread.start_new_thread(self._wake, ())

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for wake in list(self.wakers):
            wake()

    @property
    def grace_period_over(self) -> bool:
        """Whether the time for farewells is over as well."""
        if not self.requested:
            return False
        self._grace_period_end = self._grace_period_end or time.monotonic() + self.GRACE_PERIOD
        return time.monotonic() >= self._grace_period_end

    def sleep(self, seconds: float) -> None:
        """Sleep; shorter when the agent is to end."""
        deadline = time.monotonic() + seconds
        self.heartbeat()
        while not self.requested:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            with self._changed:
                if not self.requested:
                    self._changed.wait(min(left, self.longest_pause))
            self.heartbeat()


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


def retry_until(
    operation: t.Callable[[], Result],
    stop_signal: StopSignal,
    backoff: Backoff,
    limit: float | None = None,
    on_error: t.Callable[[DrpError], None] = lambda _error: None,
) -> Result:
    """The result of ``operation``, retried while its failures are transient, for at most ``limit`` seconds.

    ``on_error`` gets each failure.  Raises Stopped when the agent must end meanwhile, else what
    ``operation`` raised last.
    """
    deadline = None if limit is None else time.monotonic() + limit
    while True:
        try:
            return operation()
        except DrpError as error:
            if not is_transient(error) or (deadline is not None and time.monotonic() >= deadline):
                raise
            on_error(error)
        if stop_signal.requested:
            time.sleep(stop_signal.POLL_INTERVAL)
        else:
            stop_signal.sleep(backoff.next())
        if stop_signal.grace_period_over:
            raise Stopped
