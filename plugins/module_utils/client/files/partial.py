# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What has come of a file so far: ``.<name>.part`` beside the target, and a note of what it is a part of.

The folder may be one that other users write to as well, such as /tmp.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import time
import typing as t

from .. import limits
from ..errors import DrpError
from . import own

_LOCK_PATIENCE = 60.0
"""Seconds without a new byte after which whoever holds the lock is taken for dead, or for no friend."""
_LOCK_POLL = 0.2
_LONGEST_NOTE = 1 << 14


class PartialFile:
    """The partial file of a target, ours alone."""

    def __init__(self, target: str, mode: int | None = None) -> None:
        """``mode`` is what the target is to have; None is what the umask leaves of 0666."""
        folder, name = os.path.split(os.path.abspath(target))
        self.path = os.path.join(folder, f".{name}.part")
        self._target = target
        self._note_path = f"{self.path}.json"
        self._mode = mode

    @contextlib.contextmanager
    def locked(self, sleep: t.Callable[[float], None] = time.sleep) -> t.Iterator[t.BinaryIO]:
        """The open file; DrpError when another process holds it and does not get on.

        The lock is on a file that another process may just have renamed.  OSError when somebody else has
        put something there.
        """
        while True:
            descriptor = own.open_file(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            with open(descriptor, "r+b", buffering=0) as file:
                self._lock(descriptor, sleep)
                if _is_same_file(self.path, descriptor):
                    os.fchmod(descriptor, 0o600)
                    yield t.cast(t.BinaryIO, file)
                    return

    def _lock(self, descriptor: int, sleep: t.Callable[[float], None]) -> None:
        seen, since = -1, time.monotonic()
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            size = os.fstat(descriptor).st_size
            if size != seen:
                seen, since = size, time.monotonic()
            if time.monotonic() - since > _LOCK_PATIENCE:
                raise DrpError(
                    f"{self.path} is locked by another process, which has added nothing to it for "
                    f"{_LOCK_PATIENCE:g} s: end that process, or remove the file"
                )
            sleep(_LOCK_POLL)

    def move_into_place(self, file: t.BinaryIO) -> None:
        """Give the file its mode, then its name: at no moment it is there with another one."""
        os.fchmod(file.fileno(), own.default_mode() if self._mode is None else self._mode)
        os.replace(self.path, self._target)
        if not _is_same_file(self._target, file.fileno()):
            raise own.NotOurs(self._target, "was exchanged by somebody else meanwhile")

    def remove(self) -> None:
        for path in (self.path, self._note_path):
            with contextlib.suppress(OSError):
                os.unlink(path)

    # -- the note

    def load_validator(self, url: str) -> str | None:
        """What the server said about the version of the file at ``url``; None when this is no part of it."""
        try:
            with open(own.open_file(self._note_path, os.O_RDONLY), "rb") as file:
                note = limits.decode_json(file.read(_LONGEST_NOTE).decode("utf-8"))
        except own.NotOurs:
            raise
        except (OSError, ValueError):
            return None
        if not isinstance(note, dict) or note.get("url") != _digest_of_text(url):
            return None
        return str(note.get("validator") or "")

    def save_validator(self, url: str, validator: str) -> None:
        """Keep what identifies this version of the file; the URL may hold secrets, so only its hash."""
        text = json.dumps({"url": _digest_of_text(url), "validator": validator})
        descriptor = own.open_file(self._note_path, os.O_WRONLY | os.O_CREAT)
        with open(descriptor, "wb") as file:
            file.truncate(0)
            file.write(text.encode())


def _is_same_file(path: str, descriptor: int) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(there.st_mode) and os.path.samestat(os.fstat(descriptor), there)


def _digest_of_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
