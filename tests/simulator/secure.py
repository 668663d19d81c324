# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure params: a key pair per object and NaCl boxes.

PyNaCl is optional.  Without it sealed values are stored and checked for their shape only.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from .go_types import BYTES, DecodeError, Struct
from .wire import dumps

try:
    from nacl.exceptions import CryptoError  # type: ignore[import-not-found,unused-ignore]
    from nacl.public import Box, PrivateKey, PublicKey  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # pragma: no cover - depends on the machine
    PrivateKey = None

_SEALED = Struct("SecureData", Key=BYTES, Nonce=BYTES, Payload=BYTES)
_CORRUPT = "SecureData corrupted"
_TAG = 16


class KeyRing:
    """Private keys of objects, made on first use and dropped with the object."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], bytes] = {}

    def _secret(self, owner: tuple[str, str]) -> bytes:
        if owner not in self._keys:
            self._keys[owner] = os.urandom(32)
        return self._keys[owner]

    def public(self, owner: tuple[str, str]) -> str:
        secret = self._secret(owner)
        raw = secret if PrivateKey is None else bytes(PrivateKey(secret).public_key)
        return base64.b64encode(raw).decode()

    def drop(self, owner: tuple[str, str]) -> None:
        self._keys.pop(owner, None)

    def open(self, owner: tuple[str, str], sealed: Any) -> tuple[bool, Any]:
        """(True, clear value), or (False, what was given) when it cannot be opened."""
        if PrivateKey is None or shape_problem(sealed):
            return False, sealed
        raw = _decoded(sealed)
        try:
            box = Box(PrivateKey(self._secret(owner)), PublicKey(raw["Key"]))
            return True, json.loads(box.decrypt(raw["Payload"], raw["Nonce"]))
        except (CryptoError, ValueError):
            return False, sealed

    def problem(self, owner: tuple[str, str] | None, sealed: Any) -> str:
        """Why it is no value that was sealed for this object, or an empty text."""
        found = shape_problem(sealed)
        if owner is None:
            return found or _CORRUPT
        # assumption: without PyNaCl every well-formed value is taken for a good one
        return found or ("" if PrivateKey is None or self.open(owner, sealed)[0] else _CORRUPT)

    def seal(self, owner: tuple[str, str], value: Any) -> Any:
        """The sealed form; without PyNaCl the value itself."""
        if PrivateKey is None:
            return value
        ephemeral, nonce = PrivateKey.generate(), os.urandom(24)
        box = Box(ephemeral, PrivateKey(self._secret(owner)).public_key)
        parts = {
            "Key": bytes(ephemeral.public_key),
            "Nonce": nonce,
            "Payload": box.encrypt(dumps(value), nonce).ciphertext,
        }
        return {name: base64.b64encode(part).decode() for name, part in parts.items()}


def _decoded(value: Any) -> dict[str, bytes]:
    """The parts of a sealed value; DecodeError when it does not look like one."""
    parts = _SEALED.decode({} if value is None else value)
    return {name: base64.b64decode(parts[name]) for name in _SEALED.fields}


def looks_sealed(value: Any) -> bool:
    """Any object passes, and nothing at all: what it holds is looked at later."""
    try:
        _decoded(value)
    except DecodeError:
        return False
    return True


def shape_problem(value: Any) -> str:
    """Why it is no sealed value, or an empty text."""
    try:
        raw = _decoded(value)
    except DecodeError as problem:
        return str(problem)
    if len(raw["Key"]) != 32:
        return "Key must be 32 bytes long"
    if len(raw["Nonce"]) != 24:
        return "Nonce must be 24 bytes long"
    return _CORRUPT if len(raw["Payload"]) < _TAG else ""
