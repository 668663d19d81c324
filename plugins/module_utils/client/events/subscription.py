# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What one listener of an event stream holds: patterns, and a bounded queue that reports dropped events."""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
import typing as t

from ..errors import DrpError, UsageError

_MAX_FRAME_BYTES = 512
_PATTERN_PARTS = ("type", "action", "key")


class Gap(DrpError):
    """Events may be missing before this point: read the state of what you care about."""


@dataclasses.dataclass(frozen=True)
class ReceivedEvent:
    """An event (``Time Type Action Key Principal Object``), or in its place what went wrong.

    ``error`` is a :class:`Gap` while the stream goes on, and any other error when it has ended.
    """

    event: dict[str, t.Any]
    error: DrpError | None = None


RecievedEvent = ReceivedEvent
"""The name in the spelling of the Go client."""


class Subscription:
    """The events of one handle, in the order of their arrival.

    The queue holds ``size`` events.  When the reader is too slow, further ones are dropped and a
    :class:`Gap` that counts them takes their place.
    """

    def __init__(self, handle: int, size: int) -> None:
        self.handle = handle
        self.patterns: set[str] = set()
        self._size = size
        self._queue: collections.deque[ReceivedEvent | None] = collections.deque()
        self._dropped = 0
        """How many events the None in the queue stands for."""
        self._ended = False
        self._woken = False
        self._changed = threading.Condition()

    def get(self, timeout: float | None = None) -> ReceivedEvent | None:
        """The next event; None without one within ``timeout`` seconds, when woken, and after the end."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._queue and not self._ended and not self._woken:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            if not self._queue:
                self._woken = False
                return None
            received = self._queue.popleft()
            if received is None:
                received = ReceivedEvent({}, Gap(f"{self._dropped} events came faster than they were read"))
                self._dropped = 0
            return received

    def wake(self) -> None:
        """Have a :meth:`get` that waits, or the next one that would, return without an event."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def __iter__(self) -> t.Iterator[ReceivedEvent]:
        """All events until the subscription ends."""
        while True:
            received = self.get()
            if received is None:
                return
            yield received

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more, apart from what is still in the queue."""
        return self._ended

    # -- for the stream

    def matches(self, triple: tuple[str, str, str]) -> bool:
        return any(_matches(pattern, triple) for pattern in self.patterns)

    def put(self, received: ReceivedEvent) -> None:
        """Take it in, or count it; never blocks."""
        with self._changed:
            if self._ended:
                return
            if self._dropped or len(self._queue) >= self._size:
                if not self._dropped:
                    self._queue.append(None)
                self._dropped += 1
            else:
                self._queue.append(received)
            self._changed.notify_all()

    def end(self, error: DrpError | None) -> None:
        """No more events; ``error`` is the last thing the reader gets."""
        with self._changed:
            if not self._ended and error is not None:
                self._queue.append(ReceivedEvent({}, error))
            self._ended = True
            self._changed.notify_all()


def check_pattern(pattern: str) -> None:
    """Raise UsageError unless ``pattern`` is ``type.action.key``.

    A v3.12 server acknowledges a pattern of fewer parts and then crashes at the next event; it closes the
    connection for a frame of more than 512 bytes.
    """
    parts = [*pattern.split(".", 2), "", ""][:3]
    if not all(parts):
        raise UsageError(
            f"event pattern {pattern!r}: must be type.action.key, each a name or *, "
            f"such as machines.update.* ({_PATTERN_PARTS[parts.index('')]} is missing)"
        )
    if any(character.isspace() for character in "".join(parts[:2])) or "\n" in pattern:
        raise UsageError(f"event pattern {pattern!r}: must not contain white space")
    if len(f"deregister {pattern}".encode()) > _MAX_FRAME_BYTES:
        raise UsageError(f"event pattern {pattern[:40]}...: is longer than the server accepts")


def _matches(pattern: str, triple: tuple[str, str, str]) -> bool:
    return all(part in ("*", value) for part, value in zip(pattern.split(".", 2), triple))
