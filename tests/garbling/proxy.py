# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of a simulator: plain HTTP in, TLS out, and some of what comes back is spoilt."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import random
import socket
import ssl
import struct
import threading
import typing as t
import urllib.parse
from collections.abc import Iterator

from garbling import mutations
from garbling.mutations import Reply

_HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "keep-alive", "content-encoding"}
_TEXT_FRAME, _CLOSE_FRAME = 0x1, 0x8


class GarblingProxy:
    """Spoils answers while there is ``budget``, each with the probability ``rate``; the seed decides how."""

    def __init__(self, upstream: str, ca: str, seed: int, rate: float = 0.3) -> None:
        self._target = urllib.parse.urlsplit(upstream)
        self._tls = ssl.create_default_context(cafile=ca)
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self.rate = rate
        self.budget = 0
        self.garbled = 0
        self.last: list[str] = []
        """The latest spoilt answers, for whoever has to find out what one of them has done."""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            self._target.hostname or "", self._target.port, timeout=30, context=self._tls
        )

    def tls_socket(self) -> ssl.SSLSocket:
        plain = socket.create_connection((self._target.hostname, self._target.port), timeout=60)
        return self._tls.wrap_socket(plain, server_hostname=self._target.hostname)

    def spoil(self, what: str, reply: Reply, kinds: t.Sequence[mutations.Mutation]) -> None:
        """Spoil the answer, or let it pass."""
        with self._lock:
            if self.budget <= 0 or self._chance.random() >= self.rate:
                return
            self.budget -= 1
            self.garbled += 1
            mutation = self._chance.choice(kinds)
            mutation(self._chance, reply)
            note = f"{mutation.__name__}: {what} -> {reply.status} {reply.body[:400]!r}"
            self.last = [*self.last[-5:], note]


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: GarblingProxy
    protocol_version = "HTTP/1.1"
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self._upstream = self.owner.connect()

    def finish(self) -> None:
        self._upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_words: object) -> None:
        pass

    def _serve(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._serve_websocket()
            return
        with contextlib.suppress(OSError, http.client.HTTPException):
            reply = self._forward()
            self.owner.spoil(f"{self.command} {self.path}", reply, mutations.OF_ANSWERS)
            self._send(reply)
            return
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _forward(self) -> Reply:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_HEADERS}
        headers["Host"], headers["Accept-Encoding"] = "127.0.0.1", "identity"
        self._upstream.request(self.command, self.path, body=body, headers=headers)
        answer = self._upstream.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP_HEADERS}
        return Reply(answer.status, kept, answer.read())

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value.encode("utf-8").decode("latin-1"))
        bodiless = self.command == "HEAD" or reply.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(b"" if bodiless else reply.body)

    # -- websocket

    def _serve_websocket(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError, ValueError), self.owner.tls_socket() as upstream:
            head = [f"{self.command} {self.path} HTTP/1.1", *(f"{n}: {v}" for n, v in self.headers.items())]
            upstream.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
            source = upstream.makefile("rb")
            while (line := source.readline()) not in (b"\r\n", b""):
                self.wfile.write(line)
            self.wfile.write(line)
            self.wfile.flush()
            threading.Thread(target=_pump, args=(self.connection, upstream), daemon=True).start()
            self._pass_frames(source)

    def _pass_frames(self, source: t.BinaryIO) -> None:
        while True:
            head = source.read(2)
            if len(head) < 2:
                return
            size = head[1] & 0x7F
            if size > 125:
                size = struct.unpack(*((">H", source.read(2)) if size == 126 else (">Q", source.read(8))))[0]
            payload = source.read(size)
            if head[0] & 0xF == _TEXT_FRAME:
                reply = Reply(101, {}, payload)
                self.owner.spoil("frame", reply, mutations.OF_DOCUMENTS)
                payload = reply.body
            length = len(payload)
            coded = bytes([length]) if length < 126 else b"\x7f" + struct.pack(">Q", length)
            self.wfile.write(head[:1] + coded + payload)
            self.wfile.flush()


def _pump(source: socket.socket, target: ssl.SSLSocket) -> None:
    with contextlib.suppress(OSError, ValueError):
        while piece := source.recv(1 << 14):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def garbling_proxy(upstream: str, ca: str, seed: int, rate: float = 0.3) -> Iterator[GarblingProxy]:
    way = GarblingProxy(upstream, ca, seed, rate)
    try:
        yield way
    finally:
        way.stop()
