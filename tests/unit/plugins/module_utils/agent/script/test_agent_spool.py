# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spool: any bytes, in order, and what happens when there is no room for them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.spool import (
    Spool,
    SpoolWriter,
    missing,
)

PIECES = st.lists(st.binary(max_size=70), max_size=30)


def everything(spool: Spool, chunk: int = 1000) -> bytes:
    data, offset = b"", 0
    while piece := spool.read(offset, chunk):
        data += piece
        offset += len(piece)
    return data


@given(pieces=PIECES, segment=st.integers(1, 100), chunk=st.integers(1, 100))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], segment: int, chunk: int
) -> None:
    spool = Spool(str(tmp_path_factory.mktemp("spool") / "s"))
    for piece in pieces:  # each from a writer of its own, as by an agent and its supervisors in turn
        with SpoolWriter(spool, segment=segment) as writer:
            writer.append(piece)
    assert everything(spool, chunk) == b"".join(pieces)
    assert spool.end_offset() == len(b"".join(pieces))
    assert all(part.size() <= segment for part in spool.segments())


def test_only_what_is_done_with_is_freed(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "s"))
    with SpoolWriter(spool, segment=10) as writer:
        writer.append(b"0123456789" * 3)
        spool.free(19)
        assert [part.start for part in spool.segments()] == [10, 20]
        spool.free(30)
        assert [part.start for part in spool.segments()] == [20], "the last one still grows"
        writer.append(b"next")
    assert spool.read(30, 10) == b"next"
    assert spool.end_offset() == 34
    assert spool.read(5, 10) == b""


def test_the_limit_waits_for_the_other_side(tmp_path: Path) -> None:
    """A fast script is slowed down as long as room is being made."""
    spool = Spool(str(tmp_path / "s"), limit=30)
    sent = []

    def send_some(_seconds: float) -> None:
        first = spool.segments()[0].start
        sent.append(spool.read(first, 10))
        spool.free(first + 10)

    with SpoolWriter(spool, segment=10, sleep=send_some) as writer:
        writer.append(bytes(range(100)))
    assert b"".join(sent) == bytes(range(70))
    assert writer.dropped == 0


def test_without_anybody_to_make_room_something_has_to_give(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path / "s"), limit=20)
    writer = SpoolWriter(spool, full_timeout=0.0, segment=10)
    writer.append(b"x" * 25)
    assert writer.dropped == 5
    writer.append(b"y" * 7)
    assert writer.dropped == 12
    spool.limit = 1000
    writer.append(b"z")
    assert writer.dropped == 0
    assert everything(spool) == b"x" * 20 + f"\n{missing(12)}\n".encode() + b"z"


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, full = os.write, [True]

    def write(descriptor: int, data: bytes) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    spool = Spool(str(tmp_path / "s"))
    writer = SpoolWriter(spool, full_timeout=0.0)
    writer.append(b"lost")
    full[0] = False
    writer.append(b"kept")
    assert everything(spool) == f"\n{missing(4)}\nkept".encode()


def test_other_errors_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="Input/output"):
        SpoolWriter(Spool(str(tmp_path / "s"))).append(b"x")
