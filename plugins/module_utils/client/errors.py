# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong between a client and a DRP endpoint, as one small tree of exceptions.

Every error carries the five members of the server's error object (``Model``, ``Key``, ``Type``,
``Messages``, ``Code``).  Errors made on this side have the Type ``CLIENT_ERROR`` and the Code 0.
"""

from __future__ import annotations

import re
import typing as t

from . import limits
from .masking import visible

CLIENT_ERROR = "CLIENT_ERROR"

REVOKED_TOKEN_MESSAGE = "Validation failed"
"""The only message of the JSON 403 that answers a token whose user, grantor or machine secret changed."""


class DrpError(Exception):
    """Base of all errors of this client; ``str()`` gives the text that drpcli users know."""

    def __init__(
        self,
        *messages: str,
        model: str = "",
        key: str = "",
        type: str = CLIENT_ERROR,
        code: int = 0,
        attempts: int = 1,
    ) -> None:
        shown = [visible(str(message)) for message in messages]  # a server may have written them
        super().__init__(*shown)
        self.messages = shown
        self.model = visible(model)
        self.key = visible(key)
        self.type = visible(type)
        self.code = code
        self.changed = False
        """Whether something was stored before it."""
        self.attempts = attempts
        """How many times the request was sent; above 1 an earlier try may have taken effect."""

    def __str__(self) -> str:
        where = "/".join(part for part in (self.model, self.key) if part)
        head = f"{self.type}: {where}" if where else self.type
        head = re.sub("/+", "/", head)
        if len(self.messages) == 1:
            return f"{head}: {self.messages[0]}"
        return "\n".join([head, *(f"  {message}" for message in self.messages)])

    def as_dict(self) -> dict[str, t.Any]:
        """The error object as the server would send it."""
        return {
            "Model": self.model,
            "Key": self.key,
            "Type": self.type,
            "Messages": self.messages,
            "Code": self.code,
        }


class UsageError(DrpError):
    """The request was refused before anything was sent."""


class ConnectionFailed(DrpError):
    """No HTTP answer was obtained, after all the tries that the retry policy allows."""


class CertificateRejected(ConnectionFailed):
    """The server's certificate is not the one that was asked for; never tried twice."""


class ApiError(DrpError):
    """The server answered with an error; ``code`` is always the HTTP status."""


class LoginRequired(ApiError):
    """401, or 403 without a body: the credentials are wrong, or the token is expired or unknown."""


class NotPermitted(ApiError):
    """403 with an error object: the credentials are good, the claim is missing or the token revoked."""


class TokenRevoked(NotPermitted):
    """403 "Validation failed": a secret that the token depends on was changed."""


class NotFound(ApiError):
    """404: no such object, no such route, or (for a single get) not permitted to see it."""


class UnservedKind(NotFound):
    """404 for a kind, and not for an object of it: the server is older than the kind, or misses a plugin."""


class Conflict(ApiError):
    """409: a ``test`` operation failed, the object exists already, or it is still in use."""


class Invalid(ApiError):
    """422: the object does not validate."""


class UnreadableAnswer(ApiError):
    """A success status with a body that is not the JSON this API speaks, or more of it than is taken."""


class Redirected(UnreadableAnswer):
    """The answer is a redirect, which no DRP server sends, or one that must not be followed."""


_BY_STATUS: dict[int, type[ApiError]] = {401: LoginRequired, 404: NotFound, 409: Conflict, 422: Invalid}


def from_answer(method: str, path: str, status: int, reason: str, body: bytes, attempts: int = 1) -> ApiError:
    """The exception for an answer with an error status, whatever its body and content type are."""
    members = _error_object(body)
    kind = _BY_STATUS.get(status, ApiError)
    if status == 403:
        # The words of a proxy, say, are about neither credentials nor claims.
        kind = NotPermitted if members else ApiError if body.strip() else LoginRequired
    if members is None:
        detail = _plain_text(body)
        message = f"{method} {path} answered {status} {reason}".rstrip() + (f": {detail}" if detail else "")
        return kind(message, type=method, code=status, attempts=attempts)
    return kind(
        *[str(message) for message in members.get("Messages") or []],
        model=str(members.get("Model") or ""),
        key=str(members.get("Key") or ""),
        type=str(members.get("Type") or method),
        code=status,
        attempts=attempts,
    )


def is_revocation(error: DrpError) -> bool:
    """Whether the server said that the token is revoked."""
    return error.code == 403 and error.messages == [REVOKED_TOKEN_MESSAGE]


def _error_object(body: bytes) -> dict[str, t.Any] | None:
    try:
        document = limits.decode_json(body.decode("utf-8"))
    except ValueError:
        return None
    if isinstance(document, dict) and isinstance(document.get("Messages", None), (list, type(None))):
        return document if {"Type", "Messages"} <= set(document) else None
    return None


def _plain_text(body: bytes, limit: int = 200) -> str:
    """The readable words of an HTML or text body, in one line."""
    text = body[:20_000].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", text)
    words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return words if len(words) <= limit else words[: limit - 3] + "..."


def did_you_mean(name: str, known: t.Iterable[str]) -> str:
    """A sentence to go on with after a full stop, of the name in ``known`` that is close; "" when none is."""
    import difflib  # here, because only a wrong name needs it

    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f" Did you mean {close[0]}?" if close else ""
