# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that does as it is told, and clients whose clock and sleep are made of plastic."""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.auth import UserSession
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import TokenCache
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import (
    Retry,
    Timeouts,
    Transport,
)

USER, PASSWORD = "rocketskates", "r0cket:sk8ts"
DROP = "drop"


@dataclasses.dataclass
class ReceivedRequest:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def scheme(self) -> str:
        return self.headers.get("Authorization", "").partition(" ")[0]

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").partition(" ")[2]


class Stub:
    """Hands out tokens as DRP does and answers everything else from ``answers``.

    ``answers[method, path]`` is a list of ``(status, headers, body)``, of ``DROP`` (the connection
    ends without an answer) or of functions of the request; the last entry stays.
    """

    def __init__(self) -> None:
        self.seen: list[ReceivedRequest] = []
        self.answers: dict[tuple[str, str], list[Any]] = {}
        self.tokens: set[str] = set()
        self.revoked: set[str] = set()
        self.issued = 0
        self.login_answers: list[Any] = []
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def logins(self, scheme: str = "Basic") -> list[ReceivedRequest]:
        return [seen for seen in self.seen if seen.path.endswith("/token") and seen.scheme == scheme]

    def asked(self, path: str) -> list[ReceivedRequest]:
        return [seen for seen in self.seen if seen.path == path]

    def answer(self, seen: ReceivedRequest) -> Any:
        if seen.path == f"/api/v3/users/{USER}/token":
            return self._token(seen)
        if seen.scheme != "Bearer" or seen.token not in self.tokens | self.revoked:
            return 403, {}, b""
        if seen.token in self.revoked:
            body = {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Validation failed"], "Code": 403}
            return 403, {"Content-Type": "application/json"}, json.dumps(body).encode()
        planned = self.answers.get((seen.method, seen.path), [(200, {}, b'{"ok":true}')])
        chosen = planned.pop(0) if len(planned) > 1 else planned[0]
        return chosen(seen) if callable(chosen) else chosen

    def _token(self, seen: ReceivedRequest) -> Any:
        if self.login_answers:
            return self.login_answers.pop(0)
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if not (seen.scheme == "Basic" and seen.token == right) and seen.token not in self.tokens:
            return 403, {}, b""
        self.issued += 1
        token = f"t{self.issued}"
        self.tokens.add(token)
        return (
            200,
            {},
            json.dumps({"Token": token, "Info": {"version": "v3.12.0", "features": ["x"]}}).encode(),
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self._body()
                seen = ReceivedRequest(self.command, self.path.partition("?")[0], dict(self.headers), body)
                with stub.lock:
                    stub.seen.append(seen)
                    chosen = stub.answer(seen)
                if chosen == DROP:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, headers, content = chosen
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@dataclasses.dataclass
class Clock:
    """A clock that a test moves; sleeping moves it too."""

    now: float = 1_000_000.0
    slept: list[float] = dataclasses.field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


MakeClient = Callable[..., Client]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands between a test and loopback, and no CA bundle of the user counts."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stub() -> Iterator[Stub]:
    running = Stub()
    yield running
    running.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed_port() -> str:
    """The URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def make_client(stub: Stub, clock: Clock) -> Iterator[MakeClient]:
    """Clients of the stub (or of another endpoint), with this test's clock and sleep."""
    made: list[Client] = []

    def make(
        endpoint: str | None = None,
        username: str = USER,
        password: str = PASSWORD,
        cache: TokenCache | None = None,
        read_timeout: float = 5.0,
    ) -> Client:
        transport = Transport(
            endpoint or stub.endpoint,
            timeouts=Timeouts(connect=5.0, read=read_timeout),
            retry=Retry(sleep=clock.sleep),
        )
        made.append(Client(transport, UserSession(transport, username, password, cache, clock)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()
