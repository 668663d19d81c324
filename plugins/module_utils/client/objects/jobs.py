# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a job is to do, and what it has said."""

from __future__ import annotations

import collections
import typing as t

from ..client import Client

Json = t.Any


def job_actions(client: Client, job: str, os: str = "") -> list[dict[str, Json]]:
    """The rendered actions of a job, ``{Name, Path, Content, Meta}`` each; ``os`` such as ``linux`` selects.

    Rendered when asked for, from the machine's present params.  ApiError 422 when that fails.
    """
    query = ("os", os) if os else ()
    return t.cast(
        "list[dict[str, Json]]", client.req().get().url_for("jobs", job, "actions").params(*query).do() or []
    )


def job_log(client: Client, job: str, target: t.BinaryIO) -> int:
    """Copy the whole log of a job to ``target``; the bytes copied.  ApiError 404 without such a job."""
    return client.req().get().url_for("jobs", job, "log").do_into(target)


def job_log_tail(client: Client, job: str, lines: int) -> list[str]:
    """The last ``lines`` of the log of a job, read in constant memory.

    Lines longer than 2000 characters are cut; bytes that are no UTF-8 are replaced.
    """
    tail = _Tail(lines)
    job_log(client, job, t.cast(t.BinaryIO, tail))
    return tail.lines()


class _Tail:
    """A file to write to that keeps the end only."""

    _MAX_LINE_LENGTH = 2000

    def __init__(self, count: int) -> None:
        self._lines: collections.deque[bytes] = collections.deque(maxlen=max(count, 1))
        self._partial_line = b""
        self._count = count

    def write(self, chunk: bytes) -> int:
        *whole, self._partial_line = (self._partial_line + chunk).split(b"\n")
        self._lines.extend(whole)
        # of a line that never ends only the beginning will be shown
        self._partial_line = self._partial_line[: 4 * self._MAX_LINE_LENGTH]
        return len(chunk)

    def lines(self) -> list[str]:
        if self._partial_line:
            self._lines.append(self._partial_line)
            self._partial_line = b""
        texts = [line.decode("utf-8", "replace").rstrip("\r") for line in self._lines]
        shown = [
            text if len(text) <= self._MAX_LINE_LENGTH else text[: self._MAX_LINE_LENGTH] + "..."
            for text in texts
        ]
        return shown[-self._count :] if self._count > 0 else []
