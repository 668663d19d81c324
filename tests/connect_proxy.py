# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP proxy that knows CONNECT and nothing else, and notes who was asked for."""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import threading
import typing as t


class ConnectProxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        words = self.rfile.readline().decode().split()
        if len(words) < 2:
            return  # whoever connected gave up before he asked for anything
        while self.rfile.readline().strip():
            pass
        t.cast(ConnectProxy, self.server).asked.append(" ".join(words[:2]))
        if words[0] != "CONNECT":
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        host, _colon, port = words[1].rpartition(":")
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host.strip("[]"), int(port)), 10) as there,
        ):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            _relay(self.connection, there)


def _relay(here: socket.socket, there: socket.socket) -> None:
    other = {here: there, there: here}
    with selectors.DefaultSelector() as selector:
        for end in other:
            selector.register(end, selectors.EVENT_READ)
        while True:
            for key, _events in selector.select():
                data = t.cast(socket.socket, key.fileobj).recv(1 << 16)
                if not data:
                    return
                other[t.cast(socket.socket, key.fileobj)].sendall(data)


@contextlib.contextmanager
def connect_proxy() -> t.Iterator[ConnectProxy]:
    with ConnectProxy() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
