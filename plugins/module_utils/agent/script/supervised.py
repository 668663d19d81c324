# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The agent's side of a running script: start it, wait for it, end it, and find it again.

A supervisor holds a lock on a file in the script's folder as long as it lives; how the script ended is in
another file there.  Both together tell an agent that has just started all it needs to know.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import select
import shutil
import signal
import time
import typing as t
import warnings

from .launch import (
    LOCK,
    PIDS,
    PREPARED,
    RUN_VARIABLE,
    STATUS,
    STATUS_FILE_SIZE,
    ScriptRun,
    boot_id,
    started_at,
)
from .supervisor import supervise

_POLL = 0.05
_LETTING_GO = 10.0
"""Seconds; far longer than a process takes to end that has begun with it."""
_unreaped: set[int] = set()


@dataclasses.dataclass(frozen=True)
class ScriptResult:
    """How a script ended; ``code`` is negative for a signal."""

    code: int = 0
    error: str = ""
    """Why it could not be started."""
    unprepared: bool = False
    """Because its files could not be made; then :attr:`error` is a whole sentence."""
    stopped: bool = False
    """It was ended because the agent was to end."""
    timed_out: bool = False
    holds_output: bool = False
    """Processes that it has left behind hold its output."""
    log_incomplete: bool = False
    """The disk was full to the end: the log lacks ``missing`` bytes of output, and how the script ended."""
    missing: int = 0
    lost: bool = False
    """Its supervisor was killed: nobody knows."""


class RunningScript:
    """A script under a supervisor, of this agent or of the one before it."""

    def __init__(self, folder: str, pid: int = 0, exit_pipe: int = -1) -> None:
        self.folder = folder
        self._pid = pid
        self._exit_pipe = exit_pipe
        self._prepared = False

    def is_prepared(self, seconds: float) -> bool:
        """Whether its files are made, or will never be, within ``seconds``."""
        if self._exit_pipe < 0 or self._prepared:
            return True
        if not select.select([self._exit_pipe], [], [], seconds)[0]:
            return False
        # the end of the pipe stays readable, for wait()
        self._prepared = os.read(self._exit_pipe, len(PREPARED)) in (PREPARED, b"")
        return True

    def kill(self) -> None:
        """End the supervisor at once, and wait for nothing: for one that hangs in a system call."""
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        os.close(self._exit_pipe)
        self._exit_pipe = -1
        _reap(self._pid)

    def wait(self, seconds: float) -> ScriptResult | None:
        """How it ended; None when it runs on after ``seconds``."""
        if self._exit_pipe >= 0:
            if not select.select([self._exit_pipe], [], [], seconds)[0]:
                return None
            os.close(self._exit_pipe)
            self._exit_pipe = -1
            _reap(self._pid)
            self._wait_for_lock()
            return _read_result(self.folder)
        deadline = time.monotonic() + seconds
        while _is_supervised(self.folder):
            if time.monotonic() >= deadline:
                return None
            time.sleep(min(_POLL, seconds))
        return _read_result(self.folder)

    def _wait_for_lock(self) -> None:
        """A supervisor that is killed closes its descriptors one by one, its lock perhaps after the pipe."""
        deadline = time.monotonic() + _LETTING_GO
        while _is_supervised(self.folder) and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> None:
        """Have it ended, with its process group; :meth:`wait` then tells when that is done."""
        pid = self._pid or int(_read(self.folder, PIDS).get("supervisor") or 0)
        if pid and _is_supervised(self.folder):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)


def start(script_run: ScriptRun) -> RunningScript:
    """Run a script.  OSError when not even its folder can be made."""
    for pid in list(_unreaped):
        _reap(pid)
    shutil.rmtree(script_run.run_dir, ignore_errors=True)
    os.makedirs(script_run.run_dir, mode=0o700)
    for name in (PIDS, STATUS):
        with open(os.path.join(script_run.run_dir, name), "wb") as file:
            file.write(b" " * STATUS_FILE_SIZE)
    # taken before the fork, so that there is no moment at which it is free though the script will run
    lock = os.open(os.path.join(script_run.run_dir, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    exit_pipe, exit_pipe_writer = os.pipe()
    with warnings.catch_warnings():
        # the child goes its own way: it takes no lock that another thread might hold
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        supervise(script_run, lock, exit_pipe_writer)
    os.close(lock)
    os.close(exit_pipe_writer)
    return RunningScript(script_run.run_dir, pid, exit_pipe)


def find_running(folder: str) -> RunningScript | None:
    """The script that an earlier agent started in ``folder``: running, ended and noted, or lost.

    It is lost when it runs on without its supervisor, which it may have killed itself.  None when it never
    ran, or was killed with its supervisor and its agent, as a service manager does: it may be started again.
    """
    if _is_supervised(folder) or _read(folder, STATUS):
        return RunningScript(folder)
    pids = _read(folder, PIDS)
    script = int(pids.get("script") or 0)
    runs = pids.get("boot") == boot_id() and started_at(script) == pids.get("started")
    return RunningScript(folder) if runs or (not script and _unnoted(folder)) else None


def stop(folder: str, grace: float) -> None:
    """End the script of an earlier agent, if it is still there."""
    running = find_running(folder)
    if running is not None:
        running.stop()
        running.wait(grace + 5.0)


def _read_result(folder: str) -> ScriptResult:
    status = _read(folder, STATUS)
    if not status:
        _end(folder)
        return ScriptResult(lost=True)
    if status.get("error"):
        return ScriptResult(error=str(status["error"]), unprepared=bool(status.get("unprepared")))
    return ScriptResult(
        code=int(status.get("code") or 0),
        stopped=bool(status.get("stopped")),
        timed_out=bool(status.get("timed_out")),
        holds_output=bool(status.get("left")),
        log_incomplete=bool(status.get("unsaid")),
        missing=int(status.get("missing") or 0),
    )


def _end(folder: str) -> None:
    """Kill what a lost supervisor has left of its script."""
    pids = _read(folder, PIDS)
    script = int(pids.get("script") or 0)
    with contextlib.suppress(OSError):
        if script and started_at(script) == pids.get("started"):
            os.killpg(script, signal.SIGKILL)
    for process in [] if script else _unnoted(folder):
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def _unnoted(folder: str) -> list[int]:
    """The processes of a script that has killed its supervisor before that could note its number."""
    mark = os.fsencode(f"{RUN_VARIABLE}={folder}")
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            if mark in file.read().split(b"\0"):
                found.append(int(name))
    return found


def _is_supervised(folder: str) -> bool:
    try:
        descriptor = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(folder: str, name: str) -> dict[str, t.Any]:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _reap(pid: int) -> None:
    _unreaped.add(pid)
    with contextlib.suppress(OSError):
        if not os.waitpid(pid, os.WNOHANG)[0]:
            return
    _unreaped.discard(pid)
