# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Files and ISOs on the server: their names, their content, and the static port that serves both.

Everything streams: no call holds more than a piece of a blob in memory.  The careful upload that checks
what arrived is :mod:`.uploads`.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t
import urllib.parse

from .. import limits
from ..client import Client
from ..errors import ConnectionFailed, DrpError, NotFound, UsageError, from_answer
from ..transport import Answer
from .download import Download, Progress, Sender, transfer
from .side_digest import SideDigest

KINDS = ("files", "isos")
STATIC_PORT_OFF = "Static file service not running"

_CHUNK_SIZE = 1 << 17
# compressed, an answer has no length, and a range of it no meaning
_IDENTITY_HEADERS = {"Accept": "application/json, application/octet-stream", "Accept-Encoding": "identity"}
_NOT_SERVED_BY_API = "index.html"


@dataclasses.dataclass(frozen=True)
class Stat:
    """What the server says about a blob."""

    size: int
    sha256: str = ""
    """The server's own checksum; "" from a v3.12 server, which has none."""
    modified: str = ""


_MAX_NAME_BYTES = {"files": 250, "isos": 249}
"""While it is uploaded, a file is called ``<name>.part``, and an ISO ``.<name>.part``."""


def blob_path(kind: str, path: str) -> str:
    """``path`` without slashes around it; UsageError when it cannot be the place of a blob.

    An ISO has a plain name.  A path that climbs is refused, whatever the server would make of it.
    """
    if kind not in KINDS:
        raise UsageError(f"kind: {kind!r} is not supported, use files or isos")
    parts = [part for part in path.split("/") if part]
    if not parts or path.endswith("/") or "\0" in path:
        raise UsageError(f"path: {path!r} does not name a file")
    if {".", ".."} & set(parts):
        raise UsageError(f"path: {path!r} must not contain . or ..")
    if kind == "isos" and len(parts) > 1:
        raise UsageError(f"path: {path!r} must be a plain name, because ISOs are not kept in folders")
    length, limit = len(parts[-1].encode()), _MAX_NAME_BYTES[kind]
    if length > limit:
        raise UsageError(
            f"path: the name {parts[-1][:20]}... is too long: names of {kind} have at most {limit} bytes, "
            f"and this one has {length}"
        )
    return "/".join(parts)


def list_blobs(client: Client, kind: str, folder: str = "") -> list[str]:
    """Names in a folder of the files, or of all ISOs, sorted; folders end in ``/``.

    Uploads that are running or were given up show as ``<name>.part``, those of ISOs with a dot before
    it.  NotFound when there is no such folder.
    """
    if kind == "isos":
        try:
            return t.cast("list[str]", client.req().get().url_for(kind).do() or [])
        except NotFound:
            return []  # the server makes the folder with the first ISO
    request = client.req().get().url_for(kind)
    if folder.strip("/"):
        # without the slash a v3.12 server does not confine the path
        request.params("path", "/" + blob_path(kind, folder.rstrip("/")))
    return t.cast("list[str]", request.do() or [])


def open_blob(client: Client, kind: str, path: str, start: int = 0) -> Answer:
    """The content from the byte ``start`` on, to be read piece by piece.  NotFound when there is none."""
    headers = {**_IDENTITY_HEADERS, "Range": f"bytes={start}-"} if start else _IDENTITY_HEADERS
    answer = _get(client, kind, blob_path(kind, path), headers)
    if answer.status >= 300:
        raise _error_of_response(kind, path, answer)
    return answer


def get_blob(client: Client, kind: str, path: str, target: t.BinaryIO) -> int:
    """Copy the content to ``target``; the bytes copied.

    Raises ConnectionFailed when it breaks off; ``target`` then holds the part that came.
    """
    copied = 0
    buffer = memoryview(bytearray(_CHUNK_SIZE))
    for piece in open_blob(client, kind, path).fill(lambda: buffer):
        target.write(piece)
        copied += len(piece)
    return copied


def save_blob(
    client: Client,
    kind: str,
    path: str,
    target_path: str,
    checksum: str | None = None,
    progress: Progress | None = None,
    mode: int | None = None,
) -> Download:
    """Download a blob to a local file, as :func:`.download.transfer` does: whole, verified and resumable.

    Raises DownloadFailed; what was at the target before is then still there.
    """
    path = blob_path(kind, path)
    static = posixpath.basename(path) == _NOT_SERVED_BY_API
    sender: Sender = client.transport if static else client
    page = urllib.parse.quote(_index_page(client, kind, path)) if static else ""
    url = f"{static_url(client)}/{page}" if static else client.url_for(kind, path)
    sleep = client.transport.retry.sleep
    return transfer(sender, url, target_path, checksum, progress=progress, sleep=sleep, mode=mode)


def post_blob(client: Client, kind: str, path: str, source: t.IO[bytes] | bytes) -> dict[str, t.Any]:
    """Send ``source`` once; the server's ``{"Path", "Size"}``.  A file object stays open.

    ISOs are unpacked before the answer comes, which takes time; a failure is not reported.
    An upload to ``files`` that breaks off takes the old file with it.
    """
    request = client.req().post(source).url_for(kind, blob_path(kind, path))
    return t.cast("dict[str, t.Any]", request.fail_fast().do())


def delete_blob(client: Client, kind: str, path: str) -> None:
    """Delete a blob, or an empty folder of the files.  NotFound without it."""
    client.req().del_().url_for(kind, blob_path(kind, path)).do()


