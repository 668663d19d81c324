# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with an IPv6 address, alone and behind a proxy: the brackets stay where a port follows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy, connect_proxy
from patience import LIMIT
from rogue_server import RogueServer, Seen, answer, login, rogue

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import FAIL_FAST
from simulator import certs

MACHINE = {"Uuid": "3e7031fe-0000-4000-8000-000000000001", "Name": "web-1"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RogueServer]:
    """A server on ::1 that has a machine and no websocket."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = certs.make(tmp_path)
    monkeypatch.setenv("RS_CA_PATH", str(made.cert))

    def respond(request: Seen) -> list[bytes]:
        told = login(request)
        if told is None and request.path.endswith("/ws"):
            return [answer({"Messages": ["no websocket"]}, "404 Not Found")]
        return [told or answer(MACHINE)]

    with rogue(respond, made.context(), "::1") as running:
        yield running


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ConnectProxy]:
    with connect_proxy() as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        yield running


def use(server: RogueServer) -> None:
    """Ask for a machine, and for events."""
    chosen = settings.resolve({"endpoint": server.url, "key": "ann:secret", "token_cache": ""})
    with settings.connect(chosen, FAIL_FAST) as client:
        assert client.get("machines", "web-1")["Name"] == "web-1"
        with pytest.raises(DrpError, match="404"):
            client.events()


def requests_of(server: RogueServer) -> set[tuple[str, str]]:
    return {
        (request.path.rpartition("/")[2].partition("?")[0], request.headers["Host"])
        for request in server.seen
    }


def test_without_a_proxy(server: RogueServer) -> None:
    use(server)
    host = f"[::1]:{server.port}"
    assert requests_of(server) == {("token", host), ("web-1", host), ("ws", host)}


def test_the_proxy_is_asked_for_the_address_in_brackets(server: RogueServer, proxy: ConnectProxy) -> None:
    use(server)
    host = f"[::1]:{server.port}"
    assert set(proxy.asked) == {f"CONNECT {host}"}
    assert len(proxy.asked) >= 2, "requests and events"
    assert requests_of(server) == {("token", host), ("web-1", host), ("ws", host)}


def test_the_event_source_asks_so_too(server: RogueServer, proxy: ConnectProxy) -> None:
    queue: asyncio.Queue[t.Any] = asyncio.Queue()
    arguments = {"endpoint": server.url, "key": "ann:secret", "reconnect_delay": 0.01}
    chosen = drp_events.Settings(arguments, os.environ)

    async def listen() -> None:
        task = asyncio.ensure_future(drp_events.Source(chosen, queue).run())
        while not any(request.path.endswith("/ws") for request in server.seen) and not task.done():
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(listen(), LIMIT))
    assert set(proxy.asked) == {f"CONNECT [::1]:{server.port}"}
