# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Resources converged, and the outcomes as the result of a task."""

from __future__ import annotations

import typing as t

from ..client import models
from ..client.errors import DrpError
from ..client.masking import mask
from .bulk import NotTried
from .engine import Outcome, converge
from .invocation import STORED_OPTIONS
from .resource import Resource
from .show import difference, masked
from .task import Result, Task, failure


def converge_one(task: Task, resource: Resource, name: str) -> Result:
    """Converge one resource; ``name`` is the member of the result that holds the object."""
    try:
        result = _single_result(task, converge(task.client, resource, task.check), name)
        if not result.get("failed") and resource.state != "absent":
            task.known_options.update(STORED_OPTIONS)
        return result
    except DrpError as error:
        return failure(error, resource.label)
    finally:
        task.secrets.update(resource.secrets)


def _single_result(task: Task, outcome: Outcome, name: str) -> Result:
    kind = outcome.resource.kind
    result: Result = {"changed": outcome.changed, "action": outcome.action, "conflicts": outcome.conflicts}
    if outcome.resource.state != "absent":
        result[name] = masked(kind, outcome.item)
        result["errors"] = outcome.problems
    before, after = _diff_sides(outcome)
    result["diff"] = {
        "before": before,
        "after": after,
        "before_header": outcome.resource.label,
        "after_header": outcome.resource.label,
    }
    if outcome.warnings:
        result["warnings"] = outcome.warnings
    if _is_unavailable(task, outcome):
        result.update(failed=True, msg=_unavailable_message(outcome))
    return mask(result, outcome.resource.unsealed)


def bulk_result(task: Task, outcomes: t.Sequence[Outcome]) -> Result:
    """The result of several resources: one entry each, and one diff of all."""
    task.secrets.update(*(outcome.resource.secrets for outcome in outcomes))
    skipped = sum(isinstance(outcome.error, NotTried) for outcome in outcomes)
    failed = [
        outcome
        for outcome in outcomes
        if _is_unavailable(task, outcome)
        or (outcome.error is not None and not isinstance(outcome.error, NotTried))
    ]
    before: Result = {}
    after: Result = {}
    for outcome in outcomes:
        if outcome.changed:
            name = f"{outcome.resource.kind}/{models.label_of(outcome.resource.kind, outcome.resource.spec)}"
            before[name], after[name] = _diff_sides(outcome)
    result: Result = {
        "changed": any(outcome.changed for outcome in outcomes),
        "results": [_entry_result(task, outcome) for outcome in outcomes],
        "diff": {"before": before, "after": after},
    }
    warnings = [warning for outcome in outcomes for warning in outcome.warnings]
    if warnings:
        result["warnings"] = warnings
    if not failed and not skipped and all(outcome.resource.state != "absent" for outcome in outcomes):
        task.known_options.update(STORED_OPTIONS)
    if failed:
        messages = [_entry_message(task, outcome) for outcome in failed[:5]]
        more = f"; and {len(failed) - 5} more, see results" if len(failed) > 5 else ""
        count = f"{len(failed)} of {len(outcomes)} failed" + (f", {skipped} skipped" if skipped else "")
        result.update(failed=True, msg=f"{count}: " + "; ".join(messages) + more)
    return mask(result, {text for outcome in outcomes for text in outcome.resource.unsealed})


def _entry_result(task: Task, outcome: Outcome) -> Result:
    """One line of a bulk result: what it was, what was done, and why not."""
    resource = outcome.resource
    item = outcome.item or resource.spec
    entry: Result = {
        "kind": resource.kind,
        "name": models.label_of(resource.kind, item) or resource.lookup,
        "key": models.key_of(resource.kind, item),
        "action": _action(outcome),
        "changed": outcome.changed,
        "conflicts": outcome.conflicts,
        "errors": outcome.problems,
    }
    if outcome.error is not None:
        entry["error"] = outcome.error.as_dict()
        entry["msg"] = _entry_message(task, outcome)
    if task.options.get("return_objects") and outcome.item is not None:
        entry["object"] = masked(resource.kind, outcome.item)
    return entry


def _action(outcome: Outcome) -> str:
    if outcome.error is None:
        return outcome.action
    return "skipped" if isinstance(outcome.error, NotTried) else "failed"


def _entry_message(task: Task, outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(failure(outcome.error, outcome.resource.label)["msg"])
    return _unavailable_message(outcome) if _is_unavailable(task, outcome) else ""


def _diff_sides(outcome: Outcome) -> tuple[Result, Result]:
    if not outcome.changed:
        return {}, {}
    gone = outcome.resource.state == "absent"
    return difference(outcome.resource.kind, outcome.before, None if gone else outcome.planned)


def _is_unavailable(task: Task, outcome: Outcome) -> bool:
    return bool(outcome.resource.require_available and outcome.problems and not task.check)


def _unavailable_message(outcome: Outcome) -> str:
    return (
        f"{outcome.resource.label} is stored but not available: {'; '.join(outcome.problems)} "
        "(set require_available: false to accept this)"
    )
