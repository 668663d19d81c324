# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits that run beside a test, for a profile whose description decides how they end."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import (
    Waiter,
    Watch,
    equal_item,
)

NAME = "waited"
SOON = 3.0
"""Seconds; far less than a minute, after which everything is read again anyway."""
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

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.waiter.run()
        except DrpError as error:
            self.error = error
        self.ended = time.monotonic()

    def end(self, timeout: float = 10.0) -> str:
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "it still waits"
        if self.error is not None:
            raise self.error
        return self.outcome


def begin(client: Client, lab: t.Any, timeout: float = 30.0, watches: t.Any = (), **more: t.Any) -> Waiting:
    """A wait that has registered already, and has looked once."""
    reads = lab.asked("GET", "profiles")
    waiting = Waiting(Waiter(client, watches or [watch()], timeout, **more))
    lab.eventually(lambda: lab.simulator.stats()["registrations"] and lab.asked("GET", "profiles") > reads)
    return waiting


def soon(waiting: Waiting, since: float, within: float = SOON) -> str:
    outcome = waiting.end()
    assert waiting.ended - since < within
    return outcome
