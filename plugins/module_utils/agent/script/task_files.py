# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files that content has the agent write, and folders of scripts that it has to remove.

Content names any path, and a script may leave anything behind.  None of it may hold the agent up: what can
hang is done by the supervisor, which can be ended.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import contextlib
import errno
import os
import shutil
import stat
import subprocess

from ...client.files import own

_LONGEST_PATH = 4096
_REMOVAL_TIMEOUT = 120.0
_PIECE = 1 << 20


def write(path: str, content: str, mode: int, enforce: bool = True) -> None:
    """Write text as it came; with ``enforce`` the mode holds before the first byte is there.

    OSError for what is no file, and for what another user has put in the way.
    """
    data = memoryview(content.encode("utf-8", "surrogatepass"))
    descriptor = own.open_trusted(path, os.O_WRONLY | os.O_CREAT, mode)
    try:
        if enforce:
            os.fchmod(descriptor, mode)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.ftruncate(descriptor, 0)
        while data:
            data = data[os.write(descriptor, data[:_PIECE]) :]
    finally:
        os.close(descriptor)


def make_folders(path: str) -> None:
    """The folder and all above it, however many they are; OSError when one cannot be made."""
    if len(os.fsencode(path)) >= _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), path)
    own.make_folders(path)


def remove_tree(path: str) -> None:
    """Remove a folder with all that is in it, as far as that is possible; never fails."""
    with contextlib.suppress(RecursionError, ValueError):
        shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        # nested too deeply for Python; what is mounted there is not ours to empty
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            command = ["rm", "-rf", "--one-file-system", "--", path]
            subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_REMOVAL_TIMEOUT
            )
