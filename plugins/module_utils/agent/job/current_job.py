# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The current job: from the server, or from the record of an agent that was stopped in the middle of one."""

from __future__ import annotations

import os

from ...client.client import Object
from ...client.errors import Conflict, NotFound
from ..checkpoints import reached
from ..context import AgentContext
from ..retry import Stopped
from ..script import chroot, supervised
from ..script.spool import Spool
from ..script.task_files import remove_tree
from ..served import TaskOwner
from ..state import ASKED, ENDED, ENDING, RECEIVED, RUNNING, JobRecord
from . import job_requests
from .job_log import JobLog
from .task_runner import TaskRunner


class NotRunnable(Exception):
    """The owner of the job must not run anything now; it has changed since it was last seen."""


class CurrentJob:
    """Holds at most one job: :attr:`record` is the one to go on with."""

    def __init__(self, agent_context: AgentContext) -> None:
        self.record: JobRecord | None = None
        self._agent_context = agent_context
        self._client = agent_context.client
        self._served = agent_context.served

    # -- from the server

    def resume_or_request(self, root: str, owner: TaskOwner) -> tuple[JobRecord, Object] | None:
        """The current job, or the next one of ``owner`` from the server; None without one.

        ``root`` is the chroot that a new job will run in.  Raises NotRunnable.
        """
        if self.record is not None:
            return self.record, self._client.get("jobs", self.record.job)
        return self._request(root, owner)

    def _request(self, root: str, owner: TaskOwner) -> tuple[JobRecord, Object] | None:
        """Request a job so that neither a lost answer nor a crash of the agent loses it."""
        record = self.record = JobRecord(
            job=_new_uuid(), chroot=root, work_order=owner.job_members.get("WorkOrder", "")
        )
        self._agent_context.store.save_job(record)
        reached("job requested")
        try:
            job = job_requests.next_job(self._client, owner, record.job, self._agent_context.context)
        except Conflict as error:
            if self._may_run(owner):
                raise
            self.clear(record)
            raise NotRunnable(str(error)) from error
        if job is None:
            self.clear(record)
            return None
        record.fresh = job["Uuid"] == record.job
        record.job, record.phase = str(job["Uuid"]), RECEIVED
        if not record.fresh:  # the job that was asked for is found by what is saved already
            self._agent_context.store.save_job(record)
        reached("job received")
        return record, job

    def _may_run(self, owner: TaskOwner) -> bool:
        try:
            now = owner.read(self._client)
        except NotFound:
            return False
        return bool(now.get("Runnable")) and now.get("State", RUNNING) == RUNNING

    def runner(self, machine: Object, record: JobRecord, job: Object) -> TaskRunner:
        """The runner of a job that is a task."""
        return TaskRunner(self._agent_context, machine, record, job)

    def clear(self, record: JobRecord) -> None:
        """Forget the job, which has ended."""
        self.record = None
        self._agent_context.store.delete_job(record)

    # -- from an earlier agent

    def recover(self) -> None:
        """Find the job to go on with; any other that is open here has nobody who works at it, and fails.

        The machine is read for this only: whoever holds a snapshot keeps it.
        """
        record = self.record or self._agent_context.store.load_job()
        self.record = None
        live = self._served.read(self._client)
        if record is not None and self._can_resume(record, live):
            self.record = record
            return
        if record is not None:
            self._abandon(record)
        current = job_requests.find_job(self._client, str(live.get("CurrentJob") or ""))
        if current is not None and current["State"] in job_requests.OPEN and self._is_of_our_context(current):
            job_requests.fail(self._client, current)

    def remove_other_jobs(self) -> None:
        """Remove what is left of jobs other than the noted one, and end their scripts."""
        record = self._agent_context.store.load_job()
        for job in self._agent_context.store.saved_jobs():
            if record is None or job != record.job:
                supervised.stop(
                    self._agent_context.store.run_dir(job), self._agent_context.runner_settings.kill_grace
                )
                remove_tree(self._agent_context.store.job_dir(job))

    def _can_resume(self, record: JobRecord, live: Object) -> bool:
        """Whether the noted job is still to be worked at, and by us."""
        rebooted = record.boot != self._agent_context.store.boot
        record.stale = record.stale or rebooted
        if record.phase == ENDED:
            return not rebooted
        job = job_requests.find_job(self._client, record.job)
        if job is None:
            return False
        if record.phase == ENDING:
            return True
        if record.phase == ASKED:
            record.phase = RECEIVED
        elsewhere = rebooted and job.get("BootEnv") != live.get("BootEnv")
        return job["State"] in (*job_requests.OPEN, "incomplete") and not elsewhere

    def _abandon(self, record: JobRecord) -> None:
        """Abandon this job: end its script, and fail it if it is still open."""
        supervised.stop(
            self._agent_context.store.run_dir(record.job), self._agent_context.runner_settings.kill_grace
        )
        if record.chroot:
            chroot.unmount(record.chroot, (self._agent_context.runner_dir,))
        self._send_log(record)
        job = job_requests.find_job(self._client, record.job)
        if job is not None and job["State"] in job_requests.OPEN:
            job_requests.fail(self._client, job)
        self._agent_context.store.delete_job(record)

    def _send_log(self, record: JobRecord) -> None:
        """What the server does not have yet of the log; it takes that whatever the job's state is."""
        spool = Spool(self._agent_context.store.spool_dir(record.job))
        if not spool.end_offset():
            return
        log = JobLog(self._client, record.job, spool, self._agent_context.stop_signal, fresh=record.fresh)
        try:
            log.flush()
        except Stopped:
            self._agent_context.report(
                f"The rest of the log of job {record.job} is lost: the agent must stop"
            )
        finally:
            log.close()

    def _is_of_our_context(self, job: Object) -> bool:
        return (job.get("Context") or "") == self._agent_context.context


def _new_uuid() -> str:
    """Of version 4.  The module uuid would be loaded for this alone, and platform with it."""
    random = bytearray(os.urandom(16))
    random[6], random[8] = random[6] & 0x0F | 0x40, random[8] & 0x3F | 0x80
    digits = random.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
