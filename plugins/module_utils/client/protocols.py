# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a request and an event stream use of a client, as types: neither of them has to know the client."""

from __future__ import annotations

import typing as t

from .auth import Session
from .filters import QueryPairs
from .transport import Answer, Body, Transport


class Sender(t.Protocol):
    """Sends requests with credentials; a :class:`.client.Client` is one."""

    fail_fast: bool
    timeout: float | None
    trace_level: str
    trace_marker: str

    def url_for(self, *parts: str) -> str:
        """The URL below the API."""

    def version(self) -> str:
        """Of the server."""

    def require_query_features(self, query: QueryPairs) -> None:
        """UsageError for what this server would ignore or refuse."""

    def send(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        body: Body = None,
        stream: bool = False,
        fail_fast: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """As :meth:`.transport.Transport.send`."""


class Connector(t.Protocol):
    """Has an endpoint, trust and tokens; a :class:`.client.Client` is one."""

    @property
    def endpoint(self) -> str:
        """Its URL."""

    @property
    def session(self) -> Session:
        """What is logged in."""

    @property
    def transport(self) -> Transport:
        """What sends its requests."""
