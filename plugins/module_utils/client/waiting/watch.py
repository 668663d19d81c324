# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The state of one object in a wait: what was read of it, and the outcome."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import UsageError
from .predicates import Condition

Object = dict[str, t.Any]

PENDING = "pending"
COMPLETE = "complete"
FAILED = "failed"
DELETED = "deleted"
JOB = "Job"
"""The member of a view that holds the current job; what has one has no member of that name itself."""
RUNNERS = ("machines", "clusters", "resource_brokers")
"""Kinds that run the tasks of workflows."""
KINDS_WITH_JOB = (*RUNNERS, "work_orders")
"""Kinds whose objects tell their current job."""


@dataclasses.dataclass
class Watch:
    """One object and its conditions.

    ``until`` and ``fail_when`` are asked about the object as the server has it; for one ``with_job``
    also about its current job, as the member ``Job`` (``{}`` without one).  When both hold, ``until`` counts.
    """

    kind: str
    key: str
    until: Condition
    fail_when: Condition | None = None
    until_deleted: bool = False
    """Its deletion is what is waited for."""
    with_job: bool = False
    item: Object | None = None
    outcome: str = PENDING
    met_since: float | None = None
    """Since when, on the monotonic clock, ``until`` has held without interruption."""
    _jobs: dict[str, Object] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.key:
            raise UsageError(f"kind: {self.kind}: an object without a key cannot be waited for")

    @property
    def pending(self) -> bool:
        return self.outcome == PENDING

    @property
    def current_job(self) -> str:
        """The UUID of the machine's current job; "" without one."""
        uuid = str((self.item or {}).get("CurrentJob") or "")
        return "" if set(uuid) <= {"0", "-"} else uuid

    @property
    def job(self) -> Object | None:
        """The machine's current job as far as it was seen."""
        return self._jobs.get(self.current_job)

    @property
    def job_is_unread(self) -> bool:
        return self.with_job and bool(self.current_job) and self.job is None

    @property
    def view(self) -> Object:
        """What the conditions are asked about."""
        item = self.item or {}
        return {**item, JOB: self.job or {}} if self.with_job else item

    def observe(self, item: Object | None, now: float, stable_for: float = 0.0) -> None:
        """Process the current object, or its deletion; ``now`` is on the monotonic clock."""
        if not self.pending:
            return
        if item is None:
            self.outcome = COMPLETE if self.until_deleted else DELETED
            return
        self.item = item
        if not self.job_is_unread:
            self.evaluate(now, stable_for)

    def observe_job(self, job: Object, now: float, stable_for: float = 0.0) -> None:
        """Process a job of the machine. The event of a new job comes before that of its machine."""
        self.remember_job(job)
        if job.get("Uuid") == self.current_job:
            self.evaluate(now, stable_for)

    def remember_job(self, job: Object) -> None:
        """Store a job without an evaluation."""
        uuid = str(job.get("Uuid"))
        kept = {self.current_job, uuid}
        self._jobs = {known: state for known, state in self._jobs.items() if known in kept}
        self._jobs[uuid] = job

    def forget_jobs(self) -> None:
        self._jobs.clear()

    def evaluate(self, now: float, stable_for: float) -> None:
        """Evaluate the conditions on the last known state.  With ``stable_for`` it is complete only after
        :meth:`is_stable`.
        """
        if not self.pending:
            return
        view = self.view
        if not self.until_deleted and self.until(view):
            if stable_for <= 0:
                self.outcome = COMPLETE
            elif self.met_since is None:
                self.met_since = now
            return
        self.met_since = None
        if self.fail_when is not None and self.fail_when(view):
            self.outcome = FAILED

    def is_stable(self, now: float, stable_for: float) -> bool:
        """Whether it has held for long enough, so that one more look may complete it."""
        return self.pending and self.met_since is not None and now >= self.met_since + stable_for
