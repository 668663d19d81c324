# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.launch import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from playing import Player


@pytest.fixture
def player(simulator: Simulator, tmp_path: Path) -> Player:
    """A fresh server, and a way to run tasks against it."""
    simulator.reset()
    return Player(simulator, tmp_path)


@pytest.fixture
def v4_player(v4_simulator: Simulator, tmp_path: Path) -> Player:
    """The same with a server of the manner of v4."""
    v4_simulator.reset()
    return Player(v4_simulator, tmp_path)
