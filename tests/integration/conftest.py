# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from simulator.launch import Simulator

sys.path.insert(0, str(Path(__file__).parent))

from playbook_runner import PlaybookRunner


@pytest.fixture
def run_tasks(simulator: Simulator, tmp_path: Path) -> PlaybookRunner:
    """A fresh server, and a way to run tasks against it."""
    simulator.reset()
    return PlaybookRunner(simulator, tmp_path)


@pytest.fixture
def run_tasks_v4(v4_simulator: Simulator, tmp_path: Path) -> PlaybookRunner:
    """The same with a server of the manner of v4."""
    v4_simulator.reset()
    return PlaybookRunner(v4_simulator, tmp_path)
