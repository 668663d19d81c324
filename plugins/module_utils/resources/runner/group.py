# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The params that all members of a cluster or resource broker share: those of its group."""

from __future__ import annotations

import typing as t

from ...client.client import Client
from ...client.errors import NotFound, UsageError
from ...client.patch import gen_patch
from ...converge.conflicts import retry_on_conflict
from ...converge.merge import merge_map
from ...converge.task import Result, Task

Params = dict[str, t.Any]


def converge_params(task: Task, kind: str, key: str, wanted: t.Mapping[str, t.Any], purge: bool) -> Result:
    """Bring the params of the group into their state: ``changed``, the ``params`` and a ``diff``.

    Without a ``key``, of an object that check mode has not created.
    """

    def attempt() -> Result:
        before = _read(task.client, kind, key) if key else {}
        after: Params = merge_map(before, dict(wanted), purge)
        if after == before or task.check:
            return _result(before, after)
        operations = gen_patch(before, after)
        stored: Params = task.client.req().patch(operations).url_for(kind, key, "group", "params").do() or {}
        return _result(before, stored)

    return retry_on_conflict(attempt)


def _read(client: Client, kind: str, key: str) -> Params:
    try:
        return client.req().get().url_for(kind, key, "group", "params").do() or {}
    except NotFound as error:
        raise UsageError(f"group_params: this server has no groups of {kind}") from error


def _result(before: Params, after: Params) -> Result:
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    sides = [{name: side[name] for name in names if name in side} for side in (before, after)]
    return {"changed": bool(names), "params": after, "before": sides[0], "after": sides[1]}
