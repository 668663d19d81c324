# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on loopback with files, ranges, and the faults that downloads meet."""

from __future__ import annotations

import base64
import dataclasses
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclasses.dataclass
class Page:
    """What is served under one path."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    ranges: bool = True
    cuts: list[int] = dataclasses.field(default_factory=list)
    """After how many bytes the connection is cut, one entry per answer; then no more."""
    login: str = ""
    """``user:password`` without which the answer is 401."""


class WebServer:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Page] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are no news."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    server = WebServer(tls)
    try:
        yield server
    finally:
        server.stop()


def _handler(server: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            headers = {name.title(): value for name, value in self.headers.items()}
            server.seen.append((self.path, headers))
            page = server.pages.get(path, Page(b"<html>nothing here</html>", 404))
            if page.login and headers.get("Authorization") != _basic(page.login):
                page = Page(b"log in", 401)
            status, start = self._range(page, headers)
            body = page.content[start:]
            self.send_response(status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if status == 206:
                total = len(page.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if "Content-Length" not in page.headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut = page.cuts.pop(0) if page.cuts else None
            self.wfile.write(body if cut is None else body[:cut])
            self.close_connection = cut is not None or "Content-Length" in page.headers

        def _range(self, page: Page, headers: dict[str, str]) -> tuple[int, int]:
            asked = re.fullmatch(r"bytes=(\d+)-", headers.get("Range", ""))
            version = headers.get("If-Range")
            known = (page.headers.get("ETag"), page.headers.get("Last-Modified"))
            if page.status != 200 or not asked or not page.ranges or (version and version not in known):
                return page.status, 0
            start = int(asked.group(1))
            return (206, start) if start < len(page.content) else (416, len(page.content))

        def log_message(self, *args: object) -> None:
            pass

    return Handler


def _basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()
