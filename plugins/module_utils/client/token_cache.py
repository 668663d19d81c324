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
import stat
import tempfile
import time
import typing as t

DEFAULT_DIRECTORY = "~/.cache/drpcli/tokens"
_SUBFOLDER = "ansible"
_LOCK_TIMEOUT = 30.0


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
        self._directory_and_endpoint = directory, endpoint
        name = hashlib.sha256(f"{endpoint}\n{username}".encode()).hexdigest()[:40]
        self._folder = os.path.join(os.path.expanduser(directory), _SUBFOLDER)
        self._path = os.path.join(self._folder, f"{name}.json")
        self._lock_path = os.path.join(self._folder, f"{name}.lock")

    def for_user(self, username: str) -> TokenCache:
        """The entry of another user of the same endpoint."""
        return TokenCache(*self._directory_and_endpoint, username)

    def load(self) -> CachedToken | None:
        """What is stored, or None when there is nothing, or nothing that only we could have written."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, encoding="utf-8") as file:
                state = os.fstat(file.fileno())
                if state.st_uid != os.geteuid() or stat.S_IMODE(state.st_mode) & 0o077:
                    return None
                entry = json.load(file)
            return CachedToken(str(entry["token"]), float(entry["issued"]), float(entry["expires"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def store(self, token: CachedToken) -> None:
        """Replace the entry in one step: a reader sees the old or the new one, never half of one."""
        try:
            self._prepare_folder()
            descriptor, temporary = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        except OSError:
            return
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(dataclasses.asdict(token), file)
            os.replace(temporary, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    def drop(self, token: str | None = None) -> None:
        """Forget the entry; with ``token`` only if that is what it holds."""
        entry = self.load() if token is not None else None
        if token is None or (entry is not None and entry.token == token):
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    @contextlib.contextmanager
    def lock(self) -> t.Iterator[None]:
        """Held while one process logs in, so that fifty starting at once log in once.

        Gives up after 30 s and goes on without it.
        """
        try:
            self._prepare_folder()
            descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            yield
            return
        try:
            deadline = time.monotonic() + _LOCK_TIMEOUT
            while not _try_lock(descriptor) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def _prepare_folder(self) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        state = os.stat(self._folder)
        if state.st_uid != os.geteuid():
            raise PermissionError(self._folder)
        if stat.S_IMODE(state.st_mode) != 0o700:
            os.chmod(self._folder, 0o700)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
