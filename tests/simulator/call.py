# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to the API, as handlers see it, and the answers they give."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .claims import Identity
from .errors import ApiError, bad_request, no_route, not_found
from .wire import dumps

if TYPE_CHECKING:
    from .server import Server

JSON = "application/json; charset=utf-8"
OCTETS = "application/octet-stream"


def _no_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


@dataclass
class BufferedResponse:
    """An answer whose body is at hand."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


ApiResponse = BufferedResponse | web.StreamResponse
Handler = Callable[["Call"], ApiResponse | Awaitable[ApiResponse]]


def reply_text(text: bytes, status: int = 200) -> BufferedResponse:
    """An answer of JSON that is encoded already."""
    return BufferedResponse(status, text, JSON)


def reply(value: Any, status: int = 200) -> BufferedResponse:
    return reply_text(dumps(value), status)


def no_content() -> BufferedResponse:
    # the shipped client wants a content type even where there is no content
    return BufferedResponse(204, content_type="application/json")


def error_reply(problem: ApiError) -> BufferedResponse:
    return reply(problem.document(), problem.code)


@dataclass
class Call:
    """One authenticated request below /api/v3."""

    server: Server
    request: web.BaseRequest
    method: str
    path: str
    target: str
    parts: list[str]
    query: list[tuple[str, str]]
    identity: Identity
    body: bytes = b""

    @property
    def principal(self) -> str:
        return self.identity.principal

    def option(self, name: str) -> str:
        """The first value of a query name, or an empty text."""
        return next((value for key, value in self.query if key == name), "")

    def flag(self, name: str) -> bool:
        """Only the exact text ``true`` counts."""
        return self.option(name) == "true"

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def json(self) -> Any:
        """The first value in the body, None without one; ApiError when it is not JSON or not said to be."""
        kind = self.header("Content-Type").partition(";")[0].strip()
        if "application/json" not in kind.lower():
            raise bad_request(self.method, f"Invalid content type: {kind}")
        return self.parsed() if self.body else None

    def parsed(self) -> Any:
        try:
            return _DECODER.raw_decode(self.body.decode("utf-8", "replace").lstrip(" \t\r\n"))[0]
        except ValueError as problem:
            raise bad_request(self.method, f"invalid character: {problem}") from None

    def may(self, scope: str, action: str, specific: str = "") -> bool:
        return self.identity.may(scope, action, specific, self.server.server_profile.scopes)

    def require(self, scope: str, action: str, specific: str = "") -> None:
        if self.may(scope, action, specific):
            return
        if action == "get":
            # who may not see it is told that it is not there
            raise not_found(self.method, scope, specific)
        raise self.forbidden(f"Requires: {scope} {action} {specific}")

    def forbidden(self, why: str) -> ApiError:
        return ApiError(403, "AUTH", f"Cannot access {self.target}", why)

    def no_route(self) -> ApiError:
        return no_route(self.method, self.target)
