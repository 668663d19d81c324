# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The /files and /isos routes."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from aiohttp import BodyPartReader, web

from .. import blobs
from ..blobs import OCTETS
from ..call import ApiResponse, Call, no_content, reply
from ..errors import ApiError, not_found
from ..sendfile import send_file

_CHUNK = 256 * 1024
_ISO_TYPES = {".iso": "application/x-cd-image"}
# what a cut connection looks like while a body is read
_CUT = (blobs.ShortBody, ConnectionError, web.RequestPayloadError, OSError)


async def files(call: Call) -> ApiResponse:
    root = call.server.root / "files"
    name = "/" + "/".join(call.parts[1:])
    if call.method == "GET" and len(call.parts) == 1:
        return _list_files(call, root)
    match call.method:
        case "GET":
            call.require("files", "get", name)
            return await _send(call, "files", name, blobs.inside(root, name), OCTETS)
        case "POST":
            call.require("files", "post", name)
            return await _upload_file(call, root, name)
        case "DELETE":
            call.require("files", "delete", name)
            blobs.delete(root, name)
            call.server.stats.changes += 1
            return no_content()
    raise call.no_route()


def _list_files(call: Call, root: Path) -> ApiResponse:
    call.require("files", "list")
    asked = call.option("path") or "/"
    # assumption: all paths are confined; the real server confines only those that start with a slash
    try:
        return reply(blobs.listing(blobs.inside(root, asked)))
    except OSError as problem:
        message = f"list: error listing files: open {asked}: {problem.strerror}"
        raise ApiError(404, "API ERROR", message) from None


async def _send(call: Call, model: str, key: str, path: Path, content_type: str) -> ApiResponse:
    if not path.is_file():
        raise not_found("GET", model, key, "Not a regular file")
    if path.name == "index.html":
        return web.Response(status=301, headers={"Location": "./"})
    gzip = "gzip" in call.header("Accept-Encoding")
    return await send_file(call.request, path, content_type, gzip=gzip)


async def _upload_file(call: Call, root: Path, name: str) -> ApiResponse:
    kind = call.header("Content-Type").partition(";")[0].strip()
    if kind == "multipart/form-data":
        part = await _part(call)
        if not part:
            raise ApiError(400, "POST", "http: no such file", model="files", key=name)
        name = "/" + Path(part.filename or "upload").name
        chunks, expected = _part_chunks(part), None
    elif kind == OCTETS:
        chunks, expected = _body_chunks(call), call.request.content_length
    else:
        message = f"Want content-type {OCTETS}, not {call.header('Content-Type')}"
        raise ApiError(400, "POST", message, model="files", key=name)
    target = blobs.inside(root, name)
    temporary = blobs.prepare_upload(target, name)
    try:
        size = await blobs.receive(chunks, temporary, expected)
    except _CUT as problem:
        blobs.discard(target)
        raise ApiError(507, "POST", f"Failed to upload: {problem}", model="files", key=name) from None
    blobs.replace(temporary, target)
    call.server.stats.changes += 1
    return reply({"Path": name, "Size": size}, 201)


async def _body_chunks(call: Call) -> AsyncIterator[bytes]:
    async for chunk in call.request.content.iter_chunked(_CHUNK):
        yield chunk


async def _part(call: Call) -> BodyPartReader | None:
    """The form's part called ``file``."""
    reader = await call.request.multipart()
    while part := await reader.next():
        if isinstance(part, BodyPartReader) and part.name == "file":
            return part
    return None


async def _part_chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


async def isos(call: Call) -> ApiResponse:
    root = call.server.root / "isos"
    if len(call.parts) == 1 and call.method == "GET":
        call.require("isos", "list")
        return reply([name for name in blobs.listing(root) if not name.endswith("/")])
    if len(call.parts) != 2:
        raise call.no_route()
    name = call.parts[1]
    match call.method:
        case "GET":
            call.require("isos", "get", name)
            return await _send(call, "isos", name, blobs.inside(root, name), _iso_type(name))
        case "POST":
            call.require("isos", "post", name)
            return await _upload_iso(call, root, name)
        case "DELETE":
            call.require("isos", "delete", name)
            return _delete_iso(call, root, name)
    raise call.no_route()


def _iso_type(name: str) -> str:
    return _ISO_TYPES.get(Path(name).suffix.lower()) or mimetypes.guess_type(name)[0] or OCTETS


def _delete_iso(call: Call, root: Path, name: str) -> ApiResponse:
    try:
        blobs.inside(root, name).unlink()
    except OSError:
        raise not_found("DELETE", "isos", name, "no such iso") from None
    call.server.stats.changes += 1
    return no_content()


async def _upload_iso(call: Call, root: Path, name: str) -> ApiResponse:
    kind = call.header("Content-Type").partition(";")[0].strip()
    if kind not in (OCTETS, "multipart/form-data"):
        messages = (
            f"upload: iso {name} must have content-type {OCTETS}",
            f"not {call.header('Content-Type')}",
        )
        raise ApiError(415, "POST", *messages, model="isos", key=name)
    chunks, expected = _body_chunks(call), call.request.content_length
    if kind != OCTETS:
        part = await _part(call)
        if not part:
            raise ApiError(400, "POST", "http: no such file", model="isos", key=name)
        chunks, expected = _part_chunks(part), None
    target = blobs.inside(root, name)
    temporary = target.with_name(f".{target.name}.part")
    if blobs.is_too_long(temporary.name):
        raise ApiError(409, "POST", "Already uploading", model="isos", key=name)
    try:
        size = await blobs.receive(chunks, temporary, expected)
    except (blobs.ShortBody, ConnectionError, web.RequestPayloadError) as problem:
        raise ApiError(400, "POST", f"upload: {problem}", model="isos", key=name) from None
    except OSError as problem:
        raise ApiError(507, "POST", f"upload: {problem}", model="isos", key=name) from None
    with suppress(OSError):
        temporary.replace(target)
    call.server.stats.changes += 1
    await call.server.isos.explode_uploaded(name)
    return reply({"Path": name, "Size": size}, 201)
