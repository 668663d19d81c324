# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The persistent state of the agent: the machine as it last saw it, and the current job.

Each is a document in a file of its own, see :mod:`.journal`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import re
import time
import typing as t

from ..client.errors import UsageError
from ..client.files import own
from .job.exit_codes import Flags
from .journal import Journal
from .script.launch import boot_id, started_at
from .script.task_files import remove_tree

_HANDED_ON = 20.0
"""Seconds; how long a lock may outlive its agent: a process that it forked has not run yet."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

ASKED = "asked"
"""The server was asked for a job with this UUID; it may have made it."""
RECEIVED = "received"
RUNNING = "running"
ENDING = "ending"
"""The outcome is decided, and has to reach the server."""
ENDED = "ended"
"""The server knows the outcome; what the task asked of the agent has to be done."""


@dataclasses.dataclass
class JobRecord:
    """The current job."""

    job: str
    phase: str = ASKED
    boot: str = ""
    fresh: bool = True
    """The server made the job for this run of it, so its log held nothing of ours before."""
    task_dir: str = ""
    actions: list[str] = dataclasses.field(default_factory=list)
    done: int = 0
    """Actions that have been finished."""
    begun: bool = False
    """The script of the next one may have been started."""
    chroot: str = ""
    work_order: str = ""
    """The work order whose task it runs; "" for a task of the machine itself."""
    stopped: bool = False
    """It is left incomplete only because the agent was stopped."""
    stale: bool = False
    """The machine has rebooted since."""
    final_state: str = ""
    closing_at: int = 0
    """The length of the log when the outcome was decided: beyond it are the closing lines."""
    flags: dict[str, bool] = dataclasses.field(default_factory=dict)

    @property
    def outcome(self) -> Flags:
        return Flags(**self.flags)

    def set_outcome(self, state: str, flags: Flags) -> None:
        """Fix the outcome."""
        self.phase, self.final_state, self.flags = ENDING, state, dataclasses.asdict(flags)


@dataclasses.dataclass
class SavedState:
    """State that is kept when the agent restarts, but not when the machine reboots."""

    boot: str = ""
    machine: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    state: str = ""
    chroot: str = ""
    runner_dir: str = ""
    work_order: str = ""
    """The current work order."""
    not_served: str = ""
    """What waits for the agent, and why it does not serve it."""
    stopped_at_work: bool = False
    """The agent was stopped in the middle of a job, for which it made the machine not runnable."""


def plain_key(key: str) -> str:
    """``key`` as a file may be called; UsageError for one that would lead somewhere else."""
    if not _PLAIN_KEY.fullmatch(key):
        raise UsageError(f"{key[:80]!r} is not a UUID, and no file can be named after it")
    return key


class Store:
    """The files of one machine in the state directory, which is made 0700 when it is not there."""

    def __init__(self, directory: str, machine: str) -> None:
        self.directory = directory
        self.machine = plain_key(machine)
        self.boot = boot_id()
        self._lock: Lock | None = None
        self._state, self._job = (Journal(self._path(kind)) for kind in ("state", "job"))
        self.write_error = ""
        """Why the last write failed; the agent goes on without."""
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"state_dir: {directory} cannot be created: {error.strerror or error}"
            ) from error
        if not own.is_safe_folder(directory):
            raise UsageError(f"state_dir: other users can change {directory}, or a folder above it")

    def lock(self) -> None:
        """Lock the machine for this agent; UsageError when another agent has locked it."""
        self._lock = Lock(self.directory, self.machine)

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock = None
        for journal in (self._state, self._job):
            journal.close()

    # -- memory

    def load_state(self) -> SavedState:
        """What was kept in this boot of the machine; empty when there is nothing, or nothing readable."""
        known = _load(self._state, SavedState)
        usable = known is not None and known.boot == self.boot and known.machine.get("Uuid") == self.machine
        return known if known is not None and usable else SavedState(boot=self.boot)

    def save_state(self, saved_state: SavedState) -> None:
        saved_state.boot = self.boot
        self._save("state", self._state, saved_state, durable=False)

    # -- the job

    def load_job(self) -> JobRecord | None:
        """The job that an earlier agent was at, in whatever boot."""
        return _load(self._job, JobRecord)

    def save_job(self, record: JobRecord, durable: bool = False) -> None:
        """Keep the record; ``durable`` even through a loss of power right afterwards."""
        record.boot = self.boot
        self._save("job", self._job, record, durable)

    def delete_job(self, record: JobRecord | None) -> None:
        """Forget the job, which has ended."""
        with contextlib.suppress(OSError):
            self._job.clear()
        if record is not None:
            remove_tree(self.job_dir(record.job))

    def job_dir(self, job: str) -> str:
        """Where a job keeps its log and its running script."""
        return os.path.join(self.directory, "jobs", plain_key(job))

    def spool_dir(self, job: str) -> str:
        return os.path.join(self.job_dir(job), "spool")

    def run_dir(self, job: str) -> str:
        return os.path.join(self.job_dir(job), "run")

    def saved_jobs(self) -> list[str]:
        """The jobs that have a folder."""
        try:
            found = os.listdir(os.path.join(self.directory, "jobs"))
            return sorted(filter(_PLAIN_KEY.fullmatch, found))
        except OSError:
            return []

    # -- inside

    def _path(self, kind: str) -> str:
        return os.path.join(self.directory, f"{self.machine}.{kind}")

    def _save(self, kind: str, journal: Journal, document: JobRecord | SavedState, durable: bool) -> None:
        try:
            journal.save(vars(document), durable)
            self.write_error = ""
        except OSError as error:
            self.write_error = f"Cannot store the {kind} in {self.directory}: {error.strerror or error}"


Kept = t.TypeVar("Kept", SavedState, JobRecord)


def _load(journal: Journal, kind: type[Kept]) -> Kept | None:
    document = journal.load()
    known = {field.name for field in dataclasses.fields(kind)}
    try:
        return kind(**{name: value for name, value in document.items() if name in known})
    except (TypeError, AttributeError):
        return None


class Lock:
    """One agent per machine: held until the process ends, whichever way."""

    def __init__(self, directory: str, machine: str) -> None:
        """Raises UsageError when another agent holds it."""
        self._path = os.path.join(directory, f"{machine}.lock")
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _HANDED_ON
        while not self._try():
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            # that of a killed agent is let go by the script's supervisor as soon as this gets to run
            if time.monotonic() < deadline and holder.isdigit() and not started_at(int(holder)):
                time.sleep(0.02)
                continue
            os.close(self._descriptor)
            raise UsageError(
                f"another agent (process {holder or 'unknown'}) already runs for machine {machine}"
            )
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        os.close(self._descriptor)

    @staticmethod
    def holder(directory: str, machine: str) -> int | None:
        """The process that holds the lock; None when there is none."""
        try:
            descriptor = os.open(os.path.join(directory, f"{machine}.lock"), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).strip()
            return int(holder) if holder.isdigit() else 0
        finally:
            os.close(descriptor)
        return None
