# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error object every DRP route answers with, and the situations that produce it."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer of status >= 400 with DRP's five-member JSON error."""

    def __init__(self, code: int, kind: str, *messages: str, model: str = "", key: str = "") -> None:
        super().__init__(*messages)
        self.code = code
        self.kind = kind
        self.messages = list(messages)
        self.model = model
        self.key = key

    def document(self) -> dict[str, Any]:
        return {
            "Model": self.model,
            "Key": self.key,
            "Type": self.kind,
            "Messages": self.messages,
            "Code": self.code,
        }


class Crash(Exception):
    """The request kills the handler of a real v3.12 server: 500 without a body, and it is counted."""


class EmptyResponse(Exception):
    """An answer without a body and without a content type (credentials problems)."""

    def __init__(self, status: int, *, challenge: bool = True) -> None:
        super().__init__(status)
        self.status = status
        self.challenge = challenge


def not_found(method: str, model: str, key: str, message: str = "Not Found") -> ApiError:
    return ApiError(404, method, message, model=model, key=key)


def no_route(method: str, path: str) -> ApiError:
    return ApiError(404, method, "No route", key=path)


def bad_request(method: str, *messages: str, model: str = "", key: str = "") -> ApiError:
    return ApiError(400, method, *messages, model=model, key=key)


def invalid(model: str, key: str, messages: list[str]) -> ApiError:
    return ApiError(422, "ValidationError", *messages, model=model, key=key)


def in_use(model: str, key: str, messages: list[str]) -> ApiError:
    return ApiError(409, "StillInUseError", *messages, model=model, key=key)
