# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users: the standard routes, tokens and passwords."""

from __future__ import annotations

from .. import objects
from ..auth import hash_password
from ..call import ApiResponse, BufferedResponse, Call, reply, reply_text
from ..errors import Crash, bad_request, not_found
from ..go_types import STR, DecodeError, Struct
from ..store import Row
from ..wire import go_integer, new_secret
from . import models, system

_LIFETIME = 3600
_PASSWORD = Struct("UserPassword", Password=STR)


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
    ttl = _ttl(call, asked)
    if not call.identity.user:
        raise Crash("a token for a machine's token, or for one whose user is gone")
    row = _user(call, asked)
    if any(name == "roles" for name, _ in call.query):
        raise Crash("a token with roles")
    call.require("users", "token", row.key)
    if call.header("Authorization").startswith("Basic "):
        call.server.stats.logins += 1
    token = call.server.tokens.for_user(row, call.identity, ttl)
    return reply({"Token": token, "Info": system.info_document(call)})


def _ttl(call: Call, asked: str) -> int:
    text = call.option("ttl")
    try:
        seconds = go_integer(text) if text else _LIFETIME
    except ValueError as problem:
        raise bad_request(call.method, str(problem), model="users", key=asked) from None
    # kept in nanoseconds of 64 bits
    return ((seconds * 10**9 + 2**63) % 2**64 - 2**63) // 10**9


async def _password(call: Call, asked: str) -> BufferedResponse:
    call.require("users", "password", asked)
    body = call.json()
    try:
        password = _PASSWORD.decode({} if body is None else body)["Password"]
    except DecodeError as problem:
        raise bad_request("PUT", str(problem)) from None
    _user(call, asked)
    hashed = await call.server.in_thread(hash_password, password)
    row = _user(call, asked)
    # a new secret ends every token of this user, and those it granted
    new = {**row.copy(), "PasswordHash": hashed, "Secret": new_secret()}
    stored = objects.update(call.server, row, new, call.principal, method="PUT", action="save")
    return reply_text(stored.text)
