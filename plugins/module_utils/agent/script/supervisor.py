# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One process per script that keeps it company: takes its output, ends it in time, notes how it ended.

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

from ..job.spool import Writer
from .chroot import Chroot
from .launch import NOTE_SIZE, PIDS, STATUS, Launch, started_at

_BUFFER = 256 << 10
_PIPE = 1 << 20
_DRAIN = 2.0
_STEP = 0.25


class Supervisor:
    """Runs in the forked process only."""

    def __init__(self, work: Launch) -> None:
        self._work = work
        self._writer = Writer(work.spool)
        self._script = 0
        self._exit: int | None = None
        self._stopped = False
        self._timed_out = False
        self._kill_at: float | None = None
        self._output = -1
        self._at_end = False
        self._line_end = ""
        """What the last line of the output lacks."""

    def run(self) -> None:
        self._prepare()
        try:
            status = self._whole()
        except (OSError, ValueError) as error:
            status = {"error": str(getattr(error, "strerror", None) or error)[:1000]}
        self._writer.close()
        self._note(STATUS, status)

    def drain(self) -> None:
        """Become a reader of what processes left behind still write, so that it does not end them."""
        if self._output < 0 or self._at_end:
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

    def _whole(self) -> dict[str, t.Any]:
        with Chroot(self._work.root, self._work.binds):
            self._say(self._work.opening)
            self._start()
            self._note(PIDS, {"supervisor": os.getpid(), "script": self._script, **self._identity()})
            self._follow()
        lost = self._writer.dropped
        self._say(f"{self._line_end}{self._work.farewell(self._exit or 0)}")
        unsaid = self._writer.dropped > 0
        return {
            "unsaid": unsaid,
            "missing": lost if unsaid else 0,
            "code": self._exit,
            "stopped": self._stopped,
            "timed_out": self._timed_out,
            "left": not self._at_end,
        }

    def _identity(self) -> dict[str, t.Any]:
        return {"started": started_at(self._script)}

    def _start(self) -> None:
        self._output, writing = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self._output, getattr(fcntl, "F_SETPIPE_SZ", 1031), _PIPE)
        work = self._work
        try:
            self._process = subprocess.Popen(
                work.command,
                cwd=None if work.root else work.directory,
                env=dict(work.environment),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                preexec_fn=self._enter if work.root else None,
            )
        finally:
            os.close(writing)
        self._script = self._process.pid

    def _enter(self) -> None:
        os.chroot(self._work.root)
        os.chdir(self._work.directory)

    # -- until it has ended

    def _follow(self) -> None:
        deadline = time.monotonic() + self._work.timeout if self._work.timeout > 0 else None
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while not self._over():
            if deadline is not None and time.monotonic() >= deadline:
                deadline = None
                self._timed_out = self._exit is None
            self._end_group()
            for number, _events in poll.poll(int(_STEP * 1000)):
                if number == self._wake:
                    self._drain_wake()
                elif not self._take():
                    self._at_end = True
                    poll.unregister(self._output)
            self._reap()
        self._take_the_rest()

    def _over(self) -> bool:
        """Ended; and when it had to be ended, all of its group."""
        if self._exit is None:
            return False
        return self._kill_at is None or not self._signal(0)

    def _end_group(self) -> None:
        """Ask the group to end when that is due, and insist after the grace period."""
        if self._kill_at is None:
            if self._exit is None and (self._stopped or self._timed_out):
                why = "the agent is to end" if self._stopped else f"it took {self._work.timeout:g} s"
                self._say(f"\nThe script is being ended: {why}\n")
                self._kill_at = time.monotonic() + self._work.grace
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
        if self._exit is None:
            self._exit = self._process.poll()

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 4096)

    # -- its output

    def _take(self) -> bool:
        data = os.read(self._output, _BUFFER)
        if data:
            self._say(data)
            self._line_end = "" if data.endswith(b"\n") else "\n"
        return bool(data)

    def _take_the_rest(self) -> None:
        """What is in the pipe when the script has ended; what comes later is not its own."""
        os.set_blocking(self._output, False)
        deadline = time.monotonic() + _DRAIN
        with contextlib.suppress(BlockingIOError):
            while not self._at_end and time.monotonic() < deadline:
                self._at_end = not self._take()

    def _say(self, said: bytes | str) -> None:
        data = said.encode() if isinstance(said, str) else said
        self._writer.append(data)
        if self._work.echo:
            with contextlib.suppress(OSError):
                os.write(1, data)

    def _note(self, name: str, document: dict[str, t.Any]) -> None:
        """Overwrite a file that is there already, and large enough: that works on a full disk too."""
        text = json.dumps(document).ljust(NOTE_SIZE)
        descriptor = os.open(os.path.join(self._work.folder, name), os.O_WRONLY | os.O_CLOEXEC)
        os.pwrite(descriptor, text.encode(), 0)
        os.close(descriptor)


def supervise(work: Launch, keep: t.Collection[int]) -> t.NoReturn:
    """The life of a forked supervisor; ``keep`` are the descriptors that stay open beside the first three."""
    gc.disable()
    try:
        _close_all_but({0, 1, 2, *keep})
        supervisor = Supervisor(work)
        supervisor.run()
        for descriptor in keep:
            os.close(descriptor)
        supervisor.drain()
    finally:
        os._exit(0)


def _close_all_but(kept: t.Collection[int]) -> None:
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = list(range(3, 1024))
    for number in numbers:
        if number not in kept:
            with contextlib.suppress(OSError):
                os.close(number)
