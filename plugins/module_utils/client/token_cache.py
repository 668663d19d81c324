# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Tokens kept on disk between tasks, so that a playbook logs in once."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import secrets
import stat
import time
import typing as t

from . import limits
from .files import own

DEFAULT_DIRECTORY = "~/.cache/drpcli/tokens"
_SUBFOLDER = "ansible"
_LOCK_TIMEOUT = 30.0
_LONGEST_ENTRY = 1 << 16

Found = t.TypeVar("Found")


@dataclasses.dataclass(frozen=True)
class CachedToken:
    """A token with the moments, in seconds since the epoch, at which it was issued and ends."""

    token: str
    issued: float
    expires: float

    def usable(self, now: float) -> bool:
        return self.issued <= now < self.expires

    def fresh(self, now: float) -> bool:
        """Whether less than half of its life is over."""
        return self.issued <= now < (self.issued + self.expires) / 2


class TokenCache:
    """One file per endpoint and user (0600) in a folder of our own (0700) below ``directory``.

    The folder is shared with drpcli, whose file names hold the user only; ours never collide.
    Everything here is best effort: a cache that cannot be used costs a login, never an error.
    """

    def __init__(self, directory: str, endpoint: str, username: str) -> None:
        self.problem = ""
        """Why tokens are not kept, when somebody else has put something into the place for them."""
        self._directory_and_endpoint = directory, endpoint
        self._name = hashlib.sha256(f"{endpoint}\n{username}".encode()).hexdigest()[:40]
        self._folder = os.path.join(os.path.expanduser(directory), _SUBFOLDER)

    def for_user(self, username: str) -> TokenCache:
        """The entry of another user of the same endpoint."""
        return TokenCache(*self._directory_and_endpoint, username)

    def load(self) -> CachedToken | None:
        """What is stored, or None when there is nothing, or nothing that only we could have written."""
        text = self._in_folder(self._read)
        with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError):
            entry = limits.decode_json(text or "")
            return CachedToken(str(entry["token"]), float(entry["issued"]), float(entry["expires"]))
        return None

    def store(self, token: CachedToken) -> None:
        """Replace the entry in one step: a reader sees the old or the new one, never half of one."""
        self._in_folder(lambda folder: self._write(folder, json.dumps(dataclasses.asdict(token))))

    def drop(self, token: str | None = None) -> None:
        """Forget the entry; with ``token`` only if that is what it holds."""
        entry = self.load() if token is not None else None
        if token is None or (entry is not None and entry.token == token):
            self._in_folder(lambda folder: os.unlink(f"{self._name}.json", dir_fd=folder))

    @contextlib.contextmanager
    def lock(self) -> t.Iterator[None]:
        """Held while one process logs in, so that fifty starting at once log in once.

        Gives up after 30 s and goes on without it.
        """
        descriptor = self._in_folder(self._open_lock)
        if descriptor is None:
            yield
            return
        try:
            deadline = time.monotonic() + _LOCK_TIMEOUT
            while not _try_lock(descriptor) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _in_folder(self, work: t.Callable[[int], Found]) -> Found | None:
        """What ``work`` does with a descriptor of the folder; None when the folder or the file fails us."""
        try:
            with own.private_folder(self._folder) as folder:
                return work(folder)
        except own.NotOurs as error:
            self.problem = (
                f"token_cache: {os.path.join(self._folder, error.filename)} {error.strerror}. Tokens are not "
                "kept; name a folder of your own, or remove what is there"
            )
        except OSError:
            pass
        return None

    def _open_lock(self, folder: int) -> int:
        return own.open_file(f"{self._name}.lock", os.O_RDWR | os.O_CREAT, dir_fd=folder)

    def _read(self, folder: int) -> str:
        descriptor = own.open_file(f"{self._name}.json", os.O_RDONLY, dir_fd=folder)
        with open(descriptor, "rb") as file:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                return ""
            return file.read(_LONGEST_ENTRY).decode("utf-8", "replace")

    def _write(self, folder: int, text: str) -> None:
        temporary = f".new-{os.getpid()}-{secrets.token_hex(8)}"
        descriptor = own.open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=folder)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, f"{self._name}.json", src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(temporary, dir_fd=folder)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
