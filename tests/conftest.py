# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For all tests: one simulator, no limit that a slow machine reaches, and nobody's server in the environment.

The simulator is imported only by tests that ask for it: the others run on the Pythons of targets too.
"""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from patience import TEST_LIMIT

if t.TYPE_CHECKING:
    from real_server import RealServer

    from simulator.launch import Simulator

hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The limit of each test, unless the command line has one: for what hangs, and only for that."""
    if config.getoption("timeout", None) is None:
        config.option.timeout = TEST_LIMIT
    if config.getoption("--real-server", False):
        from simulator import launch

        # before the tests import them
        launch.USERNAME, _colon, launch.PASSWORD = os.environ.get("RS_KEY", "").partition(":")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real-server",
        action="store_true",
        help="use the server that RS_ENDPOINT and RS_KEY name, and EMPTY it before each test",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that rests on an assumption of the embedded server says so."""
    silent = [
        f"{item.nodeid} uses {fixture}: mark it {marker}"
        for item in items
        for fixture, marker in (("v4_simulator", "needs_v4"), ("licensed", "needs_license"))
        if fixture in getattr(item, "fixturenames", ()) and not item.get_closest_marker(marker)
    ]
    if silent:
        raise pytest.UsageError("\n".join(silent))


@pytest.fixture(autouse=True)
def what_the_test_needs(request: pytest.FixtureRequest) -> Iterator[None]:
    """A real server has little of what the ``needs_...`` markers stand for."""
    names = (mark.name for mark in request.node.iter_markers())
    needed = {name for name in names if name.startswith("needs_") or name == "assumes"}
    if not needed or not is_real(request):
        yield
        return
    server = request.getfixturevalue("simulator")
    if lacking := needed - server.offers:
        pytest.skip(", ".join(sorted(lacking)))
    server.counting = "needs_counters" in needed
    yield
    server.counting = False


def is_real(request: pytest.FixtureRequest) -> bool:
    """Whether the tests run against a server that was named, and not against the embedded one."""
    if request.config.getoption("--real-server"):
        return True
    # whatever the contract tests leave on that server they remove themselves
    return "contract" in request.node.path.parts and {"RS_ENDPOINT", "RS_KEY"} <= _GIVEN.keys()


_GIVEN = {name: value for name, value in os.environ.items() if value}


@pytest.fixture(scope="session")
def simulator(request: pytest.FixtureRequest) -> Simulator:
    """A running server, shared by all tests: ``reset()`` it before relying on what it holds."""
    named = request.config.getoption("--real-server")
    return t.cast("Simulator", request.getfixturevalue("real_server" if named else "embedded_server"))


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Simulator]:
    from simulator.launch import Simulator

    with Simulator.start() as running:
        yield running


@pytest.fixture(scope="session")
def real_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealServer:
    """The server that RS_ENDPOINT and RS_KEY name."""
    from real_server import RealServer

    may_be_emptied = request.config.getoption("--real-server")
    where = _GIVEN["RS_ENDPOINT"], _GIVEN["RS_KEY"]  # another fixture takes them out of the environment
    return RealServer(tmp_path_factory.mktemp("server"), *where, may_be_emptied)


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
