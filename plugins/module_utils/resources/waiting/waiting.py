# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Waiting as a task: ``drp_wait``, and what ``wait: true`` of other modules adds to their results."""

from __future__ import annotations

import dataclasses
import math
import time
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import UsageError
from ...client.waiting.first_read import within
from ...client.waiting.wait import COMPLETE, TIMEOUT, Waiter, Watch
from ...client.waiting.watch import KINDS_WITH_JOB, RUNNERS
from ...converge.progress import Pace
from ...converge.task import Options, Result, Task
from ..listing import Query, select
from ..lookup import find_all
from .condition_options import CONDITION_SPEC, Entry, typed_entries
from .conditions import WaitGoal
from .report import Report

Object = dict[str, t.Any]

_CONDITIONS = {"type": "list", "elements": "dict"}
WAIT_SPEC: dict[str, dict[str, t.Any]] = {
    "until": {**_CONDITIONS, "options": CONDITION_SPEC},
    "any_of": _CONDITIONS,
    "fail_when": _CONDITIONS,
    "stable_for": {"type": "float", "default": 0},
    "log_lines": {"type": "int", "default": 20},
}
"""What is waited for, in ``drp_wait``; what is documented once has suboptions, and else none."""
WAIT_OPTIONS: dict[str, dict[str, t.Any]] = {
    **WAIT_SPEC,
    "until": _CONDITIONS,
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "float", "default": 3600},
}
"""The same for modules that wait after they have done their work."""

_DEFAULT_UNTIL: dict[str, Entry] = {
    **{kind: {"workflow_complete": True} for kind in RUNNERS},
    **{kind: {"path": "State", "equals": "finished"} for kind in ("jobs", "work_orders", "batches")},
}
_DEFAULT_FAIL_WHEN: dict[str, Entry] = {
    **{kind: {"job_failed": True} for kind in RUNNERS},
    "jobs": {"path": "State", "equals": "failed"},
    **{kind: {"path": "State", "in": ["failed", "cancelled"]} for kind in ("work_orders", "batches")},
}


def run(task: Task) -> Result:
    """What ``drp_wait`` does."""
    options, client = task.options, task.client
    check_times(options, "timeout", "stable_for")
    timeout, started = 0.0 if task.check else options["timeout"], time.monotonic()
    goal, members, items = within(timeout, client.endpoint, lambda: _first_read(client, options))
    kind = members.kind
    required_count = _required_count(options, len(items), members.missing(items))
    open_set = members.filtered and options.get("count") is not None
    if members.filtered and not items and not open_set and not goal.deletion:
        raise UsageError(f"filters: no {kind} match {options['filters']}")
    waiter = Waiter(
        client,
        [_watch(kind, item, goal) for item in items],
        timeout,
        required_count=required_count,
        stable_for=0.0 if task.check else options["stable_for"],
        discover=(lambda reader: [_watch(kind, i, goal) for i in members.read(reader)]) if open_set else None,
        kind=kind if open_set else "",
        started=started if timeout else None,
    )
    return _wait(task, waiter, members.single)


def _first_read(client: Client, options: Options) -> tuple[WaitGoal, _WaitedObjects, list[Object]]:
    """What is waited for, and the objects as they are before the wait."""
    kind = client.require_kind(options["kind"]).prefix
    goal = goal_for(kind, options)
    members = _WaitedObjects(client, kind, options, missing_ok=goal.deletion)
    return goal, members, members.read()


def check(task: Task, kinds: t.Iterable[str]) -> None:
    """Raise UsageError for conditions that make no sense, before anything is written."""
    if task.options["wait"]:
        check_times(task.options, "wait_timeout", "stable_for")
        for kind in kinds:
            goal_for(kind, task.options)


def check_times(options: Options, *names: str) -> None:
    """Raise UsageError for what is no time to wait."""
    for name in names:
        if not options[name] >= 0:
            raise UsageError(f"{name}: must be a number of seconds, 0 or more, not {options[name]:g}")


def wait_after_change(task: Task, objects: t.Sequence[tuple[str, Object]], single: bool) -> Result:
    """The wait that ``wait: true`` adds to a task which left ``objects``, each with its kind.

    A result as that of ``drp_wait``; empty when there is nothing to wait for.  What check mode has not
    done cannot be waited for.
    """
    if not task.options["wait"] or task.check or not objects:
        return {}
    options = task.options
    watches = [_watch(kind, item, goal_for(kind, options)) for kind, item in objects]
    waiter = Waiter(task.client, watches, options["wait_timeout"], stable_for=options["stable_for"])
    return _wait(task, waiter, single)


