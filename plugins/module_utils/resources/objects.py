# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Objects of any kind, one or many."""

from __future__ import annotations

import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import UsageError
from ..converge.bulk import Bulk
from ..converge.resource import Resource
from ..converge.task import Result, Task, many, one
from . import waiting
from .machine import Machine

_SPECIAL: dict[str, type[Resource]] = {"machines": Machine}


def run(task: Task) -> Result:
    """What ``drp_object`` does."""
    resources = from_options(task.options, task.client)
    waiting.check(task, {resource.kind for resource in resources if resource.state == "present"})
    if task.options.get("resources") is None:
        return _run_one(task, resources[0])
    outcomes = Bulk(task.client, resources, task.check, task.options["continue_on_error"]).run()
    result = many(task, outcomes)
    if result.get("failed"):
        return result
    there = [
        (outcome.resource.kind, outcome.item)
        for outcome in outcomes
        if outcome.item is not None and outcome.resource.state == "present"
    ]
    return waiting.add_to(result, waiting.afterwards(task, there, single=False))


def _run_one(task: Task, resource: Resource) -> Result:
    result = one(task, resource, "object")
    if result.get("failed") or not result.get("object"):
        return result
    waited = waiting.afterwards(task, [(resource.kind, result["object"])], single=True)
    if waited.get("object"):
        result["object"] = waited["object"]
    return waiting.add_to(result, waited)


def from_options(options: t.Mapping[str, t.Any], client: Client) -> list[Resource]:
    """The objects that the options of ``drp_object`` describe, in the order given."""
    shared = {
        name: options[name] for name in ("force", "purge_params", "append_profiles", "require_available")
    }
    if options.get("resources") is None:
        return [_one(client, options, shared, "")]
    return [
        _one(client, entry, shared, f"resources, number {number}: ")
        for number, entry in enumerate(options["resources"], 1)
    ]


def _one(client: Client, entry: t.Mapping[str, t.Any], shared: t.Mapping[str, t.Any], where: str) -> Resource:
    try:
        kind = client.require_kind(entry["kind"]).prefix
        spec = dict(entry.get("spec") or {})
        key = entry.get("id") or ""
        model = models.get(kind)
        if key and ":" not in key and not models.key_of(kind, spec) and model.key != "Uuid":
            spec[model.key] = key
        return _SPECIAL.get(kind, Resource)(
            kind=kind, spec=spec, state=entry.get("state") or "present", key=key, **shared
        )
    except UsageError as error:
        raise UsageError(*(where + message for message in error.messages)) from error
