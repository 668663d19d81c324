# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users: the standard routes, tokens and passwords."""

from __future__ import annotations

from .. import objects
from ..auth import hash_password
from ..call import ApiResponse, BufferedResponse, Call, reply, reply_text
from ..errors import ApiError, Crash, bad_request, not_found
from ..store import Row
from ..wire import new_secret
from . import models, system

_LIFETIME = 3600


async def handle(call: Call) -> ApiResponse:
    if len(call.parts) == 3 and call.parts[2] == "token" and call.method == "GET":
        return _token(call, call.parts[1])
    if len(call.parts) == 3 and call.parts[2] == "password" and call.method == "PUT":
        return await _password(call, call.parts[1])
    return models.handle(call)


def _user(call: Call, asked: str) -> Row:
    row = call.server.store["users"].find(asked)
    if not row:
        raise not_found(call.method, "users", asked)
    return row


def _token(call: Call, asked: str) -> BufferedResponse:
    if any(name == "roles" for name, _ in call.query):
        raise Crash("a token with roles")
    if not call.identity.user:
        raise Crash("a token for a machine's token")
    ttl = _ttl(call, asked)
    row = _user(call, asked)
    call.require("users", "token", row.key)
    if call.header("Authorization").startswith("Basic "):
        call.server.stats.logins += 1
    token = call.server.tokens.for_user(row, call.identity, ttl)
    return reply({"Token": token, "Info": system.info_document(call)})


def _ttl(call: Call, asked: str) -> int:
    text = call.option("ttl")
    try:
        return int(text) if text else _LIFETIME
    except ValueError:
        raise bad_request(call.method, f"ttl {text} is not a number", model="users", key=asked) from None


async def _password(call: Call, asked: str) -> BufferedResponse:
    row = _user(call, asked)
    call.require("users", "password", row.key)
    body = call.json()
    password = body.get("Password") if isinstance(body, dict) else None
    if not isinstance(password, str):
        raise ApiError(
            400, "PUT", "json: cannot unmarshal value into Go struct field Password of type string"
        )
    hashed = await call.server.in_thread(hash_password, password)
    row = _user(call, asked)
    # a new secret ends every token of this user, and those it granted
    new = {**row.copy(), "PasswordHash": hashed, "Secret": new_secret()}
    stored = objects.update(call.server, row, new, call.principal, method="PUT", action="save")
    return reply_text(stored.text)
