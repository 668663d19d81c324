# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that never end, or are a hundred times what they seem."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import itertools
import json
import struct
import time
import tracemalloc
import typing as t
import uuid
from collections.abc import Iterator

import pytest
from patience import eventually
from rogue_server import Seen, answer

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import limits
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    ConnectionFailed,
    DrpError,
    UnreadableAnswer,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.events.stream import EventStream
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import boot_trees
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import jobs
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import resolve

MEGABYTE = 1 << 20
SMALL = 4 * MEGABYTE
"""The bound of these clients: what holds for four megabytes holds for more."""
MACHINE = str(uuid.UUID(int=1))
NULLS = gzip.compress(b" " * (200 * MEGABYTE), 9)
OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def endless(head: str, piece: bytes) -> Iterator[bytes]:
    yield f"{head}\r\n".encode()
    while True:
        yield piece


def chunked(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


BOMBS: dict[str, t.Callable[[], t.Iterable[bytes]]] = {
    "gzip": lambda: [answer(NULLS, Content_Encoding="gzip")],
    "gzip in gzip": lambda: [answer(gzip.compress(NULLS), Content_Encoding="gzip, gzip")],
    "deflate": lambda: [answer(b"x", Content_Encoding="deflate")],
    "endless": lambda: endless(OK, b" " * (1 << 16)),
    "endless chunks": lambda: endless(f"{OK}Transfer-Encoding: chunked\r\n", chunked(b" " * (1 << 16))),
    "an endless list": lambda: itertools.chain([f"{OK}\r\n[1".encode()], itertools.repeat(b",1" * (1 << 14))),
    "a chunk of 2^60": lambda: endless(
        f"{OK}Transfer-Encoding: chunked\r\n\r\n1000000000000000", b" " * (1 << 16)
    ),
    "endless headers": lambda: endless(OK.rstrip(), b"X-More: of it\r\n" * 100),
    "an endless header": lambda: endless(OK.rstrip(), b"x" * (1 << 16)),
    "endless interim answers": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "an endless trailer": lambda: endless(
        f"{OK}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0", b"X-More: of it\r\n" * 100
    ),
}


@pytest.fixture
def memory() -> Iterator[None]:
    """Fails the test when far more was held than the bound allows."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * SMALL, f"{peak / MEGABYTE:.0f} MB were held"


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_an_error_and_not_the_end_of_the_memory(
    serve: t.Any, connect: t.Any, memory: None, name: str
) -> None:
    server = serve(lambda _request: BOMBS[name]())
    with pytest.raises((UnreadableAnswer, ConnectionFailed)):
        connect(server.url, max_answer=SMALL).list("machines")
    assert server.sent < 64 * MEGABYTE


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "500 Oops"])
@pytest.mark.parametrize("name", ["gzip", "gzip in gzip", "endless", "endless chunks"])
def test_a_bomb_before_the_login(serve: t.Any, connect: t.Any, memory: None, name: str, status: str) -> None:
    def respond(_request: Seen) -> Iterator[bytes]:
        first, *rest = itertools.islice(BOMBS[name](), 1), BOMBS[name]()
        del first
        for number, piece in enumerate(rest[0]):
            yield piece.replace(b"200 OK", status.encode(), 1) if not number else piece

    server = serve(respond, logins=False)
    with pytest.raises(ApiError) as caught:
        connect(server.url, max_answer=SMALL).token()
    assert caught.value.code == int(status[:3])
    assert len(str(caught.value)) < 1000


def test_the_bound_can_be_raised(serve: t.Any, connect: t.Any) -> None:
    items = [{"Uuid": str(uuid.uuid4()), "Name": "x" * 1000} for _number in range(2000)]
    server = serve(
        lambda _request: [answer(gzip.compress(json.dumps(items).encode()), Content_Encoding="gzip")]
    )
    with pytest.raises(UnreadableAnswer, match=limits.SIZE_VARIABLE):
        connect(server.url, max_answer=MEGABYTE).list("machines")
    environment = {"RS_TOKEN": "token", limits.SIZE_VARIABLE: "4"}
    chosen = resolve({"endpoint": server.url}, environment).max_answer
    assert len(connect(server.url, max_answer=chosen).list("machines")) == 2000
    for wrong in ("0", "-1", "many", "1e9", "9" * 30):
        with pytest.raises(UsageError, match=limits.SIZE_VARIABLE):
            resolve({}, {**environment, limits.SIZE_VARIABLE: wrong})


def test_a_body_that_drips_is_not_waited_for(serve: t.Any, connect: t.Any) -> None:
    for head in (
        f"{OK}Content-Length: 100000\r\n\r\n",
        f"{OK}Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 2",
    ):

        def respond(_request: Seen, head: str = head) -> Iterator[bytes]:
            yield head.encode()
            while True:
                time.sleep(0.2)
                yield b"0"

        server = serve(respond)
        client = connect(server.url, timeout=1.0)
        client.token()
        with pytest.raises(ConnectionFailed):
            client.get("machines", "one")


# -- JSON


@pytest.mark.parametrize("depth", [101, 900, 100_000])
@pytest.mark.parametrize("pair", ["[]", '{"a":}'])
def test_nesting(serve: t.Any, connect: t.Any, depth: int, pair: str) -> None:
    text = pair[:-1] * depth + "1" + pair[-1] * depth
    item = f'{{"Uuid": "{MACHINE}", "Params": {{"it": {text}}}}}'
    one, many = (
        connect(serve(lambda _request, body=body: [answer(body.encode())]).url)
        for body in (item, f"[{item}]")
    )
    for ask in (lambda: one.get("machines", MACHINE), lambda: many.list("machines")):
        with pytest.raises(UnreadableAnswer, match="nested more than"):
            ask()
    errors = serve(lambda _request: [answer(text.encode(), "409 Conflict")])
    with pytest.raises(ApiError) as caught:
        connect(errors.url).get("machines", "one")
    assert caught.value.code == 409


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_no_number_that_is_none_gets_in(serve: t.Any, connect: t.Any, number: str) -> None:
    item = f'{{"Uuid": "{MACHINE}", "Params": {{"it": [%s]}}}}'
    server = serve(lambda _request: [answer((item % number).encode())])
    with pytest.raises(UnreadableAnswer, match="no number of JSON|out of range"):
        connect(server.url).get("machines", MACHINE)


# -- lists


@pytest.mark.parametrize("total", ["99999999999", "9" * 5000, "²", "-1", "many"])
@pytest.mark.parametrize("paged", [{}, {"page_size": 2}, {"page_size": 2, "workers": 4}])
def test_a_total_that_is_never_reached(
    serve: t.Any, connect: t.Any, total: str, paged: dict[str, int]
) -> None:
    items = [{"Uuid": str(uuid.UUID(int=number)), "Name": str(number)} for number in range(2)]
    headers = {"X-DRP-LIST-TOTAL-COUNT": total.encode().decode("latin-1")}
    server = serve(lambda _request: [answer(items, **headers)])
    found: t.Any = items
    with contextlib.suppress(UnreadableAnswer):
        found = connect(server.url).list("machines", **paged)
    assert found == items
    assert len(server.seen) < 1200


def test_a_list_that_goes_on_for_ever(serve: t.Any, connect: t.Any) -> None:
    counter = itertools.count(1)

    def respond(_request: Seen) -> list[bytes]:
        filler = "x" * 100_000
        return [
            answer([{"Uuid": str(uuid.UUID(int=next(counter))), "Name": filler} for _number in range(10)])
        ]

    server = serve(respond)
    with pytest.raises(UnreadableAnswer, match="larger than"):
        connect(server.url, max_answer=2 * MEGABYTE).list("machines", page_size=10)
    assert len(server.seen) < 20


# -- what is streamed


def test_a_log_without_an_end(serve: t.Any, connect: t.Any, memory: None) -> None:
    server = serve(
        lambda _request: endless(
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n", b"x" * (1 << 18)
        )
    )
    with pytest.raises(UnreadableAnswer):
        jobs.job_log_tail(connect(server.url, max_answer=MEGABYTE), "one", 3)
    assert server.sent < 200 * MEGABYTE


def test_a_canary_without_an_end(serve: t.Any, connect: t.Any, memory: None) -> None:
    server = serve(lambda _request: endless("HTTP/1.1 200 OK\r\n", b"x" * (1 << 16)))
    client = connect(server.url, max_answer=MEGABYTE)
    client._info = {"file_port": server.port, "prov_enabled": True}
    tree = boot_trees.BootTree("amd64", "x.iso", "", "", "x/install", "x/install/canary", ())
    assert len(boot_trees.tree_state(client, tree).canary or "") <= MEGABYTE
    assert server.sent < 64 * MEGABYTE


# -- the websocket


def _accepted(request: Seen) -> bytes:
    key = request.headers["Sec-Websocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    proof = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    head = "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return f"{head}Sec-WebSocket-Accept: {proof}\r\n\r\n".encode()


FRAMES: dict[str, t.Callable[[], t.Iterable[bytes]]] = {
    "one of 2^62 bytes": lambda: itertools.chain(
        [b"\x81\x7f" + struct.pack("!Q", 1 << 62)], itertools.repeat(b"x" * (1 << 16))
    ),
    "fragments without an end": lambda: itertools.chain(
        [b"\x01\x7e\xff\xff" + b"x" * 65535], itertools.repeat(b"\x00\x7e\xff\xff" + b"x" * 65535)
    ),
    "fragments and pings": lambda: itertools.chain(
        [b"\x01\x7e\xff\xff" + b"x" * 65535],
        itertools.repeat(b"\x00\x7e\xff\xff" + b"x" * 65535 + b"\x89\x00"),
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_message_on_the_websocket_without_an_end(
    serve: t.Any, connect: t.Any, memory: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, "EVENT_BYTES", SMALL)
    connections = []

    def respond(request: Seen) -> Iterator[bytes]:
        connections.append(request)
        yield _accepted(request)
        if len(connections) == 1:
            yield from FRAMES[name]()
        time.sleep(5)

    server = serve(respond)
    client: Client = connect(server.url)
    with EventStream(client):
        eventually(lambda: len(connections) >= 2, "that it is given up")
    assert server.sent < 64 * MEGABYTE


@pytest.mark.parametrize(
    "handshake",
    [
        b"HTTP/1.1 101 Go\r\n" + b"X: " + b"x" * (8 * MEGABYTE),
        b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * (8 * MEGABYTE),
        b"HTTP/1.1 500 No\r\nContent-Length: many\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 \xff\xfe\r\n\r\n",
        b"",
    ],
)
def test_a_handshake_that_is_none(serve: t.Any, connect: t.Any, memory: None, handshake: bytes) -> None:
    server = serve(lambda _request: [handshake])
    with pytest.raises(DrpError):
        connect(server.url).events()
