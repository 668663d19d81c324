# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One task, as the code of a module sees it, and the shape of the results it hands back."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import DrpError, LoginRequired, NotPermitted
from ..client.masking import mask
from .bulk import NotTried
from .engine import Outcome, converge
from .invocation import STORED_OPTIONS
from .resource import Resource
from .show import difference, masked

Result = dict[str, t.Any]
Options = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Task:
    """One run of one module."""

    options: Options
    check: bool
    client: Client
    on_progress: t.Callable[[str], None]
    """Takes a progress line now and then, for the user at the terminal."""
    secrets: set[str] = dataclasses.field(default_factory=set)
    """Strings in the options that turned out to be secret, to be masked where the options are shown."""
    known_options: set[str] = dataclasses.field(default_factory=set)
    """Options of which all secrets are known by now; others that go into objects are not shown."""


def carry_out(function: t.Callable[[Task], Result], task: Task) -> Result:
    """The result of ``function``; a failed one says ``changed`` when something was written before that."""
    writes = task.client.writes
    try:
        result = function(task)
    except DrpError as error:
        result = failure(error)
    if result.get("failed") and task.client.writes > writes:
        result["changed"] = True
    return result


def failure(error: DrpError, resource: Resource | None = None) -> Result:
    """A failed result with the error in words and, where there is one, as the server's error object."""
    plain = not error.model and (not error.code or isinstance(error, (LoginRequired, NotPermitted)))
    text = "; ".join(error.messages) if plain else str(error)
    if resource is not None and not plain:
        text = f"{resource.label}: {text}"
    result: Result = {"failed": True, "changed": error.changed, "msg": text}
    if error.code:
        result["error"] = error.as_dict()
    return result


def converge_one(task: Task, resource: Resource, name: str) -> Result:
    """Converge one resource; ``name`` is the member of the result that holds the object."""
    try:
        result = _single_result(task, converge(task.client, resource, task.check), name)
        if not result.get("failed") and resource.state != "absent":
            task.known_options.update(STORED_OPTIONS)
        return result
    except DrpError as error:
        return failure(error, resource)
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
        return str(failure(outcome.error, outcome.resource)["msg"])
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
