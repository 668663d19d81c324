# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checksum of a transfer is that of what passed, and the file is not read again for it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import threading
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import pace
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import ConnectionFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs, uploads
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.side_digest import (
    SideDigest,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.http import body
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.pace import LARGE_PIECE, PIECE

PATH = "/api/v3/files/x"
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 70 * PIECE + 5]
"""The last one is more than all buffers hold."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def add(digest: SideDigest, content: bytes, size: int = PIECE) -> None:
    next_buffer = digest.buffers()
    source = io.BytesIO(content)
    while count := source.readinto((buffer := next_buffer())[:size]):
        digest.add(buffer[:count])


@given(st.lists(st.sampled_from(SIZES), max_size=3), st.sampled_from([PIECE, LARGE_PIECE]))
def test_of_several_transfers(sizes: list[int], piece: int) -> None:
    contents = [os.urandom(size) for size in sizes]
    with SideDigest() as digest:
        for content in contents:
            add(digest, content, piece)
        assert digest.size == sum(sizes)
        assert digest.hexdigest() == sha256(b"".join(contents))


def test_a_transfer_that_begins_anew() -> None:
    with SideDigest() as digest:
        add(digest, b"given up")
        digest.restart()
        assert digest.size == 0
        add(digest, b"whole")
        assert digest.hexdigest() == sha256(b"whole")


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    with contextlib.suppress(RuntimeError), SideDigest() as digest:
        add(digest, b"x" * PIECE)
        assert threading.active_count() == before + 1
        raise RuntimeError
    assert threading.active_count() == before


def filled(client: t.Any, size: int = LARGE_PIECE) -> bytes:
    buffer = memoryview(bytearray(size))
    return b"".join(bytes(piece) for piece in blobs.open_blob(client, "files", "x").fill(lambda: buffer))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_in_buffers(client: t.Any, stub: t.Any, size: int, encoding: str) -> None:
    content = os.urandom(size)
    body = gzip.compress(content) if encoding == "gzip" else content
    stub.answers["GET", PATH] = [(200, {"Content-Encoding": encoding}, body)]
    assert filled(client) == content
    assert filled(client, PIECE) == content  # over the same connection
    assert filled(client, 1000) == content


class Paced:
    """An answer of so many bytes of which each takes its time, on a clock of its own."""

    def __init__(self, size: int, seconds_per_byte: list[float]) -> None:
        self.headers: dict[str, str] = {}
        self.raw = self._original_response = self
        self.length = size
        self.now = 0.0
        self._times = iter(seconds_per_byte)

    def monotonic(self) -> float:
        return self.now

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), self.length)
        self.length -= count
        self.now += count * next(self._times, 0.0)
        return count

    def close(self) -> None: ...

    release_conn = close


@pytest.mark.parametrize(
    ("times", "pieces"),
    [
        ([], [1, 2, 4, 8, 8, 8, 8, 1]),
        ([1e-3] * 40, [1] * 40),
        ([0, 0, 0, 1e-3, 1e-3], [1, 2, 4, 8, 1, 1, 2, 4, 8, 8, 1]),
    ],
    ids=["fast", "slow", "slower for a while"],
)
def test_a_piece_is_as_large_as_the_line_is_fast(
    monkeypatch: pytest.MonkeyPatch, times: list[float], pieces: list[int]
) -> None:
    answer = Paced(40 * PIECE, times)
    monkeypatch.setattr(pace, "time", answer)
    buffer = memoryview(bytearray(LARGE_PIECE))
    sizes = [len(piece) for piece in body.fill(answer, lambda: buffer)]
    assert sizes == [number * PIECE for number in pieces]


@pytest.mark.parametrize("hashed", [False, True])
def test_and_so_is_one_of_an_upload(monkeypatch: pytest.MonkeyPatch, hashed: bool) -> None:
    line = Paced(0, [])
    monkeypatch.setattr(pace, "time", line)
    content = os.urandom(40 * PIECE)
    sizes = []
    with SideDigest() as digest:
        source = uploads.Source(io.BytesIO(content), digest=digest if hashed else None)
        for seconds in (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0):
            sizes.append(len(source.read()))
            line.now += seconds
    assert sizes == [number * PIECE for number in (1, 2, 4, 8, 1, 1, 2, 4, 8, 8, 1, 0, 0)]


def test_a_body_that_breaks_off(client: t.Any, stub: t.Any) -> None:
    body = gzip.compress(os.urandom(3 * PIECE))[: 2 * PIECE]
    stub.answers["GET", PATH] = [(200, {"Content-Encoding": "gzip"}, body)]
    with pytest.raises(ConnectionFailed, match="the response was cut off"):
        filled(client)


class Counting(io.BytesIO):
    """Knows how many bytes were read of it."""

    count = 0

    def readinto(self, buffer: t.Any) -> int:
        got = super().readinto(buffer)
        self.count += got
        return got


@pytest.mark.parametrize("size", SIZES)
def test_an_upload_reads_its_file_once(client: t.Any, stub: t.Any, size: int) -> None:
    content = os.urandom(size)
    there = {"Content-Range": f"bytes 0-0/{size}", "X-DRP-SHA256SUM": sha256(content)}
    stub.answers["GET", f"{PATH}.part"] = [(404, {}, b"")]
    stub.answers["GET", PATH] = [(404, {}, b""), (206, there, b"c")]
    stub.answers["POST", PATH] = [(201, {}, b'{"Path":"/x","Size":7}')]
    file = Counting(content)
    with SideDigest() as digest:
        done = uploads.upload(client, "files", "x", uploads.Source(file, digest=digest))
    assert (done.size, done.sha256) == (size, sha256(content))
    assert file.count == size
