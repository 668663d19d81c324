# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that answers with any bytes at all, as slowly and for as long as it likes."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socket
import ssl
import threading
import typing as t
from collections.abc import Callable, Iterable, Iterator

TOKEN = "s3ssion-t0ken/with+odd=characters"


@dataclasses.dataclass
class Seen:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[Seen], Iterable[bytes]]


def answer(body: t.Any = None, status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; anything but bytes is sent as JSON.  ``Content_Type`` stands for the header's name."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    told.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status}\r\n{head}Connection: close\r\n\r\n".encode() + content


def login(request: Seen) -> bytes | None:
    """The answer to a login; None for every other request."""
    return answer({"Token": TOKEN, "Info": {}}) if request.path.endswith("/token?ttl=600") else None


class RogueServer:
    """``respond`` yields what is sent for a request; the connection is closed behind it."""

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.respond = respond
        self.seen: list[Seen] = []
        self.sent = 0
        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = socket.create_server((host, 0), family=family)
        self.port = self._server.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}"
        self.stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # which wakes whoever waits for connections
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            connection.settimeout(30)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = _read(connection)
                self.seen.append(request)
                for piece in self.respond(request):
                    if self.stopped.is_set():
                        return
                    connection.sendall(piece)
                    self.sent += len(piece)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)


def _read(connection: socket.socket) -> Seen:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 << 16)
        if not piece:
            raise ValueError("it went away")
        data += piece
    head, _blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.title(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("Content-Length", 0)):
        body += connection.recv(1 << 16)
    method, path, _version = first.split(" ", 2)
    return Seen(method, path, headers, body)


@contextlib.contextmanager
def rogue(
    respond: Respond, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[RogueServer]:
    server = RogueServer(respond, tls, host)
    try:
        yield server
    finally:
        server.stop()
