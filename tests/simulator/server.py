# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server's whole state, and the parts that work on it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from . import builtin, layers
from .actions import Plugins
from .auth import Tokens
from .events import Bus
from .isos import Isos
from .logs import Logs
from .params import Params
from .prefs import Prefs
from .server_profile import V3_12, ServerProfile
from .stats import RequestLog, Stats
from .store import Store

T = TypeVar("T")


@dataclass
class Ports:
    """Where the server listens; known once it does."""

    api: int = 0
    static: int = 0


class Server:
    def __init__(
        self, root: Path, ports: Ports, stats: Stats | None = None, server_profile: ServerProfile = V3_12
    ) -> None:
        self.root = root
        self.server_profile = server_profile
        self.ports = ports
        self.stats = stats or Stats()
        self.requests = RequestLog()
        self.store = Store(server_profile.models)
        self.bus = Bus()
        self.logs = Logs(self.bus)
        self.prefs = Prefs(self)
        self.params = Params(self)
        self.tokens = Tokens(self)
        self.isos = Isos(self)
        self.job_logs: dict[str, bytearray] = {}
        self.pool_moves: dict[str, tuple[str, Any]] = {}
        """Machines on their way to another pool, with that pool and what was asked for there."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.plugins = Plugins(self)
        self._fresh_folders()
        builtin.add_first_objects(self.store)
        for layer in (builtin.basic_layer(), builtin.default_layer()):
            self.store.layers[layer.name] = layer
        layers.rebuild(self)
        self.stats.changes = 0

    def _fresh_folders(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        for name in ("files", "isos"):
            (self.root / name).mkdir(parents=True)

    def recheck(self, prefix: str, key: str) -> None:
        """Recompute the availability of an object that refers to what was just written."""
        layers.recheck(self, self.store[prefix].rows[key])

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)

    def after_response(self, function: Callable[[], Any]) -> None:
        """Run it after the current request's answer has been made."""
        asyncio.get_running_loop().call_soon(function)

    def background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop_websockets(self) -> int:
        """Cut every websocket without a closing handshake; how many there were."""
        dropped = self.bus.open_listeners()
        for listener in dropped:
            listener.transport.abort()
        return len(dropped)

    def gauges(self) -> dict[str, int]:
        """What there is right now, for the statistics."""
        listeners = self.bus.open_listeners()
        return {
            "websockets": len(listeners),
            "registrations": sum(len(listener.filters) for listener in listeners),
        }

    def close(self) -> None:
        """End what is still going on for this state."""
        for task in self._tasks:
            task.cancel()
        self.drop_websockets()
