# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Local files that somebody names in a task, decrypted on the way when Ansible Vault has encrypted them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import typing as t

from ..errors import UsageError

Decrypt = t.Callable[[str], bytes]
"""The clear content of a file, by its path.  UsageError when there is no key for it."""

_VAULT_START = b"$ANSIBLE_VAULT;"
_decrypt: Decrypt | None = None
"""Set while a task runs where the keys are: one task at a time in a process, but its threads share it."""


@contextlib.contextmanager
def decrypting(decrypt: Decrypt) -> t.Iterator[None]:
    """Files that are opened within are decrypted by ``decrypt``."""
    global _decrypt
    before, _decrypt = _decrypt, decrypt
    try:
        yield
    finally:
        _decrypt = before


def open_local(path: str, decrypt: bool = True) -> t.BinaryIO:
    """The content of a file, clear unless ``decrypt`` is off.

    Raises OSError, and UsageError for an encrypted file where no key is at hand: a server has no use for
    it.
    """
    if decrypt and is_vaulted(path):
        if _decrypt is None:
            raise UsageError(
                f"{path} is encrypted by Ansible Vault, which only the controller can decrypt; run the task "
                "without async and without run_in: target"
            )
        return io.BytesIO(_decrypt(path))
    return open(path, "rb")


def is_vaulted(path: str) -> bool:
    """Whether Ansible Vault has encrypted a file; OSError when it cannot be read."""
    with open(path, "rb") as file:
        return file.read(len(_VAULT_START)) == _VAULT_START


def read_local(path: str) -> bytes:
    """All of a file; errors are those of :func:`open_local`."""
    with open_local(path) as file:
        return file.read()


def measure(file: t.BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of what is left in an open file."""
    digest, size = hashlib.sha256(), 0
    for chunk in iter(lambda: file.read(1 << 20), b""):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()
