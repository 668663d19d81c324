# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One supervising process per script: takes its output, enforces the timeout, records how it ended.

It is forked from the agent and outlives it: an agent that was killed finds the script still running, or its
exit code in a file, when it is back.  A script's process group is the script's own, so that all of it can be
ended, and a child that it leaves behind keeps nobody waiting.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import subprocess
import time
import typing as t

from .chroot import Chroot
from .launch import (
    PIDS,
    PREPARED,
    RUN_VARIABLE,
    STATUS,
    STATUS_FILE_SIZE,
    ScriptRun,
    boot_id,
    started_at,
)
from .spool import SpoolWriter

_BUFFER = 256 << 10
_PIPE = 1 << 20
_DRAIN = 2.0
_STEP = 0.25
_LONGEST_ERROR = 1000


class Supervisor:
    """Runs in the forked process only."""

    def __init__(self, script_run: ScriptRun) -> None:
        self._script_run = script_run
        self._writer = SpoolWriter(script_run.spool)
        self._script = 0
        self._exit_code: int | None = None
        self._stopped = False
        self._timed_out = False
        self._kill_at: float | None = None
        self._output = -1
        self._output_closed = False
        self._missing_newline = ""
        """What the last line of the output lacks."""

    def run(self, exit_pipe: int) -> None:
        """``exit_pipe`` tells the agent when the files of the script are made."""
        status = self._make_files()
        os.write(exit_pipe, PREPARED)
        if not status:
            self._prepare()
            try:
                status = self._run_script()
            except (OSError, ValueError) as error:
                status = {"error": str(getattr(error, "strerror", None) or error)[:_LONGEST_ERROR]}
        self._writer.close()
        self._write_status(STATUS, status)

    def discard_output(self) -> None:
        """Keep reading what processes left behind write, so that a closed pipe does not kill them."""
        if self._output < 0 or self._output_closed:
            return
        os.set_blocking(self._output, True)
        os.dup2(self._output, 0)
        for number in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        with contextlib.suppress(OSError):
            os.execvp("cat", ["cat"])
        while os.read(0, _BUFFER):
            pass

    # -- the script

    def _make_files(self) -> dict[str, t.Any]:
        """How it ended when they could not be made; as long as it lasts, a signal ends this process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        try:
            self._script_run.prepare()
        except Exception as error:
            return {"error": str(error)[:_LONGEST_ERROR] or type(error).__name__, "unprepared": True}
        return {}

    def _prepare(self) -> None:
        os.setsid()
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGCHLD, lambda *_args: None)
        for number in (signal.SIGINT, signal.SIGHUP):
            # not "ignored": a script would inherit that
            signal.signal(number, lambda *_args: None)
        with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
            file.write("drp-agent-task")

    def _on_term(self, *_args: object) -> None:
        self._stopped = True

    def _run_script(self) -> dict[str, t.Any]:
        with Chroot(self._script_run.chroot, self._script_run.bind_mounts):
            self._write_output(self._script_run.log_header)
            self._start()
            self._write_status(PIDS, {"supervisor": os.getpid(), "script": self._script, **self._identity()})
            self._wait_for_exit()
        lost = self._writer.dropped
        self._write_output(f"{self._missing_newline}{self._script_run.exit_lines(self._exit_code or 0)}")
        unsaid = self._writer.dropped > 0
        return {
            "unsaid": unsaid,
            "missing": lost if unsaid else 0,
            "code": self._exit_code,
            "stopped": self._stopped,
            "timed_out": self._timed_out,
            "left": not self._output_closed,
        }

    def _identity(self) -> dict[str, t.Any]:
        return {"started": started_at(self._script), "boot": boot_id()}

    def _start(self) -> None:
        self._output, writing = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self._output, getattr(fcntl, "F_SETPIPE_SZ", 1031), _PIPE)
        script_run = self._script_run
        try:
            self._process = subprocess.Popen(
                script_run.command,
                cwd=None if script_run.chroot else script_run.task_dir,
                env={**script_run.environment, RUN_VARIABLE: script_run.run_dir},
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                preexec_fn=self._enter if script_run.chroot else None,
            )
        finally:
            os.close(writing)
        self._script = self._process.pid

    def _enter(self) -> None:
        os.chroot(self._script_run.chroot)
        os.chdir(self._script_run.task_dir)

    # -- until it has ended

    def _wait_for_exit(self) -> None:
        deadline = time.monotonic() + self._script_run.timeout if self._script_run.timeout > 0 else None
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._is_finished():
            if deadline is not None and time.monotonic() >= deadline:
                deadline = None
                self._timed_out = self._exit_code is None
            self._terminate_if_due()
            for number, _events in poll.poll(int(_STEP * 1000)):
                if number == self._wake:
                    self._drain_wake()
                elif not self._read_output():
                    self._output_closed = True
                    poll.unregister(self._output)
            self._reap()
        self._drain_output()

    def _is_finished(self) -> bool:
        """Ended; and when it had to be ended, all of its group."""
        if self._exit_code is None:
            return False
        return self._kill_at is None or not self._signal(0)

    def _terminate_if_due(self) -> None:
        """Ask the group to end when that is due, and insist after the grace period."""
        if self._kill_at is None:
            if self._exit_code is None and (self._stopped or self._timed_out):
                why = (
                    "the agent is stopping" if self._stopped else f"it ran for {self._script_run.timeout:g} s"
                )
                self._write_output(f"\nThe script is being stopped: {why}\n")
                self._kill_at = time.monotonic() + self._script_run.kill_grace
                self._signal(signal.SIGTERM)
        elif time.monotonic() >= self._kill_at:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Signal the group; whether there is one."""
        try:
            os.killpg(self._script, number)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _reap(self) -> None:
        if self._exit_code is None:
            self._exit_code = self._process.poll()

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)

    # -- its output

    def _read_output(self) -> bool:
        data = os.read(self._output, _BUFFER)
        if data:
            self._write_output(data)
            self._missing_newline = "" if data.endswith(b"\n") else "\n"
        return bool(data)

    def _drain_output(self) -> None:
        """What is in the pipe when the script has ended; what comes later is not its own."""
        os.set_blocking(self._output, False)
        deadline = time.monotonic() + _DRAIN
        with contextlib.suppress(BlockingIOError):
            while not self._output_closed and time.monotonic() < deadline:
                self._output_closed = not self._read_output()

    def _write_output(self, said: bytes | str) -> None:
        data = said.encode("utf-8", "replace") if isinstance(said, str) else said
        self._writer.append(data)
        if self._script_run.echo:
            with contextlib.suppress(OSError):
                os.write(1, data)

    def _write_status(self, name: str, document: dict[str, t.Any]) -> None:
        """Overwrite a file that is there already, and large enough: that works on a full disk too."""
        text = json.dumps(document).ljust(STATUS_FILE_SIZE)
        descriptor = os.open(os.path.join(self._script_run.run_dir, name), os.O_WRONLY | os.O_CLOEXEC)
        os.pwrite(descriptor, text.encode(), 0)
        os.close(descriptor)


def supervise(script_run: ScriptRun, lock: int, exit_pipe: int) -> t.NoReturn:
    """The life of a forked supervisor, which holds both descriptors until the script has ended."""
    gc.disable()
    try:
        close_all_but({0, 1, 2, lock, exit_pipe})
        supervisor = Supervisor(script_run)
        supervisor.run(exit_pipe)
        for descriptor in (lock, exit_pipe):
            os.close(descriptor)
        supervisor.discard_output()
    finally:
        os._exit(0)


def close_all_but(kept: t.Collection[int]) -> None:
    """Let go of what a forked process has inherited."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = list(range(3, 1024))
    for number in numbers:
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
