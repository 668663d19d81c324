# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many objects a task works on at the same time."""

from __future__ import annotations

import threading
import types
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.http.connections import POOL_SIZE
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge import bulk
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.workers import (
    MOST_WORKERS,
    WORKERS,
    workers_of,
)

COUNT = 12


def test_no_more_than_connections() -> None:
    assert MOST_WORKERS == POOL_SIZE


@pytest.mark.parametrize("wanted", [1, WORKERS, MOST_WORKERS])
def test_numbers_that_can_be(wanted: int) -> None:
    assert workers_of({"workers": wanted}) == wanted


@pytest.mark.parametrize("wanted", [-1, 0, MOST_WORKERS + 1])
def test_numbers_that_cannot_be(wanted: int) -> None:
    with pytest.raises(UsageError, match=f"workers: must be between 1 and 32, it is {wanted}"):
        workers_of({"workers": wanted})


@pytest.mark.parametrize("workers", [1, 3, 6])
def test_so_many_at_the_same_time(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    together = threading.Barrier(workers, timeout=20)
    lock = threading.Lock()
    active, most = 0, 0

    def converge(client: t.Any, resource: Resource, check: bool, found: t.Any) -> Outcome:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        together.wait()  # breaks unless so many come
        with lock:
            active -= 1
        return Outcome(resource)

    monkeypatch.setattr(bulk, "converge", converge)
    resources = [Resource("profiles", {"Name": f"p{number}"}) for number in range(COUNT)]
    client = t.cast(t.Any, types.SimpleNamespace())
    prefetched = dict.fromkeys(range(COUNT))
    outcomes = bulk.Bulk(client, resources, workers=workers, prefetched=prefetched).run()
    assert [outcome.resource for outcome in outcomes] == resources
    assert most <= workers
