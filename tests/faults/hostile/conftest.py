# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers, machines and other users that mean harm, and those whom they attack."""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rogue_server import Respond, RogueServer, Seen, login, rogue

from agentlab import Agents
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import task_files
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry
from simulator.launch import Simulator

PASSWORD = "pa55word,for/attackers"
STRANGER = 54321
"""The user id of another user of the machine."""


@pytest.fixture
def serve() -> Iterator[Callable[..., RogueServer]]:
    """Starts a server whose answers a test makes; logins succeed unless ``logins`` is False."""
    with contextlib.ExitStack() as stack:

        def start(respond: Respond, logins: bool = True, **options: t.Any) -> RogueServer:
            def respond_to(request: Seen) -> t.Iterable[bytes]:
                told = login(request) if logins else None
                return [told] if told else respond(request)

            return stack.enter_context(rogue(respond_to, **options))

        yield start


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """A client of a server; ``changes`` are members of the settings."""
    with contextlib.ExitStack() as stack:

        def make(endpoint: str, **changes: t.Any) -> Client:
            usual: dict[str, t.Any] = {
                "username": "ann",
                "password": PASSWORD,
                "trust": Tls.create(verify=False),
                "token_cache": "",
                "timeout": 2.0,
            }
            chosen = settings.Settings(endpoints=(endpoint,), **{**usual, **changes})
            return stack.enter_context(settings.connect(chosen, Retry(delays=(0,))))

        yield make


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder such as /tmp: everybody may put files there."""
    folder = tmp_path / "world"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def stranger() -> int:
    """Another user; only root can make files that are not its own."""
    if os.geteuid():
        pytest.skip("only root can act as another user")
    return STRANGER


@pytest.fixture
def agents(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    monkeypatch.setenv("NO_PROXY", "*")
    simulator.reset()
    lab = Agents(simulator, tmp_path)
    yield lab
    simulator.clear_faults()
    lab.client.close()


@pytest.fixture(autouse=True)
def no_maze(tmp_path: Path) -> Iterator[None]:
    """What is nested too deeply for pytest's own tidying goes in any case."""
    yield
    task_files.remove_tree(str(tmp_path))
