# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The conditions of ``until``, ``any_of`` and ``fail_when``: options in, questions about objects out."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client.errors import UsageError
from ...client.waiting.predicates import (
    OPERATORS,
    AndItems,
    Changed,
    Compare,
    Condition,
    Object,
    OrItems,
    path_steps,
)
from ...client.waiting.watch import JOB
from .condition_options import CONDITION_SPEC, Entry

Entries = t.Optional[t.Sequence[Entry]]

_MEMBERS = {"stage": "Stage", "bootenv": "BootEnv", "workflow": "Workflow"}
_STATES = {"runnable": "Runnable", "available": "Available"}


def _task_position(item: Object) -> tuple[list[str], int]:
    """The task list of a machine and the position in it; -1 before the first task."""
    tasks = item.get("Tasks") or []
    return tasks, int(item.get("CurrentTask") or 0) if tasks else 0


@dataclasses.dataclass(frozen=True)
class WorkflowComplete:
    """Whether nothing of the task list is left to do; so it is without any task.

    A v4 server says so itself; on v3.12 the position in the list has reached its end, which happens when
    the agent asks for more after its last task.
    """

    wanted: bool = True

    def __call__(self, item: Object) -> bool:
        if "WorkflowComplete" in item:
            return bool(item["WorkflowComplete"]) == self.wanted
        tasks, position = _task_position(item)
        return (position >= len(tasks)) == self.wanted

    def why_met(self, item: Object) -> str:
        tasks, position = _task_position(item)
        if not tasks:
            where = "no tasks"
        elif position >= len(tasks):
            where = f"all {len(tasks)} tasks done"
        elif position < 0:
            where = "no task begun"
        else:
            where = f"task {position + 1} of {len(tasks)} ({tasks[position]})"
        stuck = ", and it is not runnable" if position < len(tasks) and not item.get("Runnable") else ""
        return f"workflow {item.get('Workflow') or 'none'}: {where}{stuck}"

    def why_unmet(self, item: Object) -> str:
        return f"{self.why_met(item)}, wanted: {'complete' if self.wanted else 'not complete'}"


@dataclasses.dataclass(frozen=True)
class JobFailed:
    """Whether the machine stands still because its current job failed.

    The job must be the one at the machine's present place in its task list, and the machine not runnable:
    a machine that was set going again, or has got another workflow, still shows its old job until
    its agent asks for the next one.
    """

    wanted: bool = True

    def __call__(self, item: Object) -> bool:
        job = item.get(JOB) or {}
        failed = (
            job.get("State") == "failed"
            and not item.get("Runnable")
            and job.get("CurrentIndex") == item.get("CurrentTask")
        )
        return failed == self.wanted

    def why_met(self, item: Object) -> str:
        job = item.get(JOB) or {}
        return f"task {job.get('Task')} of stage {job.get('Stage')} failed"

    def why_unmet(self, item: Object) -> str:
        state = (item.get(JOB) or {}).get("State", "none")
        return f"its current job is {state}, wanted: {'failed' if self.wanted else 'not failed'}"


@dataclasses.dataclass(frozen=True)
class WaitGoal:
    """What is wanted, to be bound to one object by :meth:`until` (some conditions remember)."""

    all_of: Entries
    any_of: Entries
    fails: Entries

    def __post_init__(self) -> None:
        single = len(self.all_of or ()) == 1 and not self.any_of
        for option, entries in (("until", self.all_of), ("any_of", self.any_of)):
            for number, entry in enumerate(entries or (), 1):
                if entry.get("deleted") and not (single and len(_given(entry)) == 1):
                    raise UsageError(f"{option}, number {number}: deleted must be the only condition")
        for number, entry in enumerate(self.fails or (), 1):
            if entry.get("deleted"):
                raise UsageError(
                    f"fail_when, number {number}: leave deleted out; a deletion ends the waiting in any case"
                )
        # errors in them must be reported before the first request to the server
        self.until()
        self.fail_when()

    @property
    def deletion(self) -> bool:
        return any(entry.get("deleted") for entry in self.all_of or ())

    def until(self) -> Condition:
        tests = _build_conditions("until", self.all_of)
        if self.any_of:
            tests.append(OrItems(tuple(_build_conditions("any_of", self.any_of))))
        return AndItems(tuple(tests))

    def fail_when(self) -> Condition | None:
        tests = _build_conditions("fail_when", self.fails)
        return OrItems(tuple(tests)) if tests else None

    @property
    def with_job(self) -> bool:
        """Whether a machine's current job has to be known."""
        entries = [*(self.all_of or ()), *(self.any_of or ()), *(self.fails or ())]
        return any(
            entry.get("job_failed") is not None
            or entry.get("job_state")
            or path_steps(str(entry.get("path") or ""))[0] == JOB
            for entry in entries
        )


def _build_conditions(option: str, entries: Entries) -> list[Condition]:
    tests = []
    for number, entry in enumerate(entries or (), 1):
        try:
            tests.append(_condition(_given(entry)))
        except UsageError as error:
            raise UsageError(f"{option}, number {number}: {'; '.join(error.messages)}") from None
    return tests


def _given(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value is not None}


def _condition(entry: Entry) -> Condition:
    """One entry: everything it says must hold."""
    tests: list[Condition] = [
        Compare(member, "equals", entry[name])
        for names in (_MEMBERS, _STATES)
        for name, member in names.items()
        if name in entry
    ]
    if "workflow_complete" in entry:
        tests.append(WorkflowComplete(entry["workflow_complete"]))
    if "job_failed" in entry:
        tests.append(JobFailed(entry["job_failed"]))
    if "job_state" in entry:
        tests.append(Compare(f"{JOB}.State", "in", entry["job_state"]))
    tests += _comparisons(entry)
    if not tests and not entry.get("deleted"):
        raise UsageError(f"is empty; set one of {', '.join(CONDITION_SPEC)}")
    return tests[0] if len(tests) == 1 else AndItems(tuple(tests))


def _comparisons(entry: Entry) -> list[Condition]:
    operators = [name for name in (*OPERATORS, "changed") if name in entry]
    path = entry.get("path")
    if path is None:
        if operators:
            raise UsageError(f"{', '.join(operators)}: path is required")
        return []
    if not operators:
        raise UsageError(f"path: {path} requires one of {', '.join((*OPERATORS, 'changed'))}")
    tests: list[Condition] = [Compare(path, name, entry[name]) for name in operators if name != "changed"]
    if "changed" in entry:
        if not entry["changed"]:
            raise UsageError(f"{path}: changed can only be true")
        tests.append(Changed(path))
    return tests
