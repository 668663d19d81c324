# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Objects of any kind: one, many, or all that match."""

from __future__ import annotations

import typing as t

from ..client import models
from ..client.client import Client
from ..client.errors import UsageError
from ..converge.bulk import Bulk
from ..converge.guard import Guard, describe_targets
from ..converge.resource import Resource
from ..converge.results import bulk_result, converge_one
from ..converge.task import Result, Task
from ..converge.workers import workers_of
from .dhcp.reservation import RawReservation
from .dhcp.subnet import RawSubnet
from .listing import Query, select
from .machine import Machine
from .user import User
from .waiting import waiting

Object = dict[str, t.Any]

_RESOURCE_CLASSES: dict[str, type[Resource]] = {
    **dict.fromkeys(("machines", "clusters", "resource_brokers"), Machine),
    "reservations": RawReservation,
    "subnets": RawSubnet,
    "users": User,
}
_SHARED_OPTIONS = (
    "force",
    "purge_params",
    "append_profiles",
    "require_available",
    "include_locked",
    "update_secure",
    "confirm",
)


def run(task: Task) -> Result:
    """What ``drp_object`` does."""
    if task.options.get("filters") is not None:
        return _run_matching(task)
    resources = from_options(task.options, task.client)
    waiting.check(task, {resource.kind for resource in resources if resource.state == "present"})
    if task.options.get("resources") is None:
        return _run_one(task, resources[0])
    return _run_many(task, Bulk(task.client, resources, guard=Guard.from_options(task.options)))


def _run_one(task: Task, resource: Resource) -> Result:
    result = converge_one(task, resource, "object")
    if result.get("failed") or not result.get("object"):
        return result
    waited = waiting.wait_after_change(task, [(resource.kind, result["object"])], single=True)
    if waited.get("object"):
        result["object"] = waited["object"]
    return waiting.merge_wait_result(result, waited)


def _run_matching(task: Task) -> Result:
    """All objects that match a filter, as one list has them."""
    kind = task.client.require_kind(task.options["kind"]).prefix
    found = select(task.client, kind, Query(task.options["filters"]))
    resources = [_resource_of_match(task, kind, item) for item in found]
    waiting.check(task, [kind] if task.options["state"] == "present" else [])
    bulk = Bulk(
        task.client,
        resources,
        guard=Guard.from_options(task.options),
        limit_required=True,
        prefetched=dict(enumerate(found)),
    )
    return _run_many(task, bulk)


def _resource_of_match(task: Task, kind: str, item: Object) -> Resource:
    model, spec = models.get(kind), dict(task.options.get("spec") or {})
    identifying = [name for name in spec if model.spelling(name) in {model.key, "Name", *model.unique}]
    if identifying:
        raise UsageError(f"filters: {identifying[0]} cannot be the same for all objects that match")
    known = {name: item[name] for name in dict.fromkeys((model.key, "Name")) if name in item}
    key = models.require_key(kind, item)
    return _resource(task.options, kind, {**known, **spec}, key, task.options["state"])


def _run_many(task: Task, bulk: Bulk) -> Result:
    bulk.check, bulk.continue_on_error = task.check, task.options["continue_on_error"]
    bulk.on_progress, bulk.workers = task.on_progress, workers_of(task.options)
    outcomes = bulk.run()
    result = bulk_result(task, outcomes)
    if bulk.targets:
        result["targets"] = describe_targets(bulk.destruction, bulk.targets)
    if result.get("failed"):
        return result
    present = [
        (outcome.resource.kind, outcome.item)
        for outcome in outcomes
        if outcome.item is not None and outcome.resource.state == "present"
    ]
    return waiting.merge_wait_result(result, waiting.wait_after_change(task, present, single=False))


def from_options(options: t.Mapping[str, t.Any], client: Client) -> list[Resource]:
    """The objects that the options of ``drp_object`` describe, in the order given."""
    if options.get("resources") is None:
        return [_resource_of_entry(client, options, options, "")]
    if options["state"] == "absent":
        raise UsageError("state: with resources, set state: absent in each entry that should be removed")
    return [
        _resource_of_entry(client, entry, options, f"resources, number {number}: ")
        for number, entry in enumerate(options["resources"], 1)
    ]


def _resource_of_entry(
    client: Client, entry: t.Mapping[str, t.Any], options: t.Mapping[str, t.Any], prefix: str
) -> Resource:
    try:
        kind = client.require_kind(entry["kind"]).prefix
        spec = dict(entry.get("spec") or {})
        key = entry.get("id") or ""
        model = models.get(kind)
        if key and ":" not in key and not models.key_of(kind, spec) and model.key not in ("", "Uuid"):
            spec[model.key] = key
        return _resource(options, kind, spec, key, entry.get("state") or "present")
    except UsageError as error:
        raise UsageError(*(prefix + message for message in error.messages)) from error


def _resource(options: t.Mapping[str, t.Any], kind: str, spec: Object, key: str, state: str) -> Resource:
    shared = {name: options[name] for name in _SHARED_OPTIONS if options[name] is not None}
    return _RESOURCE_CLASSES.get(kind, Resource)(kind=kind, spec=spec, state=state, key=key, **shared)
