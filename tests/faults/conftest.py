# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that misbehaves on request, and clients that do not wait long."""

from __future__ import annotations

import collections
import dataclasses
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import eventually

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry
from simulator.launch import PASSWORD, USERNAME, Simulator

QUICK = Retry(delays=(0.01, 0.01, 0.02, 0.02))


@dataclasses.dataclass
class Lab:
    """A fresh server; ``client()`` logs in on its own, with what is kept in ``tokens`` if that is set."""

    simulator: Simulator
    slept: list[float]
    tokens: str = ""

    def client(self, retry: Retry = QUICK, **changes: t.Any) -> Client:
        """``changes`` are members of the settings, such as ``trust`` or ``password``."""
        usual = settings.Settings(
            endpoints=(self.simulator.endpoint,),
            username=USERNAME,
            password=PASSWORD,
            trust=Tls.create(True, self.simulator.ca, None),
            token_cache=self.tokens,
        )
        return settings.connect(dataclasses.replace(usual, **changes), retry=retry)

    def asked(self, method: str, path: str = "") -> int:
        """How many requests reached the server whose path starts with ``path``."""
        counted = collections.Counter(
            entry["method"] for entry in self.simulator.log() if entry["path"].startswith(path)
        )
        return counted[method]

    eventually = staticmethod(eventually)


@pytest.fixture
def lab(simulator: Simulator, tmp_path: Path) -> Iterator[Lab]:
    simulator.reset()
    yield Lab(simulator, [])
    simulator.clear_faults()


@pytest.fixture
def client(lab: Lab) -> Iterator[Client]:
    """Logged in, and sleeping only on paper."""
    with lab.client(Retry(delays=QUICK.delays, sleep=lab.slept.append)) as connected:
        connected.token()
        yield connected


@pytest.fixture
def no_leaks(lab: Lab) -> Iterator[None]:
    """Fails the test when a thread or a socket of it outlives it."""
    yield
    lab.simulator.wait_ready()
    lab.simulator.clear_faults()

    def left() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("drp-")]

    eventually(lambda: not left(), "the end of all threads")
    eventually(lambda: not lab.simulator.stats()["websockets"], "the end of all websockets")
