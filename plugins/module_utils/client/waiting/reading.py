# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Reading what is waited for: each object for itself while they are few, and by lists when they are many."""

from __future__ import annotations

import collections
import time
import typing as t

from ..models import key_of
from .watch import Watch

if t.TYPE_CHECKING:
    from ..client import Client

MAX_SINGLE_READS = 32
"""Up to so many objects of a kind are read each for itself."""
_PAGE_SIZE = 1000


def read(client: Client, watches: t.Iterable[Watch], stable_for: float) -> None:
    """Bring all ``watches`` up to date, the current jobs of machines among it where they count."""
    by_kind: dict[str, list[Watch]] = collections.defaultdict(list)
    for watch in watches:
        by_kind[watch.kind].append(watch)
    for kind, of_kind in by_kind.items():
        if len(of_kind) > MAX_SINGLE_READS:
            _read_list(client, kind, of_kind, stable_for)
        else:
            for watch in of_kind:
                read_one(client, watch, stable_for)


def read_one(client: Client, watch: Watch, stable_for: float) -> None:
    item = client.find(watch.kind, watch.key)
    if watch.with_job and item is not None:
        watch.forget_jobs()
        watch.item = item
        read_jobs(client, [watch], stable_for)
    watch.observe(item, time.monotonic(), stable_for)


def read_jobs(client: Client, watches: t.Sequence[Watch], stable_for: float) -> None:
    """The current jobs of the machines."""
    if len(watches) <= MAX_SINGLE_READS:
        jobs = [client.find("jobs", watch.current_job) for watch in watches if watch.current_job]
    else:
        jobs = list(client.list("jobs", "Current", "Eq", "true", page_size=_PAGE_SIZE))
    found = {job["Uuid"]: job for job in jobs if job}
    for watch in watches:
        if watch.current_job:
            job = found.get(watch.current_job, {"Uuid": watch.current_job})
            watch.observe_job(job, time.monotonic(), stable_for)


def _read_list(client: Client, kind: str, watches: t.Sequence[Watch], stable_for: float) -> None:
    current = {key_of(kind, item): item for item in client.list(kind, page_size=_PAGE_SIZE)}
    for watch in watches:
        if watch.key not in current:
            # a page may have moved under us: only a look at it proves that it is gone
            read_one(client, watch, stable_for)
        elif watch.with_job:
            watch.forget_jobs()
            watch.item = current[watch.key]
    read_jobs(client, [watch for watch in watches if watch.pending and watch.job_is_unread], stable_for)
    for watch in watches:
        if watch.key in current:
            watch.observe(current[watch.key], time.monotonic(), stable_for)
