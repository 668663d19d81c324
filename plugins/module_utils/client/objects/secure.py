# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Secure params: values that only the object they are set on can open.

Every object with params has a key pair of its own; the private half never leaves the server.  A value is
sealed with the public half (a NaCl box: X25519, XSalsa20, Poly1305) before it is sent, and comes back in
that form, unless the server is asked to decode it and the token has the claim ``getSecure``.
"""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from .. import features, third_party
from ..client import Client
from ..errors import NotFound, NotPermitted, UsageError
from . import params
from .sealed import Sealed, is_sealed

Json = t.Any

_KEY_BYTES = 32
_LIST_THRESHOLD = 8
"""From so many names on, one list of all params is cheaper than a look at each."""


def seal(value: Json, public_key: str) -> Sealed:
    """The wire form of ``value``, to be opened with the private key that belongs to ``public_key`` only.

    ``public_key`` is what ``GET <kind>/<key>/pubkey`` answers: the base64 of 32 bytes.  No two results
    are equal, whatever the values are.  UsageError without PyNaCl, or for something that is no key.
    """
    third_party.require_packages("PyNaCl", purpose="to set secure params")
    try:
        raw = base64.b64decode(public_key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise UsageError("the server's public key is not the base64 of 32 bytes")
    nacl = third_party.nacl
    ephemeral = nacl.public.PrivateKey.generate()
    box = nacl.public.Box(ephemeral, nacl.public.PublicKey(raw))
    sealed = box.encrypt(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
    parts = {"Key": bytes(ephemeral.public_key), "Nonce": sealed.nonce, "Payload": sealed.ciphertext}
    return {name: base64.b64encode(part).decode() for name, part in parts.items()}


def unseal(
    client: Client, kind: str, key: str, names: t.Sequence[str], of_group: bool = False
) -> dict[str, Json]:
    """The values of secure params in clear, as far as the server shows them to this token.

    Not more of them cross the wire than need be: a v4 server sends just ``names``, a v3.12 server one
    value or all.  A name is left out when the claim ``getSecure`` is missing (403), when the server cannot
    open the value (it then sends the sealed one), and when it is not set.
    """
    try:
        if len(names) == 1:
            shown = {names[0]: params.get(client, kind, key, names[0], decode=True, of_group=of_group)}
        else:
            only = names if client.has_feature(features.PARTIAL_OBJECTS.flag) else ()
            shown = params.get_all(client, kind, key, decode=True, only=only, of_group=of_group)
    except NotPermitted:
        return {}
    return {name: shown[name] for name in names if shown.get(name) is not None and not is_sealed(shown[name])}


def secure_flags(client: Client, names: t.Collection[str]) -> dict[str, bool]:
    """Whether each param is defined as secure; left out is what has no definition that this token may see.

    The client remembers it in ``param_security``, where what has no definition counts as not secure.
    """
    if len(names) >= _LIST_THRESHOLD:
        definitions = [item for item in client.list("params", "slim", "Meta") if item["Name"] in names]
    else:
        definitions = [found for found in (_definition(client, name) for name in names) if found]
    known = {str(item["Name"]): bool(item.get("Secure")) for item in definitions}
    client.param_security.update({name: known.get(name, False) for name in names})
    return known


def _definition(client: Client, name: str) -> dict[str, Json] | None:
    try:
        return client.find("params", name)
    except (NotFound, NotPermitted):
        return None
