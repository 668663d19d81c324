# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the two ports up and down."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from aiohttp import web

from . import certs
from .api_port import ApiPort
from .app import App, Request
from .server import Ports
from .server_profile import V3_12, ServerProfile
from .static import static_handler

_HOST = "127.0.0.1"
_SHUTDOWN_TIMEOUT = 1.0


async def serve(
    folder: Path, port: int, static_port: int, *, exit_with_stdin: bool, server_profile: ServerProfile = V3_12
) -> None:
    """Serve until told to stop."""
    # long lists of small objects live long: collect less often
    gc.set_threshold(50_000, 20, 50)
    loop = asyncio.get_running_loop()
    certificate = certs.make(folder)
    ports = Ports()
    app = App(folder / "tftpboot", ports, server_profile)
    api_port = ApiPort(app.handle, _request_factory(loop), certificate.context())
    app.restart = api_port.restart
    static = web.Server(static_handler(lambda: app.server), access_log=None)  # type: ignore[arg-type]
    ports.api = await api_port.open(_HOST, port)
    static_socket = await loop.create_server(static, _HOST, static_port)
    ports.static = static_socket.sockets[0].getsockname()[1]
    _announce(ports, certificate)
    await _until_stopped(loop, exit_with_stdin=exit_with_stdin)
    static_socket.close()
    app.server.close()
    await asyncio.gather(api_port.close(_SHUTDOWN_TIMEOUT), static.shutdown(_SHUTDOWN_TIMEOUT))


def _request_factory(loop: asyncio.AbstractEventLoop) -> Any:
    def make(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Request:
        return Request(message, payload, protocol, writer, task, loop, client_max_size=0)

    return make


def _announce(ports: Ports, certificate: certs.Certificate) -> None:
    print(f"endpoint: https://{_HOST}:{ports.api}")
    print(f"static: http://{_HOST}:{ports.static}")
    print(f"ca: {certificate.cert}")
    print(f"fingerprint: {certificate.fingerprint}")
    print("ready", flush=True)


async def _until_stopped(loop: asyncio.AbstractEventLoop, *, exit_with_stdin: bool) -> None:
    """Returns on SIGTERM, SIGINT or, when asked, at the end of standard input."""
    stop_requested = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_requested.set)
    if exit_with_stdin:
        # a thread, because not everything that can be a standard input can be polled
        threading.Thread(target=_drain_stdin, args=(loop, stop_requested), daemon=True).start()
    await stop_requested.wait()


def _drain_stdin(loop: asyncio.AbstractEventLoop, stop_requested: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        pass
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop_requested.set)