def stat_blob(client: Client, kind: str, path: str, checksum: bool = False) -> Stat | None:
    """Size and date of a blob, None when there is none; with ``checksum`` what a newer server knows of it.

    Made from a request for its first byte, because a v3.12 server knows no HEAD here.
    """
    path = blob_path(kind, path)
    try:
        answer = _get(client, kind, path, {**_IDENTITY_HEADERS, "Range": "bytes=0-0"})
    except NotFound:
        return None
    _discard_body(answer)
    if answer.status == 404:
        return None
    if answer.status not in (200, 206, 416):
        raise _error_of_response(kind, path, answer)
    stat = Stat(_total_size(answer), _checksum(answer), answer.headers.get("Last-Modified", ""))
    if checksum and not stat.sha256:
        head = client.send("HEAD", client.url_for(kind, path), _IDENTITY_HEADERS)
        return dataclasses.replace(stat, sha256=_checksum(head) if head.status < 300 else "")
    return stat


def same_content(
    client: Client, kind: str, path: str, local: t.IO[bytes], progress: Progress | None = None
) -> bool:
    """Whether the blob holds what ``local`` holds from where it stands; reads no further than it differs."""
    answer = open_blob(client, kind, path)
    done, total = 0, _total_size(answer)
    for chunk in answer.chunks(_CHUNK_SIZE):
        if local.read(len(chunk)) != chunk:
            answer.raw.close()
            return False
        done += len(chunk)
        if progress:
            progress(done, total)
    return not local.read(1)


def digest_of_blob(client: Client, kind: str, path: str) -> str:
    """The SHA-256 of the content, for which all of it is read."""
    with SideDigest() as digest:
        for piece in open_blob(client, kind, path).fill(digest.buffers()):
            digest.add(piece)
        return digest.hexdigest()


def static_url(client: Client) -> str:
    """Where the static files are; UsageError when the server has turned them off.

    On the host of the endpoint: on the port with TLS that v4.7 and newer have, else on the plain one.  An
    endpoint with a path is a server behind another; that its files are below the same path is an assumption.
    """
    info = client.info()
    scheme, port = ("https", info.get("secure_file_port")) if info.get("secure_file_port") else ("http", 0)
    port = port or info.get("file_port")
    if not port or not info.get("prov_enabled", True):
        raise UsageError(f"{STATIC_PORT_OFF} on {client.endpoint}")
    parts = urllib.parse.urlsplit(client.endpoint)
    if parts.path:
        return client.endpoint
    host = parts.hostname or ""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def static_file(client: Client, path: str, headers: t.Mapping[str, str] | None = None) -> Answer:
    """A file of the boot tree, from the static port: plain HTTP without credentials.

    Blobs are there as ``files/<path>`` and ``isos/<name>``.  Raises NotFound and the like for what is
    answered with an error, ConnectionFailed when the port cannot be reached.
    """
    answer = _static(client, path, headers or _IDENTITY_HEADERS)
    if answer.status >= 400:
        raise from_answer("GET", f"{static_url(client)}/{path}", answer.status, answer.reason, answer.body)
    return answer


def _get(client: Client, kind: str, path: str, headers: t.Mapping[str, str]) -> Answer:
    if posixpath.basename(path) == _NOT_SERVED_BY_API:
        return _static(client, _index_page(client, kind, path), headers)
    return client.send("GET", client.url_for(kind, path), headers, stream=True)


def _index_page(client: Client, kind: str, path: str) -> str:
    """Where the static port has an index.html: at its folder.  NotFound when there is none.

    The API sends a client on to the folder, where it has nothing; so does the static port, which answers
    the folder with its index page, or with a list of what else is in it.
    """
    folder, name = posixpath.split(path)
    if name not in list_blobs(client, kind, folder):
        raise from_answer("GET", f"{kind}/{path}", 404, "Not Found", b"")
    return f"{kind}/{folder}/" if folder else f"{kind}/"


def _static(client: Client, path: str, headers: t.Mapping[str, str]) -> Answer:
    base = static_url(client)
    url = f"{base}/{urllib.parse.quote(path)}"
    try:
        return client.transport.send("GET", url, headers, stream=True, fail_fast=True)
    except ConnectionFailed as error:
        message = error.messages[0].replace(client.endpoint, f"the static file port {base}")
        raise ConnectionFailed(message) from error


def _discard_body(answer: Answer) -> None:
    """End with an answer whose body is not needed; that of a single byte leaves the connection usable."""
    if answer.status == 206:
        for _piece in answer.chunks():
            pass
    elif answer.status == 200:
        answer.raw.close()


def _total_size(answer: Answer) -> int:
    whole = answer.status == 200
    told = answer.headers.get("Content-Length" if whole else "Content-Range", "").rpartition("/")[2]
    size = limits.count_in_header(told)
    if size is None:
        raise DrpError("the server does not report the size of the file")
    return size


def _checksum(answer: Answer) -> str:
    checksum = answer.headers.get("X-DRP-SHA256SUM") or answer.headers.get("ETag", "")
    found = re.fullmatch(r'(?:")?(?:SHA256:)?([0-9a-fA-F]{64})"?', checksum.strip())
    return found.group(1).lower() if found else ""


def _error_of_response(kind: str, path: str, answer: Answer) -> DrpError:
    return from_answer("GET", f"{kind}/{path}", answer.status, answer.reason, answer.body, answer.attempts)
