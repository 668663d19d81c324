# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where jobs come from: the server, or the notes of an agent that was ended in the middle of one."""

from __future__ import annotations

import shutil
import uuid

from ...client.client import Object
from ...client.errors import Conflict
from ..checkpoints import reached
from ..context import Workbench
from ..retry import Stopped
from ..script import chroot, supervised
from ..state import ASKED, ENDED, ENDING, RECEIVED, Record
from . import job_requests as offers
from .job_log import JobLog
from .spool import Spool
from .task_runner import TaskRunner


class NotRunnable(Exception):
    """The machine must not run anything now; something has changed since it was last seen."""


class JobDesk:
    """Holds at most one job: :attr:`record` is the one to go on with."""

    def __init__(self, bench: Workbench, machine: str) -> None:
        self.record: Record | None = None
        self._bench = bench
        self._client = bench.client
        self._machine = machine

    # -- from the server

    def next(self, root: str) -> tuple[Record, Object] | None:
        """The job at hand, or what the server has for us; None for nothing.

        ``root`` is the chroot that a new job will run in.  Raises NotRunnable.
        """
        if self.record is not None:
            return self.record, self._client.get("jobs", self.record.job)
        return self._ask(root)

    def _ask(self, root: str) -> tuple[Record, Object] | None:
        """Ask in a way that neither a lost answer nor our own death loses the job."""
        record = self.record = Record(job=str(uuid.uuid4()), chroot=root)
        self._bench.store.note(record)
        reached("job asked for")
        try:
            job = offers.next_job(self._client, self._machine, record.job, self._bench.context)
        except Conflict as error:
            if self._client.get("machines", self._machine).get("Runnable"):
                raise
            self.done(record)
            raise NotRunnable(str(error)) from error
        if job is None:
            self.done(record)
            return None
        record.fresh = job["Uuid"] == record.job
        record.job, record.phase = str(job["Uuid"]), RECEIVED
        self._bench.store.note(record)
        reached("job received")
        return record, job

    def runner(self, machine: Object, record: Record, job: Object) -> TaskRunner:
        """The runner of a job that is a task."""
        return TaskRunner(self._bench, machine, record, job)

    def done(self, record: Record) -> None:
        """The job is over for good."""
        self.record = None
        self._bench.store.forget(record)

    # -- from an earlier agent

    def settle(self) -> None:
        """Find the job to go on with; any other that is open here has nobody who works at it, and fails.

        The machine is read for this only: whoever holds a snapshot keeps it.
        """
        record = self.record or self._bench.store.record()
        self.record = None
        live = self._client.get("machines", self._machine)
        if record is not None and self._goes_on(record, live):
            self.record = record
            return
        if record is not None:
            self._abandon(record)
        current = offers.find_job(self._client, str(live.get("CurrentJob") or ""))
        if current is not None and current["State"] in offers.OPEN and self._is_of_our_context(current):
            offers.fail(self._client, current)

    def forget_strays(self) -> None:
        """Remove what is left of jobs other than the noted one, and end their scripts."""
        record = self._bench.store.record()
        for job in self._bench.store.leftovers():
            if record is None or job != record.job:
                supervised.end(self._bench.store.run_of(job), self._bench.manners.kill_grace)
                shutil.rmtree(self._bench.store.folder(job), ignore_errors=True)

    def _goes_on(self, record: Record, live: Object) -> bool:
        """Whether the noted job is still to be worked at, and by us."""
        rebooted = record.boot != self._bench.store.boot
        record.stale = record.stale or rebooted
        if record.phase == ENDED:
            return not rebooted
        job = offers.find_job(self._client, record.job)
        if job is None:
            return False
        if record.phase == ENDING:
            return True
        if record.phase == ASKED:
            record.phase = RECEIVED
        elsewhere = rebooted and job.get("BootEnv") != live.get("BootEnv")
        return job["State"] in (*offers.OPEN, "incomplete") and not elsewhere

    def _abandon(self, record: Record) -> None:
        """Nobody waits for this job any more: end its script, and fail it where it is still open."""
        supervised.end(self._bench.store.run_of(record.job), self._bench.manners.kill_grace)
        if record.chroot:
            chroot.undo(record.chroot, (self._bench.runner_dir,))
        self._send_log(record)
        job = offers.find_job(self._client, record.job)
        if job is not None and job["State"] in offers.OPEN:
            offers.fail(self._client, job)
        self._bench.store.forget(record)

    def _send_log(self, record: Record) -> None:
        """What the server does not have yet of the log; it takes that whatever the job's state is."""
        spool = Spool(self._bench.store.spool_of(record.job))
        if not spool.end():
            return
        log = JobLog(self._client, record.job, spool, self._bench.pulse, fresh=record.fresh)
        try:
            log.flush()
        except Stopped:
            self._bench.report(f"The rest of the log of job {record.job} is lost: the agent must end")
        finally:
            log.close()

    def _is_of_our_context(self, job: Object) -> bool:
        return (job.get("Context") or "") == self._bench.context
