# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Deletion with the cleanup that the server knows: it may run a workflow first, which deletes the object."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import models
from ...client.errors import NotFound, UsageError
from ...converge.engine import converge
from ...converge.guard import is_locked
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.task import Result, Task
from ..waiting import waiting

STARTED = "cleanup_started"
_ACCEPTED = 202


def run(task: Task, resource: Resource, name: str) -> Result:
    """Delete the object by its cleanup; with ``wait``, until it is gone."""
    if resource.state != "absent":
        raise UsageError("cleanup: requires state: absent")
    current = task.client.find(resource.kind, resource.lookup)
    planned = dataclasses.replace(task, check=True) if current is not None else task
    result = converge_one(planned, resource, name)
    if task.check or current is None or result.get("failed"):
        return result
    current = _unlocked(task, resource, current)
    status, cleaned = _clean(task, resource, current)
    if status != _ACCEPTED:
        return result
    result = {**result, "action": STARTED}
    waited = waiting.wait_after_change(_waiting_for_deletion(task), [(resource.kind, cleaned)], single=True)
    if waited and not waited.get("failed"):
        result["action"] = "deleted"
    return waiting.merge_wait_result(result, waited)


def _unlocked(task: Task, resource: Resource, current: Object) -> Object:
    """The object without its lock, which ``include_locked`` allows to take off."""
    if not is_locked(current):
        return current
    key = models.require_key(resource.kind, current)
    unlock = Resource(resource.kind, {"Locked": False}, key=key, require_available=False)
    return converge(task.client, unlock).item or current


def _clean(task: Task, resource: Resource, current: Object) -> tuple[int, Object]:
    """Ask for the cleanup: the status of the answer, and the object as it is now."""
    key = models.require_key(resource.kind, current)
    request = task.client.req().del_().url_for(resource.kind, key, "cleanup")
    try:
        answer = request.params(*(("force", "true") if resource.force else ())).do()
    except NotFound as error:
        if task.client.find(resource.kind, key) is None:
            return 200, current  # a reply was lost, or another client was quicker
        raise UsageError(
            f"{resource.label}: this server offers no cleanup of {resource.kind}. Leave cleanup out to "
            "delete without it"
        ) from error
    status = request.answer.status if request.answer is not None else 0
    return status, answer if isinstance(answer, dict) and answer.get("Uuid") else current


def _waiting_for_deletion(task: Task) -> Task:
    """The task with the goal of every cleanup: that the object is gone."""
    fails: t.Any = task.options.get("fail_when")
    goal = {
        "until": [{"deleted": True}],
        "any_of": None,
        "fail_when": [{"job_failed": True}] if fails is None else fails,
    }
    return dataclasses.replace(task, options={**task.options, **goal})
