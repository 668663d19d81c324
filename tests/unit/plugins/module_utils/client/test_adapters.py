# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request looks like to the socket."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import adapters


class Socket:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def sendall(self, data: Any) -> None:
        self.written.append(bytes(data))

    def settimeout(self, seconds: Any) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def connection() -> Any:
    """One of the pool that our adapter uses, as if it had been connected."""
    adapter = adapters.secure(1, None)
    made: Any = adapter.poolmanager.connection_from_url("https://drp.example.com:8092")._new_conn()
    made.sock = Socket()
    return made


def test_a_small_request_is_one_write(connection: Any) -> None:
    for method, body in (("GET", None), ("POST", b'{"Name":"m1"}'), ("PATCH", b"[]"), ("PUT", b"")):
        connection.request(method, "/api/v3/machines", body=body, headers={"X-Mine": "1"})
        (written,) = connection.sock.written
        head, _blank, sent = written.partition(b"\r\n\r\n")
        assert head.startswith(f"{method} /api/v3/machines HTTP/1.1\r\n".encode())
        assert b"X-Mine: 1" in head
        assert sent == (body or b"")
        connection.sock.written.clear()
        connection._HTTPConnection__state = "Idle"  # as after the answer


@pytest.mark.parametrize("stream", [False, True])
def test_a_large_one_is_not_copied(connection: Any, stream: bool) -> None:
    body = b"x" * (1 << 17)
    headers = {"Content-Length": str(len(body))}
    connection.request("POST", "/files/a", body=io.BytesIO(body) if stream else body, headers=headers)
    head, *rest = connection.sock.written
    assert head.endswith(b"\r\n\r\n")
    assert b"".join(rest) == body


def test_what_cannot_be_said_leaves_nothing_behind(connection: Any) -> None:
    with pytest.raises(ValueError, match="header"):
        connection.request("POST", "/a", body=b"{}", headers={"X-Mine": "a\nb"})
    assert connection.sock.written == []
    connection._HTTPConnection__state = "Idle"
    connection._buffer.clear()
    connection.request("POST", "/a", body=b"{}", headers={})
    assert len(connection.sock.written) == 1


def test_only_a_fingerprint_is_pinned() -> None:
    keywords = [
        adapters.secure(1, pin).poolmanager.connection_pool_kw.get("assert_fingerprint")
        for pin in (None, "ab" * 32)
    ]
    assert keywords == [None, "ab" * 32]
    assert "assert_fingerprint" not in adapters.secure(1, None).poolmanager.connection_pool_kw
