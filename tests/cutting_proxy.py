# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to a server that breaks off after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class CuttingProxy:
    """Forwards connections to a port of loopback; nothing is cut until :meth:`cut` asks for it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._lock = threading.Lock()
        self._cuts: dict[str, list[int]] = {"up": [], "down": []}
        self._passed = {"up": 0, "down": 0}
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"https://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, direction: str, *after: int) -> None:
        """Cut the connection over which so many bytes have gone ``up`` or ``down`` from now on.

        Each further number is for what comes after the cut before it.
        """
        with self._lock:
            self._cuts[direction] = list(after)
            self._passed[direction] = 0

    def stop(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _address = self._server.accept()
                theirs = socket.create_connection(("127.0.0.1", self._target))
                for pair, direction in (((ours, theirs), "up"), ((theirs, ours), "down")):
                    threading.Thread(target=self._forward, args=(*pair, direction), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 14):
                if self._breaks(direction, len(piece)):
                    break
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _breaks(self, direction: str, size: int) -> bool:
        with self._lock:
            cuts = self._cuts[direction]
            self._passed[direction] += size
            if not cuts or self._passed[direction] < cuts[0]:
                return False
            cuts.pop(0)
            self._passed[direction] = 0
            return True


@contextlib.contextmanager
def cutting_proxy(endpoint: str) -> Iterator[CuttingProxy]:
    way = CuttingProxy(int(endpoint.rpartition(":")[2]))
    try:
        yield way
    finally:
        way.stop()
