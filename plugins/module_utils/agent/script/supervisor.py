# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The supervising process: takes a script's output, enforces the timeout, records how it ended.

It is forked from the agent, does one thing after the other that this asks for, and ends when it is let go,
but never before its script has ended: an agent that was killed finds the script still running, or its exit
code in a file, when it is back.  A script's process group is the script's own, so that all of it can be
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
import socket
import subprocess
import time
import typing as t

from . import messages, scripts
from .chroot import Chroot
from .launch import (
    PIDS,
    RUN_VARIABLE,
    STATUS,
    STATUS_FILE_SIZE,
    ScriptRun,
    boot_id,
    started_at,
)
from .spool import Spool, SpoolWriter

PREPARED = "prepared"
ENDED = "ended"
"""What it says of a script; how that ended is in the script's files."""
DONE = ""
"""What it says when it has written a file, and otherwise why it could not."""
_BUFFER = 256 << 10
_PIPE = 1 << 20
_DRAIN = 2.0
_STEP = 0.25
_LONGEST_ERROR = 1000


class Supervisor:
    """Runs one script, in the forked process."""

    def __init__(self, script_run: ScriptRun, wake: int) -> None:
        """``wake`` can be read as soon as a signal has come."""
        self._script_run = script_run
        self._wake = wake
        self._writer = SpoolWriter(Spool(script_run.spool_dir, script_run.spool_limit))
        self._script = 0
        self._exit_code: int | None = None
        self._stopped = False
        self._timed_out = False
        self._kill_at: float | None = None
        self._output = -1
        self._output_closed = False
        self._missing_newline = ""
        """What the last line of the output lacks."""

    def run(self, say_prepared: t.Callable[[], None]) -> None:
        """As long as the files of the script are being made, a signal ends this process."""
        status = self._make_files()
        say_prepared()
        if not status:
            self._take_signals()
            try:
                status = self._run_script()
            except (OSError, ValueError) as error:
                status = {"error": str(getattr(error, "strerror", None) or error)[:_LONGEST_ERROR]}
        self._writer.close()
        self._write_status(STATUS, status)
        _default_signals()  # not before it is known how the script ended

    def let_go(self) -> bool:
        """Whether nobody holds the script's output any more."""
        held = self._output >= 0 and not self._output_closed
        if self._output >= 0 and not held:
            os.close(self._output)
        return not held

    def discard_output(self) -> None:
        """Keep reading what processes left behind write, so that a closed pipe does not kill them."""
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
        """How it ended when they could not be made."""
        try:
            scripts.prepare(self._script_run)
        except Exception as error:
            return {"error": str(error)[:_LONGEST_ERROR] or type(error).__name__, "unprepared": True}
        return {}

    def _take_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._on_term)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            # not "ignored": a script would inherit that
            signal.signal(number, lambda *_args: None)

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
        except BaseException:
            os.close(self._output)
            self._output = -1
            raise
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


def serve(channel: socket.socket) -> t.NoReturn:
    """The life of a forked supervisor: it does what the agent asks for, until that lets go of it."""
    gc.freeze()  # what is the agent's is not looked at, which would be to copy it
    try:
        close_all_but({0, 1, 2, channel.fileno()})
        _default_signals()
        os.setsid()
        with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
            file.write("drp-agent-task")
        wake = _signal_pipe()
        while (received := messages.receive(channel)) is not None:
            asked, lock = received
            if lock < 0:
                messages.send(channel, _write_file(asked))
                continue
            supervisor = Supervisor(ScriptRun(**asked), wake)
            supervisor.run(lambda: messages.send(channel, PREPARED))
            os.close(lock)
            if not supervisor.let_go():
                channel.close()
                supervisor.discard_output()
                break
            messages.send(channel, ENDED)
    finally:
        os._exit(0)


def _write_file(asked: dict[str, t.Any]) -> str:
    try:
        scripts.write_file(**asked)
    except Exception as error:
        return str(error)[:_LONGEST_ERROR] or type(error).__name__
    return DONE


def _default_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _signal_pipe() -> int:
    """A descriptor that can be read as soon as a signal has come."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


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
