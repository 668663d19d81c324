# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh server for each test, and agents to be mistreated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentlab import Agents, Object, labs
from simulator.launch import Simulator

QUICK = {"wait_timeout": 0.2, "exit_on_failure": False}
UUID = "[0-9a-f-]{36}"
FAULTS: list[Object] = [
    {"kind": "lose_reply"},
    {"kind": "drop"},
    {"kind": "status", "status": 503, "body": "busy"},
    {"kind": "half"},
    {"kind": "status", "status": 500, "body": "oops"},
]
"""What happens to a request and the tries after it."""


@pytest.fixture
def agents(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    yield from labs(simulator, tmp_path, monkeypatch)


@pytest.fixture
def agents_v4(v4_simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    yield from labs(v4_simulator, tmp_path, monkeypatch)
