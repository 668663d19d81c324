# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The log of a job as a local file: whole or not at all, in constant memory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import typing as t

from ..client.client import Client
from ..client.errors import UsageError
from ..client.files import own
from ..client.files.download import digest_of
from ..client.objects import jobs


class _HashingWriter:
    """A file to write to that remembers the checksum; without ``file`` that is all it does."""

    def __init__(self, file: t.IO[bytes] | None) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.digest.update(chunk)
        return self._file.write(chunk) if self._file else len(chunk)


def write_log(client: Client, job: str, dest: str, check: bool) -> tuple[bool, str]:
    """Make ``dest`` the log of the job: whether that changes it, and its path.

    In a folder the file is called ``<job>.log``.  A new file is for its owner only, since logs may hold
    secrets; an old one keeps its permissions.  With ``check`` nothing is written.
    """
    path = os.path.join(dest, f"{job}.log") if dest.endswith("/") or os.path.isdir(dest) else dest
    try:
        own.trusted_path(path)
    except OSError as error:
        raise UsageError(f"dest: {error.filename} {error.strerror}") from error
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"dest: {folder} is not a folder")
    there = digest_of(path)
    before = there.sha256 if there else ""
    if check:
        return _copy(client, job, None) != before, path
    try:
        return _replace(client, job, path, before), path
    except OSError as error:
        raise UsageError(f"dest: {path} cannot be written: {error.strerror}") from error


def _replace(client: Client, job: str, path: str, before: str) -> bool:
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".job-log-")
    try:
        with open(descriptor, "wb") as file:
            if _copy(client, job, file) == before:
                return False
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _copy(client: Client, job: str, file: t.IO[bytes] | None) -> str:
    target = _HashingWriter(file)
    jobs.job_log(client, job, t.cast(t.BinaryIO, target))
    return target.digest.hexdigest()
