# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 adds to /files and /isos: HEAD, checksums as ETags, whole trees in a list, and unpacking."""

# assumption: no v4 server was recorded; this is what its clients and models show
from __future__ import annotations

import hashlib
import inspect
import os
import tarfile
import zipfile
from pathlib import Path

from .. import blobs
from ..call import ApiResponse, BufferedResponse, Call, reply
from ..errors import ApiError, not_found
from ..routes import handler_for


async def answer(call: Call) -> ApiResponse:
    """The answer to any request of /files and /isos."""
    prefix, *rest = call.parts
    root, name = call.server.root / prefix, "/".join(rest)
    if rest and call.method in ("GET", "HEAD"):
        path = blobs.inside(root, name)
        call.require(prefix, "get", f"/{name}" if prefix == "files" else name)
        if not path.is_file():
            raise not_found(call.method, prefix, name, "Not a regular file")
        digest = _digest(path)
        if call.header("If-None-Match") == f'"SHA256:{digest}"':
            return BufferedResponse(304, headers=_headers(digest))
        if call.method == "HEAD":
            return BufferedResponse(headers={**_headers(digest), "Content-Length": str(path.stat().st_size)})
    elif prefix == "files" and call.method == "GET" and call.flag("all"):
        call.require("files", "list")
        return reply(_tree(root, blobs.inside(root, call.option("path") or "/")))
    found = handler_for(prefix)(call)
    found = await found if inspect.isawaitable(found) else found
    if prefix == "files" and call.method == "POST" and call.flag("explode"):
        _unpack(call, blobs.inside(root, name), f"/{name}")
    return found


def _headers(digest: str) -> dict[str, str]:
    return {"ETag": f'"SHA256:{digest}"', "X-DRP-SHA256SUM": digest}


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _tree(root: Path, folder: Path) -> list[str]:
    """All files below a folder, with their paths from there."""
    # assumption: which paths such a list has, and that it has no folders
    if not folder.is_dir():
        asked = folder.relative_to(root)
        why = f"list: error listing files: open {asked}: no such file or directory"
        raise ApiError(404, "API ERROR", why)
    found = (Path(here, name) for here, _folders, names in os.walk(folder) for name in names)
    return sorted(str(path.relative_to(folder)) for path in found)


def _unpack(call: Call, archive: Path, name: str) -> None:
    """Unpack an archive beside itself; it stays where it is."""
    # assumption: what cannot be unpacked is told in these words, and stays as the file that it is
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(archive.parent)
        else:
            with tarfile.open(archive) as packed_tar:
                packed_tar.extractall(archive.parent, filter="data")
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as problem:
        raise ApiError(400, "POST", f"Unable to explode: {problem}", model="files", key=name) from None
