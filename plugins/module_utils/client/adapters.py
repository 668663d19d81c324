# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How requests speaks HTTPS for us: a pinned certificate, and a small request in one piece."""

from __future__ import annotations

import typing as t

from .third_party import requests, urllib3

_SMALL = 1 << 16


def plain(connections: int) -> requests.adapters.HTTPAdapter:
    """For HTTP, as requests has it; ``connections`` are kept for the next requests."""
    return requests.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=connections)


def secure(connections: int, fingerprint: str | None) -> requests.adapters.HTTPAdapter:
    """For HTTPS.  ``fingerprint``, when there is one, is compared in each new connection.

    The head of a request and its body leave in one write, unless the body is large: two writes cost both
    sides a second turn, which is a quarter of a small request to a server that is near.
    """

    class Connection(urllib3.connection.HTTPSConnection):
        _held: list[bytes] | None = None

        def request(self, method: str, url: str, body: t.Any = None, *more: t.Any, **options: t.Any) -> None:
            if not isinstance(body, bytes) or len(body) > _SMALL:
                super().request(method, url, body, *more, **options)
                return
            held = self._held = []
            try:
                super().request(method, url, body, *more, **options)
            finally:
                self._held = None
            super().send(b"".join(held))

        def send(self, data: t.Any) -> None:
            if self._held is None:
                super().send(data)
            else:
                self._held.append(data)

    class Pool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = Connection

    # urllib3 before 2.8 hands a fingerprint on to HTTP too, which knows none: so only when there is one
    pin: dict[str, t.Any] = {"assert_fingerprint": fingerprint} if fingerprint else {}

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*args, **{**options, **pin})
            schemes = self.poolmanager.pool_classes_by_scheme
            self.poolmanager.pool_classes_by_scheme = {**schemes, "https": Pool}

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> t.Any:
            return super().proxy_manager_for(proxy, **{**options, **pin})

    return Adapter(pool_connections=2, pool_maxsize=connections)
