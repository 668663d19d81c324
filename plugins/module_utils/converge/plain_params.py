# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Params that go where nothing can be sealed: there is no key of the object that they end up in.

A secure param has to be sealed with the public key of the object that holds it.  The machines that a pool
allocates and the work orders of a batch are chosen or made by the server, so that there is none.  The same
is true of params in other members than ``Params``, such as those that a trigger gives to its work orders.
"""

from __future__ import annotations

import typing as t

from ..client.client import Client
from ..client.errors import UsageError
from ..client.objects import claims
from ..client.objects.sealed import is_sealed
from ..client.objects.secure import secure_flags
from .resource import Resource
from .secure_params import texts_of

Params = t.Mapping[str, t.Any]
NESTED = frozenset({"Params", "WorkOrderParams", "Global", "CreateParameters", "AddParameters"})
"""Members that hold params by name, in objects and in their structs."""


def require_plain(client: Client, values: Params, option: str, why: str, secrets: set[str]) -> None:
    """UsageError if one of the params is secure; ``why`` says why it cannot be sealed.

    ``secrets`` gets what may be shown nowhere.
    """
    secure = _secure_among(client, values, secrets)
    if secure:
        raise UsageError(
            f"{option}: {', '.join(secure)} cannot be set here: {why}, so that the secure value cannot be "
            "sealed. Set it in a profile, and name that in profiles"
        )


def note_unsealed(client: Client, resource: Resource) -> None:
    """Warn of secure params in members in which they cannot be sealed, and hide their values."""
    for member, values in _nested(resource.spec):
        secure = _secure_among(client, values, resource.unsealed)
        if secure:
            resource.spec_warnings.append(
                f"{resource.label}: {member}: the server keeps the secure params {', '.join(secure)} in "
                "clear there, because it has no key to seal them with"
            )
    resource.secrets.update(resource.unsealed)


def _nested(spec: Params) -> t.Iterator[tuple[str, Params]]:
    """The params in an object beside its own, each with the member that they are in."""
    for name, value in spec.items():
        if name in ("Params", "Meta"):
            continue
        if name in NESTED and isinstance(value, dict):
            yield name, value
            continue
        for struct in value if isinstance(value, list) else [value]:
            if isinstance(struct, dict):
                yield from (
                    (f"{name}.{inner}", params)
                    for inner, params in struct.items()
                    if inner in NESTED and isinstance(params, dict)
                )


def _secure_among(client: Client, values: Params, secrets: set[str]) -> list[str]:
    """The names of the secure params; ``secrets`` gets their values, and those of which nobody can tell."""
    asked = [name for name, value in values.items() if value is not None and not is_sealed(value)]
    known = secure_flags(client, asked) if asked else {}
    unseen = [n for n in asked if n not in known and claims.is_hidden(client, "params", n)]
    secure = [name for name in asked if known.get(name)]
    for name in (*secure, *unseen):
        secrets.update(texts_of(values[name]))
    return secure
