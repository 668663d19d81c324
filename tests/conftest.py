# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: one simulator, and an environment without anybody's server in it.

The simulator is imported only by tests that ask for it: the others run on the Pythons of targets too.
"""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if t.TYPE_CHECKING:
    from simulator.launch import Simulator


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A running server, shared by all tests: ``reset()`` it before relying on what it holds."""
    from simulator.launch import Simulator

    with Simulator.start() as running:
        yield running


@pytest.fixture(scope="session")
def v4_simulator() -> Iterator[Simulator]:
    """The same, with the manner of a v4 server."""
    from simulator.launch import Simulator

    with Simulator.start(v4=True) as running:
        yield running


@pytest.fixture(autouse=True)
def drp_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No RS_* of the user reaches a test, and its tokens stay in a folder of its own.

    Fixtures of a wider scope still see the variables with which pytest was started.
    """
    for name in [name for name in os.environ if name.startswith("RS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RS_TOKEN_CACHE", str(tmp_path / "tokens"))
