# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Content packs on the server.

A server keeps packs in layers; what is uploaded can be replaced and deleted, the built-in layers cannot.
The Warnings of a write are those of all objects of the system, not only of the pack's.
"""

from __future__ import annotations

import io
import typing as t

from .. import features
from ..client import Client
from ..errors import ApiError, NotFound, NotPermitted, UsageError
from ..files.uploads import Source
from ..request import JSON_TYPE, Request, json_bytes
from .diff import compare
from .pack import Pack, require_name

Summary = dict[str, t.Any]
"""``{"meta": {...}, "Counts": {<section>: n}, "Warnings": [...]}``"""

Progress = t.Callable[[int, t.Optional[int]], None]
"""Told how many bytes of how many are sent."""
UPLOADED = "dynamic"
"""The Type of layers that can be replaced and deleted."""


def summaries(client: Client) -> list[Summary]:
    """All layers, from the strongest to the weakest.  NotPermitted without the claim to list them."""
    return t.cast("list[Summary]", client.req().get().url_for("contents").do())


def get_item(client: Client, name: str) -> Pack:
    """One layer with all its objects, each with all its members.

    That of the server's own objects, ``BackingStore``, holds secrets and hashes of passwords.
    """
    return client.req().get().url_for("contents", _require_layer_name("get", name)).do_object()


def create(
    client: Client, content: Pack, replace_writable: bool = False, progress: Progress | None = None
) -> Summary:
    """Add a pack; its summary.

    A reply that was lost on the way is recognised: when a later try finds the pack there, as it was sent,
    it is ours.  Its summary then has no Warnings, for they went with the reply.  Raises Conflict if there
    is a layer of that name, Invalid for a missing feature and for keys of other layers.
    """
    name = require_name(content, "contents")
    request = _with_pack(client.req().meth("POST"), content, progress).url_for("contents")
    try:
        return request.params(*_query(client, replace_writable)).do_object()
    except ApiError as error:
        if error.code != 409 or error.attempts < 2 or not _is_there(client, content):
            raise
        ours = next(summary for summary in summaries(client) if summary["meta"]["Name"] == name)
        return {member: value for member, value in ours.items() if member != "Warnings"}


def replace(
    client: Client, content: Pack, replace_writable: bool = False, progress: Progress | None = None
) -> Summary:
    """Put a pack in the place of the uploaded one of that name; its summary.

    Raises NotFound unless there is one to replace.  A v3.12 server answers every other trouble with 500.
    """
    name = require_name(content, "contents")
    request = _with_pack(client.req().meth("PUT"), content, progress).url_for("contents", name)
    return request.params(*_query(client, replace_writable)).do_object()


def delete(client: Client, name: str) -> None:
    """Remove an uploaded pack; NotFound when there is none.

    For a built-in layer the server says yes and does nothing: look at its Type before.
    """
    try:
        client.req().del_().url_for("contents", _require_layer_name("delete", name)).do()
    except NotFound as error:
        if error.attempts < 2:
            raise


def supports_replace_writable(client: Client) -> bool:
    """Whether the server can let a pack take the place of objects that were made by hand; v3.12 cannot."""
    return client.has_feature(features.V4.flag)


def _require_layer_name(verb: str, name: str) -> str:
    if not name:
        raise UsageError(f"Cannot {verb} contents with an empty name")
    return name


def _with_pack(request: Request, content: Pack, progress: Progress | None) -> Request:
    """The request with the pack as its body, of which ``progress`` is told how much is sent."""
    if progress is None:
        return request.body(content)
    try:
        body = Source(io.BytesIO(json_bytes(content)), "the content pack", progress)
    except (TypeError, ValueError):
        return request.body(content)  # which says what is wrong with it
    return request.body(body).headers("Content-Type", JSON_TYPE)


def _query(client: Client, replace_writable: bool) -> tuple[str, ...]:
    if not replace_writable:
        return ()
    client.require_feature(features.V4, "replace_writable")
    return ("replaceWritable", "true")


def _is_there(client: Client, content: Pack) -> bool:
    try:
        return not compare(get_item(client, content["meta"]["Name"]), content, from_server=True)
    except (NotFound, NotPermitted):
        return False
