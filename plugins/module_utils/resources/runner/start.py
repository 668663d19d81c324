# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Starting a workflow from its beginning, also the one that a machine is in already."""

from __future__ import annotations

import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import NotFound, UsageError
from ...client.patch import Patch
from ...converge.conflicts import retry_on_conflict
from ...converge.guard import is_locked
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.show import masked
from ...converge.task import Result, Task

STARTED = "started"
_EXCLUDED = ("Stage", "BootEnv", "Tasks")


def run(task: Task, resource: Resource, name: str) -> Result:
    """Bring the object into its state, and then start its workflow; ``name`` is its name in results.

    Every run starts it again.  An object that is new begins with its workflow by itself.
    """
    _check(resource)
    if task.client.find(resource.kind, resource.lookup) is None:
        resource.spec.setdefault("Runnable", True)
        return converge_one(task, resource, name)
    workflow = resource.spec.pop("Workflow", None)
    resource.spec.pop("Runnable", None)
    result = converge_one(task, resource, name)
    if result.get("failed"):
        return result
    key = models.require_key(resource.kind, result[name])
    before = task.client.get(resource.kind, key)
    workflow = workflow or before.get("Workflow")
    if not workflow:
        raise UsageError(f"{resource.label}: it is in no workflow that could be started again; set workflow")
    if is_locked({**before, **(result[name] if task.check else {})}):
        raise UsageError(
            f"{resource.label}: it is locked; set locked: false to unlock it before it is started"
        )
    changes = {"Workflow": workflow, "Runnable": True}
    if task.check:
        after = {**result[name], **changes, "CurrentTask": -1}
    else:
        after = _start(task.client, resource, key, changes)
    return _started(resource, result, name, before, after)


def _check(resource: Resource) -> None:
    if resource.state == "absent":
        raise UsageError("start: cannot be combined with state: absent")
    given = [name.lower() for name in _EXCLUDED if resource.spec.get(name)]
    if given:
        raise UsageError(
            f"start: the workflow decides {' and '.join(given)}; leave {' and '.join(given)} out"
        )


def _start(client: Client, resource: Resource, key: str, changes: Object) -> Object:
    """One guarded patch that the server carries out as a whole; on older servers, leave and enter."""

    def attempt() -> tuple[Object, Object | None]:
        current = client.get(resource.kind, key)
        request = client.req().patch(_replacing(current, changes)).url_for(resource.kind, key, "start")
        try:
            return current, request.params(*(("force", "true") if resource.force else ())).do_object()
        except NotFound:
            return current, None

    current, started = retry_on_conflict(attempt)
    if started is not None:
        return started
    leave = client.patch(resource.kind, key, _replacing(current, {"Workflow": ""}), resource.force)
    return client.patch(resource.kind, key, _replacing(leave, changes), resource.force)


def _replacing(current: Object, changes: t.Mapping[str, t.Any]) -> Patch:
    """Operations for members that are written whether or not they differ."""
    operations: Patch = []
    for name, value in changes.items():
        path = f"/{name}"
        operations.append({"op": "test", "path": path, "value": current.get(name)})
        operations.append({"op": "replace", "path": path, "value": value})
    return operations


def _started(resource: Resource, result: Result, name: str, before: Object, after: Object) -> Result:
    sides = [dict(result["diff"][side]) for side in ("before", "after")]
    for side, item in zip(sides, (before, {**after, "CurrentTask": -1})):
        side.update({member: item.get(member) for member in ("Workflow", "CurrentTask", "Runnable")})
    diff = {**result["diff"], "before": sides[0], "after": sides[1]}
    shown = masked(resource.kind, after)
    return {**result, name: shown, "changed": True, "action": STARTED, "diff": diff}
