# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What agent and supervisor say to each other: JSON, its length before it, and perhaps a descriptor."""

from __future__ import annotations

import json
import socket
import struct
import typing as t

_LENGTH = struct.Struct(">Q")
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def send(channel: socket.socket, message: t.Any, descriptor: int = -1) -> None:
    """OSError when the other side is gone; it then has not got the message, or not all of it."""
    body = json.dumps(message).encode("ascii")
    head = _LENGTH.pack(len(body))
    if descriptor < 0:
        channel.sendall(head + body)
        return
    sent = socket.send_fds(channel, [head], [descriptor])
    channel.sendall(head[sent:] + body)


def receive(channel: socket.socket) -> tuple[t.Any, int] | None:
    """The next message and its descriptor, or -1; None when the other side has gone before it was whole."""
    try:
        head, descriptors, _flags, _address = socket.recv_fds(channel, _LENGTH.size, 1, _CLOSE_ON_EXEC)
        head = head and _whole(channel, head, _LENGTH.size)
        body = head and _whole(channel, b"", _LENGTH.unpack(head)[0])
    except OSError:
        return None
    return (json.loads(body), *descriptors, -1)[:2] if body else None


def _whole(channel: socket.socket, start: bytes, size: int) -> bytes:
    """So many bytes, of which ``start`` are there; b"" when they do not come."""
    pieces = [start]
    missing = size - len(start)
    while missing:
        piece = channel.recv(min(missing, 1 << 20))
        if not piece:
            return b""
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
