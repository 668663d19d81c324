# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a wait reports: how it ended, what is missing, which task failed and what its log said last."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import DrpError
from ...client.objects import jobs
from ...client.waiting.wait import COMPLETE, DELETED, FAILED, INTERRUPT, TIMEOUT, Waiter, Watch
from ...client.waiting.watch import JOB, KINDS_WITH_JOB
from ...converge.show import HIDDEN, masked
from ...converge.task import Result
from . import batch_end

_MAX_LISTED = 5
"""The maximum number of objects in a message; the result holds all."""
_MAX_LOGS = 3
_LOG_TIMEOUT = 5.0
_JOB_MEMBERS = ("Uuid", "Task", "Stage", "Workflow", "State", "ExitState", "StartTime", "EndTime")


@dataclasses.dataclass
class Report:
    """The result of one wait, in words and as data."""

    client: Client
    waiter: Waiter
    outcome: str
    log_lines: int
    single: bool
    _orders: dict[str, Watch] = dataclasses.field(default_factory=dict, init=False)
    """Batch -> the work order of it that has failed, as far as that was looked for."""

    def complete(self) -> Result:
        return self._result()

    def pending(self) -> Result:
        """For check mode: nothing failed, it is only not so far."""
        return {**self._result(), "outcome": "pending", "msg": self._message([])}

    def failed(self) -> Result:
        """With the last lines of the logs of the jobs that matter, as far as they can be read."""
        causes = self._failure_causes()
        self._find_failed_orders(causes[: 1 if self.single else _MAX_LOGS])
        logs = self._logs(causes)
        result = {**self._result(), "failed": True}
        for entry in result.get("results", ()):
            if entry["key"] in logs:
                entry["log"] = logs[entry["key"]]
        shown_logs = [(self._log_source(watch), logs[watch.key]) for watch in causes if watch.key in logs]
        if self.single and shown_logs:
            result["log"] = shown_logs[0][1]
        result["msg"] = self._message(shown_logs)
        return result

    def progress(self) -> str:
        """One progress line: ``412 of 500, slowest: node-7 (...)``."""
        slowest = min(self._with_outcome(pending=True), key=_task_progress, default=None)
        slowest_text = (
            f", slowest: {_name(slowest)} ({slowest.until.why_unmet(_masked_view(slowest))})"
            if slowest
            else ""
        )
        read_error = f"; {'; '.join(self.waiter.read_error.messages)}" if self.waiter.read_error else ""
        done = len(self._with_outcome(COMPLETE))
        return f"{done} of {self.waiter.needed} after {self.waiter.seconds:.0f} s{slowest_text}{read_error}"

    # -- inside

    @property
    def _watches(self) -> list[Watch]:
        return list(self.waiter.watches.values())

    def _with_outcome(self, *outcomes: str, pending: bool = False) -> list[Watch]:
        return [watch for watch in self._watches if watch.outcome in outcomes or (pending and watch.pending)]

    def _failure_causes(self) -> list[Watch]:
        """Those that are the reason of a failure, the failed ones first."""
        return [
            *self._with_outcome(FAILED),
            *self._with_outcome(DELETED),
            *sorted(self._with_outcome(pending=True), key=_task_progress),
        ]

    def _result(self) -> Result:
        result: Result = {
            "changed": False,
            "outcome": self.outcome,
            "waited": round(self.waiter.seconds, 3),
        }
        if self.single:
            # without a watch it was gone before, as it should be
            for watch in self._watches:
                result["object"] = masked(watch.kind, watch.item)
                if watch.job:
                    result["job"] = _brief_job(watch)
            return result
        result.update(
            complete=len(self._with_outcome(COMPLETE)),
            failures=len(self._with_outcome(FAILED, DELETED)),
            total=len(self._watches),
            results=[self._entry(watch) for watch in self._watches],
        )
        return result

    def _message(self, logs: list[tuple[Watch, list[str]]]) -> str:
        seconds = self.waiter.seconds
        after = "at once" if seconds < 0.1 else f"after {seconds:.{0 if seconds >= 10 else 1}f} s"
        ended = {
            TIMEOUT: f"not complete {after}",
            FAILED: f"failed {after}",
            DELETED: f"deleted {after}",
            INTERRUPT: f"interrupted {after}",
        }[self.outcome]
        if self.single:
            watch = self._watches[0]
            text = f"{_label(watch)}: {ended}: {self._reason(watch)}"
        else:
            text = self._many_message(ended)
        if self.waiter.read_error:
            text += f". The server cannot be read: {'; '.join(self.waiter.read_error.messages)}"
        for watch, lines in logs:
            text += f"\nThe last lines of the log of {_name(watch)}, task {(watch.job or {}).get('Task')}:\n"
            text += "\n".join(f"  {line}" for line in lines)
        return text

    def _many_message(self, ended: str) -> str:
        done, total = len(self._with_outcome(COMPLETE)), len(self._watches)
        wanted = f", {self.waiter.needed} are required" if self.waiter.needed != total else ""
        text = f"{ended}: {done} of {total} are complete{wanted}"
        for word, watches in (
            ("failed", self._with_outcome(FAILED)),
            ("deleted", self._with_outcome(DELETED)),
            ("pending", sorted(self._with_outcome(pending=True), key=_task_progress)),
        ):
            if watches:
                reasons = "; ".join(
                    f"{_name(watch)}: {self._reason(watch)}" for watch in watches[:_MAX_LISTED]
                )
                more = f"; and {len(watches) - _MAX_LISTED} more" if len(watches) > _MAX_LISTED else ""
                text += f". {len(watches)} {word}: {reasons}{more}"
        return text

    def _find_failed_orders(self, causes: t.Sequence[Watch]) -> None:
        """Look which work order made a batch fail; without an answer, there is nothing to say about it."""
        client = self.client.with_timeout(_LOG_TIMEOUT)
        for watch in causes:
            if watch.kind == "batches" and watch.outcome == FAILED:
                with contextlib.suppress(DrpError):
                    order = batch_end.failed_order(client, watch)
                    self._orders.update({watch.key: order} if order else {})

    def _log_source(self, watch: Watch) -> Watch:
        """What has the job whose log matters: a batch has none, but its work orders have."""
        return self._orders.get(watch.key, watch)

    def _logs(self, causes: t.Sequence[Watch]) -> dict[str, list[str]]:
        """The ends of some logs.  A wait that ended because the server is away does not hang here."""
        if self.log_lines <= 0:
            return {}
        client = self.client.with_timeout(_LOG_TIMEOUT)
        logs = {}
        for watch in causes[: 1 if self.single else _MAX_LOGS]:
            source = self._log_source(watch)
            if source.kind not in KINDS_WITH_JOB or not source.current_job:
                continue
            try:
                if source.job is None:  # no condition asked for it
                    source.remember_job(client.get("jobs", source.current_job))
                logs[watch.key] = jobs.job_log_tail(client, source.current_job, self.log_lines)
            except DrpError as error:
                logs[watch.key] = [f"(the log cannot be read: {'; '.join(error.messages)})"]
        return logs

    def _reason(self, watch: Watch) -> str:
        reason = _reason(watch)
        if watch.kind == "batches" and watch.outcome == FAILED:
            reason += batch_end.in_words(watch.item or {}, self._orders.get(watch.key))
        return reason

    def _entry(self, watch: Watch) -> Result:
        return {**_entry(watch), "reason": self._reason(watch)}


