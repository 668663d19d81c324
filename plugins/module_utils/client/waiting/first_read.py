# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The read before a wait, within the time of the wait: a server that drips must not outlast it."""

from __future__ import annotations

import queue
import threading
import typing as t

from ..errors import ConnectionFailed

Result = t.TypeVar("Result")

SINGLE_CHECK_TIMEOUT = 10.0
"""Seconds that a wait with a timeout of 0 may take."""
_LONGEST = threading.TIMEOUT_MAX / 2


def within(seconds: float, endpoint: str, work: t.Callable[[], Result]) -> Result:
    """What ``work`` returns or raises; ConnectionFailed when that takes longer, whatever it hangs in.

    A timeout of 0 is one look, as with :class:`.wait.Waiter`.  Work that hangs is left behind.
    """
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, name="drp-first-read", daemon=True).start()
    limit = min(seconds or SINGLE_CHECK_TIMEOUT, _LONGEST)
    try:
        found, error = done.get(timeout=limit)
    except queue.Empty:
        raise ConnectionFailed(f"{endpoint} has not answered completely within {limit:g} s") from None
    if error is not None:
        raise error
    return t.cast(Result, found)
