# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits that run beside a test, for a profile whose description decides how they end."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from patience import LIMIT, NEVER

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import (
    Waiter,
    Watch,
    equal_item,
)

NAME = "waited"
GOOD, BROKEN = equal_item("Description", "good"), equal_item("Description", "broken")


def describe(client: Client, text: str, name: str = NAME) -> None:
    client.patch("profiles", name, [{"op": "replace", "path": "/Description", "value": text}])


def watch(name: str = NAME, **more: t.Any) -> Watch:
    return Watch("profiles", name, GOOD, BROKEN, **more)


@dataclasses.dataclass
class Waiting:
    """A wait that runs in a thread of its own."""

    waiter: Waiter
    outcome: str = ""
    error: BaseException | None = None
    ended: float = 0.0
    """By the monotonic clock."""

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.waiter.run()
        except DrpError as error:
            self.error = error
        self.ended = time.monotonic()

    def end(self) -> str:
        """Its outcome, or its error raised; it must not take until a timer ends it."""
        self._thread.join(LIMIT)
        assert not self._thread.is_alive(), "it still waits"
        if self.error is not None:
            raise self.error
        return self.outcome


def begin_early(client: Client, watches: t.Any = None, timeout: float = NEVER, **more: t.Any) -> Waiting:
    """A wait that may not even have connected yet.  By default no timer helps it: events have to."""
    more.setdefault("recheck_interval", NEVER)
    return Waiting(Waiter(client, [watch()] if watches is None else watches, timeout, **more))


def begin(
    client: Client, lab: t.Any, timeout: float = NEVER, watches: t.Any = None, **more: t.Any
) -> Waiting:
    """A wait that has registered already, and has looked once."""
    reads = lab.asked("GET", "profiles")
    waiting = begin_early(client, watches, timeout, **more)
    lab.eventually(lambda: lab.simulator.stats()["registrations"] and lab.asked("GET", "profiles") > reads)
    return waiting