def _reason(watch: Watch) -> str:
    if watch.outcome == DELETED:
        return "it is gone"
    if watch.outcome == COMPLETE:
        return ""
    if watch.item is None:
        return "it was not read"
    if watch.outcome == FAILED and watch.fail_when is not None:
        return watch.fail_when.why_met(_masked_view(watch)) + _own_words(watch)
    if watch.until_deleted:
        return "it is still there"
    if watch.met_since is not None:
        return "it holds, but not yet for long enough"
    reason = watch.until.why_unmet(_masked_view(watch))
    if watch.job and watch.job.get("State"):
        reason += f". Its current job is {watch.job['State']}, task {watch.job.get('Task')}"
    return reason


def _own_words(watch: Watch) -> str:
    """What a work order or a batch says of how it ended, and which task failed."""
    item: t.Mapping[str, t.Any] = watch.item or {}
    words = f" ({item['Status']})" if item.get("Status") else ""
    if watch.kind == "work_orders" and (watch.job or {}).get("State") == "failed":
        words += f". Its task {(watch.job or {}).get('Task')} failed"
    return words


def _masked_view(watch: Watch) -> Result:
    """The view of the object for messages, without secrets."""
    view = _masked(watch.kind, watch.view)
    if JOB in watch.view:
        view[JOB] = _masked("jobs", watch.view[JOB])
    return view


def _masked(kind: str, item: t.Mapping[str, t.Any]) -> Result:
    return {**masked(kind, item), **{name: HIDDEN for name in models.hidden_members(kind) if name in item}}


def _entry(watch: Watch) -> Result:
    entry: Result = {
        "kind": watch.kind,
        "key": watch.key,
        "name": _name(watch),
        "outcome": watch.outcome,
    }
    if watch.job and watch.outcome != COMPLETE:
        entry["job"] = _brief_job(watch)
    return entry


def _brief_job(watch: Watch) -> Result:
    job = watch.job or {}
    return {name: job[name] for name in _JOB_MEMBERS if name in job}


def _name(watch: Watch) -> str:
    return models.label_of(watch.kind, watch.item or {}) or watch.key


def _label(watch: Watch) -> str:
    return f"{models.get(watch.kind).singular} {_name(watch)}"


def _task_progress(watch: Watch) -> float:
    """How far a machine has come in its task list, from 0 to 1."""
    item: t.Mapping[str, t.Any] = watch.item or {}
    tasks = item.get("Tasks") or []
    return max(int(item.get("CurrentTask") or 0), 0) / len(tasks) if tasks else 1.0
