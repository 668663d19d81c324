# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a server's state without a server, and a running one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.launch import Simulator
from simulator.server import Ports, Server
from simulator.testing import Api, Objects


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "tftpboot", Ports(8092, 8091))


@pytest.fixture
def made(server: Server) -> Objects:
    return Objects(server)


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with Simulator.start() as simulator:
        yield simulator


@pytest.fixture
def api(running: Simulator) -> Api:
    running.reset()
    return Api(running)
