# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The body of an HTTP answer, piece by piece: decompressed here, so that no piece is larger than it may be.

The libraries inflate whatever has come before anybody can look at its size, some versions through several
layers.
"""

from __future__ import annotations

import contextlib
import http.client
import typing as t
import zlib

from ..pace import PIECE, Pace

_GZIP = 16 + zlib.MAX_WBITS
_IDENTITY = ("", "identity")


class TooLarge(Exception):
    """More came than is taken; the text says how much that is."""


class BrokenOff(Exception):
    """The body ended before it was whole."""


class BadEncoding(Exception):
    """It is compressed in a way that nobody asked for, or is not what that word says."""


def pieces(reply: t.Any, size: int = PIECE, limit: int | None = None) -> t.Iterator[bytes]:
    """The decoded body of a ``requests`` answer that was asked for with ``stream``; the connection is freed.

    ``limit`` is in bytes.  Raises the exceptions of this file, and what the socket raises.
    """
    with _connection_of(reply):
        decode = _decoder(reply.headers.get("Content-Encoding", ""))
        taken = 0
        for raw in _raw_pieces(reply.raw, size):
            for piece in decode(raw, size):
                taken += len(piece)
                if limit is not None and taken > limit:
                    raise TooLarge(f"more than {limit} bytes")
                yield piece
        decode(None, size)


def fill(reply: t.Any, next_buffer: t.Callable[[], memoryview]) -> t.Iterator[memoryview]:
    """As :func:`pieces`, but into buffers: the filled part of each.

    That takes a tenth of the steps for a large body.  A buffer is full if that takes no time; of a body that
    comes slowly little is kept back, see :class:`..pace.Pace`.
    """
    if reply.headers.get("Content-Encoding", "").strip().lower() not in _IDENTITY:
        buffer = next_buffer()
        for piece in pieces(reply, len(buffer)):
            buffer[: len(piece)] = piece
            yield buffer[: len(piece)]
            buffer = next_buffer()
        return
    with _connection_of(reply):
        source: http.client.HTTPResponse = reply.raw._original_response
        pace, buffer = Pace(), next_buffer()
        while count := source.readinto(buffer[: pace.size]):
            pace.passed()
            yield buffer[:count]
            buffer = next_buffer()
            pace.begin()
        _require_whole(source)


@contextlib.contextmanager
def _connection_of(reply: t.Any) -> t.Iterator[None]:
    """Free the connection for other requests after the whole body, and else close it."""
    complete = False
    try:
        yield
        complete = True
    finally:
        if complete:
            reply.raw.release_conn()
        else:
            reply.raw.close()


def read(reply: t.Any, limit: int) -> bytes:
    """The whole body, as :func:`pieces`."""
    return b"".join(pieces(reply, limit=limit))


def read_start(reply: t.Any, limit: int) -> bytes:
    """At most ``limit`` bytes of the body; the rest is nobody's business."""
    found = bytearray()
    try:
        for piece in pieces(reply, limit=limit):
            found += piece
    except (TooLarge, BadEncoding):
        pass
    return bytes(found)


def _raw_pieces(raw: t.Any, size: int) -> t.Iterator[bytes]:
    """What comes over the wire, each piece as soon as it is there."""
    source: http.client.HTTPResponse = raw._original_response
    while piece := source.read1(size):
        yield piece
    _require_whole(source)


def _require_whole(source: http.client.HTTPResponse) -> None:
    """End with a body from which nothing more comes."""
    if source.length:
        raise BrokenOff(f"{source.length} bytes are missing")
    source.close()


def _decoder(encoding: str) -> t.Callable[[bytes | None, int], t.Iterator[bytes]]:
    """A function that decodes a piece into pieces of at most so many bytes; None tells it the end."""
    word = encoding.strip().lower()
    if word in _IDENTITY:
        return lambda raw, _size: iter((raw,) if raw else ())
    if word not in ("gzip", "x-gzip"):
        raise BadEncoding(f"its Content-Encoding is {encoding[:60]!r}, which nobody asked for")
    return _Gunzip()


class _Gunzip:
    """One gzip member after the other, as the format allows."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def __call__(self, raw: bytes | None, size: int) -> t.Iterator[bytes]:
        if raw is None:
            if self._begun and not self._member.eof:
                raise BrokenOff("the compressed data end too early")
            return iter(())
        return self._inflate(raw, size)

    def _inflate(self, raw: bytes, size: int) -> t.Iterator[bytes]:
        more = True  # the member may hold more than it was allowed to give
        while raw or more:
            if self._member.eof:
                if not raw.startswith(b"\x1f\x8b"):
                    return  # padding behind the last member
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(raw, size)
            except zlib.error as error:
                raise BadEncoding(f"it is not the gzip that it claims to be ({error})") from error
            if piece:
                yield piece
            more = len(piece) == size and not self._member.eof
            raw = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