def merge_wait_result(result: Result, waited: Result) -> Result:
    """The result of a task with that of its wait: under ``wait``, and as its failure."""
    if not waited:
        return result
    left_out = ("changed", "failed", "msg", "object")
    wait_result = {name: value for name, value in waited.items() if name not in left_out}
    merged = {**result, "wait": wait_result}
    if waited.get("failed"):
        merged.update(failed=True, msg=waited["msg"])
    return merged


def goal_for(kind: str, options: Options) -> WaitGoal:
    """The conditions of the options, or those that fit the kind."""
    until, any_of, fails = (
        typed_entries(name, options.get(name)) for name in ("until", "any_of", "fail_when")
    )
    if not until and not any_of:
        until = [_DEFAULT_UNTIL.get(kind, {"available": True})]
    if fails is None:
        # a failed job does not matter when the object is to be deleted
        deleting = any(entry.get("deleted") for entry in until or ())
        fails = [_DEFAULT_FAIL_WHEN[kind]] if kind in _DEFAULT_FAIL_WHEN and not deleting else []
    goal = WaitGoal(until, any_of, fails)
    if kind not in KINDS_WITH_JOB and goal.with_job:
        raise UsageError(
            f"job_state, job_failed and Job: only {', '.join(KINDS_WITH_JOB)} have a current job, not {kind}"
        )
    return goal


def _watch(kind: str, item: Object, goal: WaitGoal) -> Watch:
    return Watch(
        kind,
        models.require_key(kind, item),
        goal.until(),
        goal.fail_when(),
        until_deleted=goal.deletion,
        with_job=goal.with_job and kind in KINDS_WITH_JOB,
        item=item,
    )


@dataclasses.dataclass
class _WaitedObjects:
    """The objects that the options name: one, a list, or all that match a filter."""

    client: Client
    kind: str
    options: Options
    missing_ok: bool
    """Whether named objects may be gone: their deletion is waited for."""

    @property
    def filtered(self) -> bool:
        return self.options.get("filters") is not None

    @property
    def single(self) -> bool:
        return not self.filtered and self.options.get("objects") is None

    def read(self, client: Client | None = None) -> list[Object]:
        """The objects as they are, by name or as given; without those that are gone where they may be."""
        client = client or self.client
        if self.filtered:
            found = select(client, self.kind, Query(self.options["filters"]))
            return sorted(found, key=lambda item: models.label_of(self.kind, item))
        return find_all(client, self.kind, self._named, self.missing_ok)

    def missing(self, there: t.Sequence[Object]) -> int:
        """How many of those that are named are not among ``there``."""
        return 0 if self.filtered or not self.missing_ok else len(self._named) - len(there)

    @property
    def _named(self) -> list[str]:
        """What the options call them, each once."""
        option = next(name for name in ("objects", "id", "name") if self.options.get(name) is not None)
        value = self.options[option]
        named = list(dict.fromkeys(value if option == "objects" else [value]))
        if not all(named):
            raise UsageError(f"{option}: must not be empty")
        return named


def _required_count(options: Options, total: int, gone: int) -> int | None:
    """How many of ``total`` objects have to be complete; so are ``gone`` others already."""
    count: int | None = options.get("count")
    percent: int | None = options.get("percent")
    if percent is not None:
        if not 0 < percent <= 100:
            raise UsageError("percent: must be above 0 and at most 100")
        return max(math.ceil((total + gone) * percent / 100) - gone, 0)
    if count is None:
        return None
    if count < 1:
        raise UsageError("count: must be at least 1")
    if count > total + gone and options.get("filters") is None:
        raise UsageError(f"count: {count} is more than the {total + gone} objects that are named")
    return max(count - gone, 0)


def _wait(task: Task, waiter: Waiter, single: bool) -> Result:
    outcome = waiter.run(WaitProgress(task).on_tick)
    report = Report(task.client, waiter, outcome, task.options["log_lines"], single)
    if task.check and outcome == TIMEOUT:
        return report.pending()
    return report.complete() if outcome == COMPLETE else report.failed()


class WaitProgress:
    """Tells how far a wait has come."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._pace = Pace()

    def on_tick(self, waiter: Waiter) -> None:
        if self._pace.is_due():
            self._task.on_progress(Report(self._task.client, waiter, TIMEOUT, 0, single=False).progress())
