# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh server for each test, and agents to be mistreated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentlab import Agents, labs
from simulator.launch import Simulator


@pytest.fixture
def agents(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    yield from labs(simulator, tmp_path, monkeypatch)


@pytest.fixture
def agents_v4(v4_simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    yield from labs(v4_simulator, tmp_path, monkeypatch)
