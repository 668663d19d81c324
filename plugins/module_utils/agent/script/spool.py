# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The log of one job on the local disk: written by one process, read and freed by another.

A spool is a folder of segments, each named after the offset of its first byte.  Only the last one grows, and
the reader removes a segment that it has processed, so the disk holds what is still to be sent and no more.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
import typing as t

SEGMENT = 1 << 20
_DIGITS = 20
_SUFFIX = ".log"
_DISK_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PAUSE = 0.05


def missing(count: int) -> str:
    """What the log says in place of output that is lost."""
    return f"[drp-agent: {count} bytes of output are missing here: the disk was full]"


class Segment(t.NamedTuple):
    start: int
    path: str

    def size(self) -> int:
        """0 when it has been removed."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0


class Spool:
    """The segments in ``folder``, which is made when the first byte comes."""

    def __init__(self, folder: str, limit: int = 0) -> None:
        """``limit`` is how many bytes may lie here at once; 0 means as many as the disk takes."""
        self.folder = folder
        self.limit = limit

    def segments(self) -> list[Segment]:
        """Oldest first."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        starts = sorted(int(name[:_DIGITS]) for name in names if name.endswith(_SUFFIX))
        return [Segment(start, self.path_of(start)) for start in starts]

    def path_of(self, start: int) -> str:
        return os.path.join(self.folder, f"{start:0{_DIGITS}d}{_SUFFIX}")

    def end_offset(self) -> int:
        """The offset at which the next byte will be written."""
        segments = self.segments()
        return segments[-1].start + segments[-1].size() if segments else 0

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes from ``offset`` on, out of one segment; b"" when there are none yet."""
        for segment in reversed(self.segments()):
            if segment.start <= offset:
                with contextlib.suppress(FileNotFoundError), open(segment.path, "rb") as file:
                    file.seek(offset - segment.start)
                    return file.read(size)
                break
        return b""

    def free(self, offset: int) -> None:
        """Remove the segments that end at or before ``offset`` and will not grow any more."""
        segments = self.segments()
        for segment, following in zip(segments, segments[1:]):
            if following.start <= offset:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(segment.path)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class SpoolWriter:
    """The writing end: takes any bytes, and never fails.

    When the disk (or the spool's limit) is full it waits while the other side makes room, so that a fast
    script is slowed down; after ``full_timeout`` seconds without any room it drops what comes, counts it, and
    says so in the log as soon as that can be written.
    """

    def __init__(
        self,
        spool: Spool,
        full_timeout: float = 5.0,
        segment: int = SEGMENT,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.dropped = 0
        """Bytes that were lost since the log last said so."""
        self._spool = spool
        self._full_timeout = full_timeout
        self._segment = segment
        self._sleep = sleep
        self._descriptor = -1
        self._size = 0
        self._start = 0

    def append(self, data: bytes) -> None:
        if self.dropped:
            if self._write(memoryview(f"\n{missing(self.dropped)}\n".encode()), 0.0):
                self.dropped += len(data)
                return
            self.dropped = 0
        left = self._write(memoryview(data), self._full_timeout)
        self.dropped += left

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> SpoolWriter:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _write(self, data: memoryview, full_timeout: float) -> int:
        """Write as much as goes; how many bytes did not go."""
        deadline = time.monotonic() + full_timeout
        while data:
            try:
                written = self._some(data)
            except OSError as error:
                if error.errno not in _DISK_FULL_ERRORS and error.errno != errno.ENOENT:
                    raise
                self.close()
                written = 0
            if written:
                data = data[written:]
                deadline = time.monotonic() + full_timeout
            elif time.monotonic() >= deadline:
                break
            else:
                self._sleep(_PAUSE)
        return len(data)

    def _some(self, data: memoryview) -> int:
        if self._descriptor < 0:
            self._open_last()
        if self._size >= self._segment:
            self._open(self._start + self._size)
        if self._spool.limit:
            first = self._spool.segments()[0].start
            if self._start + self._size - first >= self._spool.limit:
                return 0
        written = os.write(self._descriptor, data[: self._segment - self._size])
        self._size += written
        return written

    def _open_last(self) -> None:
        os.makedirs(self._spool.folder, mode=0o700, exist_ok=True)
        segments = self._spool.segments()
        self._open(segments[-1].start if segments else 0)

    def _open(self, start: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._spool.path_of(start), flags, 0o600)
        self.close()
        self._descriptor, self._start = descriptor, start
        self._size = os.fstat(descriptor).st_size
