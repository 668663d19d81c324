# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The params and the metadata of one object, without reading or writing the rest of it.

On v3.12, only machines, profiles, plugins and the kinds of plugins have params; such a server answers a value
that violates its schema with 409 here, and with 422 when the whole object is written.  With ``of_group``,
the params are those that the members of a cluster or resource broker share.
"""

from __future__ import annotations

import typing as t

from .. import features, models
from ..client import Client
from ..errors import NotFound, UsageError
from ..patch import Patch

Json = t.Any
_TRUE = "true"


def get_all(
    client: Client,
    kind: str,
    key: str,
    aggregate: bool = False,
    decode: bool = False,
    only: t.Sequence[str] = (),
    of_group: bool = False,
) -> dict[str, Json]:
    """The params as a map; with ``aggregate`` merged over profiles, stage and global.

    ``decode`` shows secure values in clear and needs the claim ``getSecure``.  ``only`` these names come
    from a v4 server; UsageError from an older one.
    """
    if only:
        client.require_feature(features.PARTIAL_OBJECTS, "only some params")
    query = [*_flags(aggregate, decode), *(("params", ",".join(only)) if only else ())]
    request = client.req().get().url_for(kind, key, *_group(of_group), "params").params(*query)
    return t.cast("dict[str, Json]", request.do() or {})


def get(
    client: Client,
    kind: str,
    key: str,
    name: str,
    aggregate: bool = False,
    decode: bool = False,
    of_group: bool = False,
) -> Json:
    """One value; None when it is not set.  With ``aggregate`` the schema's default counts too."""
    request = client.req().get().url_for(kind, key, *_group(of_group), "params", name)
    return request.params(*_flags(aggregate, decode)).do()


def set(client: Client, kind: str, key: str, name: str, value: Json) -> Json:
    """Set one value; the value as stored."""
    # None is an empty body for the builder; the server takes the word for the value null.
    body = b"null" if value is None else value
    request = client.req().post(body).url_for(kind, key, "params", name)
    return (request.headers("Content-Type", "application/json") if value is None else request).do()


def replace_all(client: Client, kind: str, key: str, values: dict[str, Json]) -> dict[str, Json]:
    """Replace the whole map; the map as stored."""
    return t.cast("dict[str, Json]", client.req().post(values).url_for(kind, key, "params").do() or {})


def patch(client: Client, kind: str, key: str, operations: Patch, of_group: bool = False) -> dict[str, Json]:
    """Patch the map; pointers are relative to it (``/`` in a name is ``~1``).  The new map."""
    request = client.req().patch(operations).url_for(kind, key, *_group(of_group), "params")
    return t.cast("dict[str, Json]", request.do() or {})


def delete(client: Client, kind: str, key: str, name: str) -> bool:
    """Remove one value; False when it was not set."""
    try:
        client.req().del_().url_for(kind, key, "params", name).do()
    except NotFound as error:
        if error.model == "params":
            return False
        raise
    return True


def public_key(client: Client, kind: str, key: str, of_group: bool = False) -> str:
    """The base64 of the object's 32-byte public key, to seal secure params with."""
    return str(client.req().get().url_for(kind, key, *_group(of_group), "pubkey").do())


def get_meta(client: Client, kind: str, key: str) -> dict[str, str]:
    """The metadata of an object, a map of strings."""
    return t.cast(
        "dict[str, str]", client.req().get().url_for("meta", _kind_with_meta(client, kind), key).do() or {}
    )


def patch_meta(client: Client, kind: str, key: str, operations: Patch) -> dict[str, str]:
    """Patch the metadata; pointers are relative to it.  The new map."""
    request = client.req().patch(operations).url_for("meta", _kind_with_meta(client, kind), key)
    return t.cast("dict[str, str]", request.do() or {})


def _kind_with_meta(client: Client, kind: str) -> str:
    """A kind that the server knows: a v3.12 server that is asked for any other freezes."""
    client.require_kind(kind)
    if kind in models.NOT_MODELS:
        raise UsageError(f"{kind} has no metadata")
    return kind


def _group(of_group: bool) -> list[str]:
    return ["group"] if of_group else []


def _flags(aggregate: bool, decode: bool) -> list[str]:
    flags = ["aggregate", _TRUE] if aggregate else []
    return flags + (["decode", _TRUE] if decode else [])
