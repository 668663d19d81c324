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
import shutil
import signal
import time
import typing as t

from .launch import (
    LOCK,
    PIDS,
    RUN_VARIABLE,
    STATUS,
    STATUS_FILE_SIZE,
    ScriptRun,
    boot_id,
    started_at,
)
from .supervisor import ENDED
from .supervisor_process import Gone, SupervisorProcess

_POLL = 0.05
_LETTING_GO = 10.0
"""Seconds; far longer than a process takes to end that has begun with it."""


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

    def __init__(self, folder: str, process: SupervisorProcess | None = None) -> None:
        self.folder = folder
        self._process = process
        self._prepared = False

    def is_prepared(self, seconds: float) -> bool:
        """Whether its files are made, or will never be, within ``seconds``."""
        if self._process is None or self._prepared:
            return True
        with contextlib.suppress(Gone):
            self._prepared = self._process.answer(seconds) is not None
            return self._prepared
        return True

    def kill(self) -> None:
        """End the supervisor at once, and wait for nothing: for one that hangs in a system call."""
        if self._process is not None:
            self._process.kill()

    def wait(self, seconds: float) -> ScriptResult | None:
        """How it ended; None when it runs on after ``seconds``."""
        if self._process is None:
            return self._wait_for_other(seconds)
        try:
            said = self._process.answer(seconds)
            if said is None:
                return None
            self._process.busy = said != ENDED
        except Gone:
            self._wait_for_lock()
        return _read_result(self.folder)

    def _wait_for_other(self, seconds: float) -> ScriptResult | None:
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
        pid = self._process.pid if self._process else int(_read(self.folder, PIDS).get("supervisor") or 0)
        if pid and _is_supervised(self.folder):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)


class WrittenFile:
    """A file that the supervisor writes."""

    def __init__(self, process: SupervisorProcess) -> None:
        self._process = process
        self.kill = process.kill

    def wait(self, seconds: float) -> str | None:
        """Why it failed, "" when it did not; None when it is not done within ``seconds``."""
        try:
            said: str | None = self._process.answer(seconds)
        except Gone:
            return "the process that did it was killed"
        self._process.busy = said is None
        return said


class Supervision:
    """The supervisor of an agent: made when there is something to do, let go when there is not."""

    def __init__(self) -> None:
        self._process: SupervisorProcess | None = None

    def start(self, script_run: ScriptRun) -> RunningScript:
        """Run a script.  OSError when not even its folder can be made."""
        folder = script_run.run_dir
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, mode=0o700)
        for name in (PIDS, STATUS):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b" " * STATUS_FILE_SIZE)
        # handed on as it is, so that there is no moment at which it is free though the script will run
        lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return RunningScript(folder, self._ask(vars(script_run), lock))
        finally:
            os.close(lock)

    def write_file(
        self, action: t.Mapping[str, t.Any], task_dir: str, secrets: t.Iterable[str], root: str
    ) -> WrittenFile:
        """Have a file written by :func:`.scripts.write_file`.  OSError when no process can do it."""
        asked = {"action": action, "task_dir": task_dir, "secrets": list(secrets), "root": root}
        return WrittenFile(self._ask(asked))

    def let_go(self) -> None:
        """There is nothing to do for a while."""
        if self._process is not None:
            self._process.let_go()
        self._process = None

    def _ask(self, message: dict[str, t.Any], descriptor: int = -1) -> SupervisorProcess:
        process = self._process
        if process is not None and process.is_usable():
            with contextlib.suppress(Gone):  # killed while it had nothing to do: another one does it
                process.ask(message, descriptor)
                return process
        process = self._process = SupervisorProcess()
        try:
            process.ask(message, descriptor)
        except Gone as error:
            raise OSError("its supervisor was killed") from error
        return process


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
