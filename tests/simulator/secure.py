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

from .wire import Obj, dumps

try:
    from nacl.exceptions import CryptoError  # type: ignore[import-not-found,unused-ignore]
    from nacl.public import Box, PrivateKey, PublicKey  # type: ignore[import-not-found,unused-ignore]
except ImportError:  # pragma: no cover - depends on the machine
    PrivateKey = None

_MEMBERS = {"Key", "Nonce", "Payload"}
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
        raw = {name: base64.b64decode(sealed[name]) for name in _MEMBERS}
        try:
            box = Box(PrivateKey(self._secret(owner)), PublicKey(raw["Key"]))
            return True, json.loads(box.decrypt(raw["Payload"], raw["Nonce"]))
        except (CryptoError, ValueError):
            return False, sealed

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


def shape_problem(value: Any) -> str:
    """Why it is no sealed value, or an empty text."""
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        return "Secure parameters must be sealed"
    raw: Obj = {}
    for name in _MEMBERS:
        try:
            raw[name] = base64.b64decode(value[name], validate=True)
        except (TypeError, ValueError):
            return f"{name} is not base64"
    if len(raw["Key"]) != 32:
        return "Key must be 32 bytes long"
    if len(raw["Nonce"]) != 24:
        return "Nonce must be 24 bytes long"
    if len(raw["Payload"]) <= _TAG:
        return "SecureData corrupted"
    return ""
