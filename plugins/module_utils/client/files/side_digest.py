# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The SHA-256 of what passes through a few buffers, taken by a thread beside the one that moves them.

hashlib lets other threads run while it works on a large piece, so that a file is hashed in the time that its
transfer takes anyway.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import typing as t

from ..pace import LARGE_PIECE

_BUFFERS = 8

NextBuffer = t.Callable[[], memoryview]
"""The next buffer to fill; waits until one is free once there are enough of them."""


class SideDigest:
    """Use it with ``with``: its thread ends there."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._work: queue.SimpleQueue[tuple[memoryview, queue.SimpleQueue[memoryview]] | None]
        self._work = queue.SimpleQueue()
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.size = 0
        """Bytes that were added."""

    def __enter__(self) -> SideDigest:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def buffers(self) -> NextBuffer:
        """A new set of buffers; those of an earlier one that nobody has added are gone."""
        free = self._free = queue.SimpleQueue()
        new = iter(range(_BUFFERS))

        def next_buffer() -> memoryview:
            if free.empty() and next(new, None) is not None:
                return memoryview(bytearray(LARGE_PIECE))
            return free.get()

        return next_buffer

    def add(self, piece: memoryview) -> None:
        """Hash the filled part of a buffer, which is free again after that: it must not be used any more."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drp-digest", daemon=True)
            self._thread.start()
        self.size += len(piece)
        self._work.put((piece, self._free))

    def restart(self) -> None:
        """Forget all that was added."""
        self._end()
        self._digest, self.size = hashlib.sha256(), 0

    def hexdigest(self) -> str:
        """The digest of all that was added; waits for the last of it."""
        self._end()
        return self._digest.hexdigest()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            piece, free = work
            self._digest.update(piece)
            free.put(memoryview(t.cast(bytearray, piece.obj)))

    def _end(self) -> None:
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()
            self._thread = None
