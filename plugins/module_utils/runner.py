# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""run(): what modules and the action plugin share.  Options in, a result out, never a traceback."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from .client import models, settings
from .client.client import Client
from .client.errors import DrpError, LoginRequired, NotPermitted
from .converge.bulk import Bulk, NotTried
from .converge.engine import Outcome, converge
from .converge.resource import Resource
from .converge.show import difference, shown
from .options import connection_options
from .resources import machine, objects

Result = dict[str, t.Any]
Options = t.Mapping[str, t.Any]

_clients: dict[tuple[int, settings.Settings], Client] = {}


@dataclasses.dataclass(frozen=True)
class Call:
    """One run of one module."""

    options: Options
    check: bool
    client: Client


def run(
    module: str, options: Options, check: bool = False, environ: t.Mapping[str, str] | None = None
) -> Result:
    """The result of ``module`` (its name without the collection), for exit_json or as it stands.

    A result with ``failed`` also has ``msg``, and everything that was done before the failure.
    """
    try:
        client = client_for(settings.resolve(connection_options(options), environ))
        return _MODULES[module](Call(options, check, client))
    except DrpError as error:
        return failure(error)


def environment_secrets(options: Options, environ: t.Mapping[str, str]) -> set[str]:
    """Secrets that came from the environment or from inside ``key``, to be masked as options are."""
    try:
        return settings.resolve(connection_options(options), environ).secrets
    except DrpError:
        return set()


def client_for(wanted: settings.Settings) -> Client:
    """A client for these settings, kept for the next item of a loop in the same process."""
    place = (os.getpid(), wanted)
    if place not in _clients:
        _clients[place] = settings.connect(wanted)
    return _clients[place]


def failure(error: DrpError, resource: Resource | None = None) -> Result:
    """A failed result with the error in words and, where there is one, as the server's error object."""
    plain = not error.model and (not error.code or isinstance(error, (LoginRequired, NotPermitted)))
    text = "; ".join(error.messages) if plain else str(error)
    if resource is not None and not plain:
        text = f"{resource.label}: {text}"
    result: Result = {"failed": True, "changed": False, "msg": text}
    if error.code:
        result["error"] = error.as_dict()
    return result


def _machine(call: Call) -> Result:
    return _one(call, machine.from_options(call.options), "machine")


def _object(call: Call) -> Result:
    resources = objects.from_options(call.options, call.client)
    if call.options.get("resources") is None:
        return _one(call, resources[0], "object")
    outcomes = Bulk(call.client, resources, call.check, call.options["continue_on_error"]).run()
    return _many(call, outcomes)


_MODULES: dict[str, t.Callable[[Call], Result]] = {"drp_machine": _machine, "drp_object": _object}


def _one(call: Call, resource: Resource, name: str) -> Result:
    try:
        return _single(call, converge(call.client, resource, call.check), name)
    except DrpError as error:
        return failure(error, resource)


def _single(call: Call, outcome: Outcome, name: str) -> Result:
    kind = outcome.resource.kind
    result: Result = {"changed": outcome.changed, "action": outcome.action, "conflicts": outcome.conflicts}
    if outcome.resource.state != "absent":
        result[name] = shown(kind, outcome.item)
        result["errors"] = outcome.problems
    before, after = _sides(outcome)
    result["diff"] = {
        "before": before,
        "after": after,
        "before_header": outcome.resource.label,
        "after_header": outcome.resource.label,
    }
    if outcome.warnings:
        result["warnings"] = outcome.warnings
    if _unusable(call, outcome):
        result.update(failed=True, msg=_unusable_text(outcome))
    return result


def _many(call: Call, outcomes: t.Sequence[Outcome]) -> Result:
    skipped = sum(isinstance(outcome.error, NotTried) for outcome in outcomes)
    failed = [
        outcome
        for outcome in outcomes
        if _unusable(call, outcome) or (outcome.error is not None and not isinstance(outcome.error, NotTried))
    ]
    before: Result = {}
    after: Result = {}
    for outcome in outcomes:
        if outcome.changed:
            name = f"{outcome.resource.kind}/{models.label_of(outcome.resource.kind, outcome.resource.spec)}"
            before[name], after[name] = _sides(outcome)
    result: Result = {
        "changed": any(outcome.changed for outcome in outcomes),
        "results": [_entry(call, outcome) for outcome in outcomes],
        "diff": {"before": before, "after": after},
    }
    warnings = [warning for outcome in outcomes for warning in outcome.warnings]
    if warnings:
        result["warnings"] = warnings
    if failed:
        told = [_entry_text(call, outcome) for outcome in failed[:5]]
        more = f"; and {len(failed) - 5} more, see results" if len(failed) > 5 else ""
        count = f"{len(failed)} of {len(outcomes)} failed" + (f", {skipped} not tried" if skipped else "")
        result.update(failed=True, msg=f"{count}: " + "; ".join(told) + more)
    return result


def _entry(call: Call, outcome: Outcome) -> Result:
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
        entry["msg"] = _entry_text(call, outcome)
    if call.options.get("return_objects") and outcome.item is not None:
        entry["object"] = shown(resource.kind, outcome.item)
    return entry


def _action(outcome: Outcome) -> str:
    if outcome.error is None:
        return outcome.action
    return "skipped" if isinstance(outcome.error, NotTried) else "failed"


def _entry_text(call: Call, outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(failure(outcome.error, outcome.resource)["msg"])
    return _unusable_text(outcome) if _unusable(call, outcome) else ""


def _sides(outcome: Outcome) -> tuple[Result, Result]:
    if not outcome.changed:
        return {}, {}
    gone = outcome.resource.state == "absent"
    return difference(outcome.resource.kind, outcome.before, None if gone else outcome.planned)


def _unusable(call: Call, outcome: Outcome) -> bool:
    return bool(outcome.resource.require_available and outcome.problems and not call.check)


def _unusable_text(outcome: Outcome) -> str:
    return (
        f"{outcome.resource.label} is stored but not available: {'; '.join(outcome.problems)} "
        "(set require_available: false to accept this)"
    )
