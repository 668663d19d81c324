# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The connections of a transport: what is checked of a server before anything is sent, and its patience.

The library looks at a pinned fingerprint instead of the host name; with ``ca_path`` both were asked for.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import ssl
import time
import typing as t

from .. import limits
from ..errors import CertificateRejected
from ..third_party import requests, urllib3
from ..tls import Tls

POOL_SIZE = 32
_HEADER_BYTES = 1 << 20


def new_session() -> requests.Session:
    """A session that leaves redirects to :mod:`.redirects`: its own way reads the whole body of one first."""
    return t.cast(requests.Session, _session_class()())


@functools.lru_cache(maxsize=1)
def _session_class() -> type:
    class Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:
            del resp
            return None

    return Session


def mount(session: requests.Session, trust: Tls) -> None:
    """Have the session make its connections by the rules of this file."""
    session.mount("http://", _adapter(_pool_classes(None)))
    session.mount("https://", _adapter(_pool_classes(trust)))


class _PatientReader(io.RawIOBase):
    """What a server sends, unless it drips: the time-out of a socket counts anew with each byte."""

    def __init__(self, sock: t.Any, raw: t.Any, patience: float | None) -> None:
        self._receive = sock.recv_into
        self._raw = raw
        """What keeps the socket open; each record would take two more calls through it."""
        self._patience = patience
        self._began = time.monotonic()
        self._received = 0
        self.limit: int | None = None
        """How many bytes more may come, while it is headers that come."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        count: int = self._receive(buffer)
        self._received += count
        if self.limit is not None:
            self.limit -= count
            if self.limit < 0:
                raise http.client.HTTPException("its headers do not end")
        if self._patience is not None:
            allowed = self._patience + self._received / limits.SLOWEST
            if time.monotonic() - self._began > allowed:
                raise socket.timeout("the answer comes too slowly")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PatientResponse(http.client.HTTPResponse):
    """An answer whose headers end, and that does not take for ever."""

    def __init__(self, sock: t.Any, *args: t.Any, **options: t.Any) -> None:
        super().__init__(sock, *args, **options)
        self._reader = _PatientReader(sock, t.cast(t.Any, self.fp).detach(), sock.gettimeout())
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        self._bounded(super().begin)

    def _read_and_discard_trailer(self) -> None:
        self._bounded(super()._read_and_discard_trailer)  # type: ignore[misc]

    def _bounded(self, read: t.Callable[[], None]) -> None:
        self._reader.limit = _HEADER_BYTES
        read()
        self._reader.limit = None


def _adapter(pool_classes: dict[str, type]) -> requests.adapters.HTTPAdapter:
    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = pool_classes

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> t.Any:
            manager = super().proxy_manager_for(proxy, **options)
            manager.pool_classes_by_scheme = pool_classes
            return manager

    return Adapter(pool_connections=2, pool_maxsize=POOL_SIZE)


@functools.lru_cache(maxsize=32)
def _pool_classes(trust: Tls | None) -> dict[str, type]:
    class Connection(urllib3.connection.HTTPConnection):
        response_class = _PatientResponse

    class SecureConnection(urllib3.connection.HTTPSConnection):
        response_class = _PatientResponse

        def connect(self) -> None:
            super().connect()
            if trust is not None and trust.fingerprint is not None:
                self._check_fingerprint(trust)

        def _check_fingerprint(self, pinned: Tls) -> None:
            try:
                pinned.check_fingerprint(t.cast(ssl.SSLSocket, self.sock))
            except CertificateRejected as error:
                self.close()
                raise ssl.SSLError(error.messages[0]) from error
            self.is_verified = True

    class Pool(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": Pool, "https": SecurePool}
