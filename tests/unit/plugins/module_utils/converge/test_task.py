# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of itself when it fails half way."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import (
    Result,
    Task,
    carry_out,
)


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("writes", [0, 1])
def test_a_failed_task_is_changed_when_it_has_written(raises: bool, writes: int) -> None:
    client = types.SimpleNamespace(writes=7)

    def work(task: Task) -> Result:
        task.client.writes += writes
        if raises:
            raise UsageError("half way")
        return {"failed": True, "changed": False, "msg": "half way"}

    result = carry_out(work, Task({}, False, t.cast(Client, client), lambda text: None))
    assert (result["failed"], result["changed"], result["msg"]) == (True, bool(writes), "half way")


def test_what_succeeds_knows_by_itself_whether_it_has_changed_something() -> None:
    client = types.SimpleNamespace(writes=0)

    def work(task: Task) -> Result:
        task.client.writes += 1
        return {"changed": False}

    task = Task({}, False, t.cast(Client, client), lambda text: None)
    assert carry_out(work, task) == {"changed": False}
