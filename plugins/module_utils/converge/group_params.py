# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The params that all members of a cluster or resource broker share: those of its group."""

from __future__ import annotations

import typing as t

from ..client.errors import DrpError, NotFound, UsageError
from ..client.objects import params
from ..client.patch import gen_patch
from .conflicts import retry_on_conflict
from .resource import Object, Resource
from .secure_params import SecureParams
from .show import difference, masked
from .task import Result, Task


def converge(task: Task, kind: str, item: Object, exists: bool) -> Result:
    """Bring the params of the group into the state of the options, sealed and compared as those of an object.

    ``changed``, the ``params`` and the two sides of a difference, without secrets; and ``warnings``.
    An ``item`` that check mode has not created has no params yet.
    """
    options = task.options
    resource = Resource(
        kind,
        {"Name": item.get("Name"), "Params": options["group_params"]},
        purge_params=options["purge_group_params"],
        update_secure=options["update_secure"],
    )
    group = _Group(task, resource, SecureParams(task.client, resource, task.check, of_group=True))
    try:
        return retry_on_conflict(lambda: group.converge(item, exists))
    except DrpError as error:
        group.secure.mask_error(error)
        raise
    finally:
        task.secrets.update(resource.secrets)


class _Group(t.NamedTuple):
    """The group of one object, and what is wanted of it."""

    task: Task
    resource: Resource
    secure: SecureParams

    def converge(self, item: Object, exists: bool) -> Result:
        client, kind, key = self.task.client, self.resource.kind, str(item.get("Uuid") or "")
        current = {**item, "Params": self._read(key) if exists else {}}
        # a route for params alone may refuse a value that is not sealed as a conflict
        self.secure.fetch_definitions(current)
        wanted = self.secure.wanted_object(current)
        operations = gen_patch(current["Params"], wanted["Params"])
        stored = wanted["Params"]
        if operations and not self.task.check:
            stored = params.patch(client, kind, key, operations, of_group=True)
        before, after = difference(kind, {"Params": current["Params"]}, {"Params": wanted["Params"]})
        return {
            "changed": bool(operations),
            "params": masked(kind, {"Params": stored})["Params"],
            "before": before.get("Params", {}),
            "after": after.get("Params", {}),
            "warnings": [*self.secure.warnings, *self.resource.warnings],
        }

    def _read(self, key: str) -> Object:
        try:
            return params.get_all(self.task.client, self.resource.kind, key, of_group=True)
        except NotFound as error:
            raise UsageError(f"group_params: this server has no groups of {self.resource.kind}") from error
