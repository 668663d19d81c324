# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A small document that is kept in a file, over and over: each time one more line, of which the last counts.

To replace the file each time would take twenty times as long.  A line that was not finished does not count:
there is always an old or a new document.
"""

from __future__ import annotations

import json
import os
import typing as t

_LONGEST = 1 << 18
"""Bytes of a file after which it is written anew, unless one line is that long."""


class Journal:
    """The file is made when there is something to keep; its mode is 0600."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1
        self._size = 0

    def load(self) -> t.Any:
        """The document; None when there is none, or none that can be read."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().splitlines()
        except OSError:
            return None
        for line in reversed(lines):
            try:
                if line:
                    return json.loads(line)
            except ValueError:
                continue
        return None

    def save(self, document: t.Any, durable: bool = False) -> None:
        """Keep it, ``durable`` even through a loss of power right afterwards.  OSError when that fails."""
        # begins with a line end of its own: the line before it may be unfinished
        line = memoryview(f"\n{json.dumps(document)}\n".encode())
        if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink:
            self.close()  # somebody has removed it
        if self._descriptor < 0:
            self._open(self._path)
        if self._size > max(_LONGEST, 8 * len(line)):
            self._open(f"{self._path}.new", os.O_TRUNC)
            self._append(line, durable)
            os.rename(f"{self._path}.new", self._path)
        else:
            self._append(line, durable)

    def clear(self) -> None:
        """Forget the document."""
        if self._descriptor < 0:
            if not os.path.exists(self._path):
                return
            self._open(self._path)
        os.ftruncate(self._descriptor, 0)
        self._size = 0

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _open(self, path: str, flags: int = 0) -> None:
        flags |= os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        self.close()
        self._descriptor, self._size = descriptor, os.fstat(descriptor).st_size

    def _append(self, line: memoryview, durable: bool) -> None:
        while line:
            written = os.write(self._descriptor, line)
            self._size += written
            line = line[written:]
        if durable:
            os.fsync(self._descriptor)
