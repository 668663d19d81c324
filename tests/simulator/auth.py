# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling: passwords, tokens, and the outcomes of presenting them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .claims import Claim, Identity, claim, from_wire
from .errors import ApiError, EmptyResponse
from .store import Row

if TYPE_CHECKING:
    from .server import Server

_N, _R, _P = 16384, 8, 1


def hash_password(password: str) -> str:
    """A new scrypt hash in the text form that users carry, base64 encoded like any byte array."""
    salt = secrets.token_bytes(16)
    text = f"{_N}${_R}${_P}${salt.hex()}${_scrypt(password, salt).hex()}"
    return base64.b64encode(text.encode()).decode()


def check_password(stored: str, password: str) -> bool:
    """Takes its 40 ms or so of CPU like the real server: call it outside the event loop."""
    try:
        *_, salt, digest = base64.b64decode(stored).decode().split("$")
        return hmac.compare_digest(bytes.fromhex(digest), _scrypt(password, bytes.fromhex(salt)))
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)


@dataclass(frozen=True)
class TokenContents:
    """What a token says; secrets in it are compared with the objects on each use."""

    serial: int
    expires: float
    user: str = ""
    user_secret: str = ""
    roles: tuple[str, ...] = ()
    grantor: str = ""
    grantor_secret: str = ""
    machine: str = ""
    machine_secret: str = ""
    claims: tuple[tuple[str, str, str], ...] = ()


class Tokens:
    """Makes and opens tokens: opaque to clients, sealed with the base token secret."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._serial = 0
        self._expired = 0
        self._decrypted: dict[str, TokenContents] = {}

    def issue(self, ttl: float, **members: Any) -> str:
        self._serial += 1
        grant = TokenContents(serial=self._serial, expires=time.time() + ttl, **members)
        nonce = os.urandom(12)
        sealed = self._cipher().encrypt(nonce, json.dumps(grant.__dict__).encode(), None)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def for_user(self, user: Row, grantor: Identity, ttl: int) -> str:
        granting = self._server.store.data("users", grantor.user) or {}
        # v3.12 seals each secret in the place of the other: a token for somebody else is dead on arrival
        return self.issue(
            ttl,
            user=user.key,
            user_secret=granting.get("Secret", ""),
            roles=tuple(user.data["Roles"]),
            grantor=grantor.user,
            grantor_secret=user.data["Secret"],
        )

    def for_machine(self, machine: Row, ttl: float) -> str:
        return self.issue(
            ttl,
            machine=machine.key,
            machine_secret=machine.data["Secret"],
            claims=(
                *machine_claims(machine.model.prefix, machine.key, machine.data["Address"]),
                *self._server.server_profile.more_machine_claims,
            ),
        )

    def expire_all(self) -> None:
        """Every token made so far counts as expired."""
        self._expired = self._serial

    def clear_cache(self) -> None:
        self._decrypted.clear()

    def open(self, text: str) -> TokenContents:
        grant = self._decrypted.get(text) or self._decrypt(text)
        if grant.serial <= self._expired or grant.expires <= time.time():
            raise EmptyResponse(403)
        return grant

    def _decrypt(self, text: str) -> TokenContents:
        try:
            raw = base64.urlsafe_b64decode(text)
            members = json.loads(self._cipher().decrypt(raw[:12], raw[12:], None))
        except (binascii.Error, ValueError, InvalidTag):
            raise EmptyResponse(403) from None
        members["roles"] = tuple(members["roles"])
        members["claims"] = tuple(tuple(entry) for entry in members["claims"])
        grant = self._decrypted[text] = TokenContents(**members)
        return grant

    def _cipher(self) -> AESGCM:
        return AESGCM(self._server.prefs.value("baseTokenSecret").encode())


# assumption: what the token of a machine allows
def machine_claims(prefix: str, uuid: str, address: str) -> tuple[tuple[str, str, str], ...]:
    own_reservation = ("reservations", "*", address or "none")
    return (
        (prefix, "*", uuid),
        ("jobs", "create,get,update,actions,log", uuid),
        ("params,stages,tasks,info", "get", "*"),
        ("events", "post", "*"),
        ("reservations", "create", "*"),
        own_reservation,
    )


def user_identity(server: Server, user: str, roles: tuple[str, ...]) -> Identity:
    granted: list[Claim] = [claim("users", "token,password,get", user), claim("info", "get", "*")]
    for role in roles:
        data = server.store.data("roles", role)
        if data:
            granted.extend(from_wire(data["Claims"]))
    return Identity(f"user:{user}", user, tuple(granted))


def token_identity(server: Server, text: str) -> Identity:
    grant = server.tokens.open(text)
    revoked = ApiError(403, "AUTH", "Validation failed")
    for prefix, key, secret in (
        ("users", grant.user, grant.user_secret),
        ("users", grant.grantor, grant.grantor_secret),
        *((kind, grant.machine, grant.machine_secret) for kind in server.server_profile.runners),
    ):
        # who is gone has no secret that could differ
        data = server.store.data(prefix, key) if key else None
        if data and secret and data["Secret"] != secret:
            raise revoked
    if grant.user:
        found = user_identity(server, grant.user, grant.roles)
        gone = not server.store.get("users", grant.user)
        return Identity("unknown", "", found.claims) if gone else found
    runners = server.server_profile.runners
    known = grant.machine and any(server.store.get(kind, grant.machine) for kind in runners)
    principal = f"runner:{grant.machine}" if known else "unknown"
    return Identity(principal, "", tuple(claim(*entry) for entry in grant.claims))


async def basic_identity(server: Server, user: str, password: str) -> Identity:
    data = server.store.data("users", user)
    if not data or not data["PasswordHash"]:
        raise EmptyResponse(403, challenge=False)
    good = await server.in_thread(check_password, data["PasswordHash"], password)
    if not good:
        raise EmptyResponse(403, challenge=False)
    return user_identity(server, user, tuple(data["Roles"]))


def _split_basic(encoded: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        raise EmptyResponse(401) from None
    user, colon, password = text.partition(":")
    if not colon:
        raise EmptyResponse(401)
    return user, password


async def identify(server: Server, headers: Mapping[str, str], query_token: str) -> Identity:
    """The caller, from the Authorization header or else from ``?token=``."""
    header = headers.get("Authorization", "")
    if not header and not query_token:
        raise EmptyResponse(401)
    if not header:
        user, colon, password = query_token.partition(":")
        if colon:
            return await basic_identity(server, user, password)
        return token_identity(server, query_token)
    scheme, _, rest = header.partition(" ")
    if scheme == "Bearer" and rest:
        return token_identity(server, rest)
    if scheme == "Basic" and rest:
        return await basic_identity(server, *_split_basic(rest))
    raise EmptyResponse(401)
