# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files that content has the agent write, and folders of scripts that it has to remove.

Content names any path, and a script may leave anything behind.  None of it may hold the agent up: what can
hang is done in a child, which can be ended.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import contextlib
import errno
import gc
import os
import select
import shutil
import signal
import stat
import subprocess
import typing as t

from ...client.files import own
from .supervisor import close_all_but

_LONGEST_PATH = 4096
_LONGEST_ERROR = 2000
_REMOVAL_TIMEOUT = 120.0
_PIECE = 1 << 20
_unreaped: set[int] = set()


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


class Child:
    """A piece of work on files in a process of its own; what it returns or raises is a text."""

    def __init__(self, work: t.Callable[[], object]) -> None:
        """OSError when there can be no further process."""
        for pid in list(_unreaped):
            _reap(pid)
        self._answer, answer = os.pipe()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._answer)
            os.close(answer)
            raise
        if not self._pid:
            _work_and_exit(work, answer)
        os.close(answer)

    def wait(self, seconds: float) -> str | None:
        """Why it failed, "" when it did not; None when it is not done within ``seconds``."""
        if not select.select([self._answer], [], [], seconds)[0]:
            return None
        said = os.read(self._answer, 4 * _LONGEST_ERROR)
        self._end()
        return said[1:].decode("utf-8", "replace") if said else "the process that did it was killed"

    def kill(self) -> None:
        """End it, and wait for nothing: a process in a system call that hangs cannot be waited for."""
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        self._end()

    def _end(self) -> None:
        os.close(self._answer)
        _reap(self._pid)


def _work_and_exit(work: t.Callable[[], object], answer: int) -> t.NoReturn:
    gc.disable()
    said = "="
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        close_all_but({0, 1, 2, answer})  # the agent's lock among them
        work()
    except BaseException as error:
        said += str(error)[:_LONGEST_ERROR] or type(error).__name__
    finally:
        with contextlib.suppress(OSError):
            os.write(answer, said.encode("utf-8", "replace"))
        os._exit(0)


def _reap(pid: int) -> None:
    _unreaped.add(pid)
    with contextlib.suppress(OSError):
        if not os.waitpid(pid, os.WNOHANG)[0]:
            return
    _unreaped.discard(pid)
