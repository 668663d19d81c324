# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A file or an ISO on the server: the same as a local one, or gone.

A v3.12 server has no checksums.  Two blobs of one size are then the same only when their bytes are, so
the remote one is read until the first difference, unless the user says that sizes are enough.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import posixpath
import typing as t

from ...client.client import Client
from ...client.errors import NotFound, UsageError
from ...client.files import blobs, local, uploads
from ...client.files.download import normalize_checksum
from ...client.files.side_digest import SideDigest
from ...converge.task import Result, Task
from .progress import ProgressReporter

Properties = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class LocalContent:
    """The wanted content: a file, or a text from the task."""

    name: str
    size: int
    sha256: str
    text: bytes | None = None
    decrypt: bool = True
    """Whether a file that Ansible Vault has encrypted is uploaded in clear."""

    def open(self) -> t.IO[bytes]:
        if self.text is not None:
            return io.BytesIO(self.text)
        return open_local(self.name, self.decrypt)

    @property
    def properties(self) -> Properties:
        return _properties(self.size, self.sha256)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Whether two blobs are the same, and what says so: ``size``, ``checksum``, ``content`` or ""."""

    same: bool
    by: str = ""


def run(task: Task) -> Result:
    """What ``drp_blob`` does."""
    kind, path = task.options["kind"], task.options["path"]
    if task.options["state"] == "absent":
        return _absent(task, kind, blobs.blob_path(kind, path.rstrip("/")))
    return _present(task, kind, blobs.blob_path(kind, path))


def _present(task: Task, kind: str, path: str) -> Result:
    by_content = task.options["compare"] == "content"
    wanted = _wanted(task.options)
    remote = blobs.stat_blob(task.client, kind, path, checksum=by_content)
    if by_content and not wanted.sha256 and (task.check or (remote and remote.size == wanted.size)):
        wanted = checked_local(wanted.name, decrypt=wanted.decrypt)
    comparison = compare(task, kind, path, remote, wanted)
    if comparison.same:
        return _result("unchanged", kind, path, wanted.properties, compared_by=comparison.by)
    if remote is None and _is_folder(task.client, kind, path):
        raise UsageError(f"{kind}/{path} is a folder on the server")
    before = _properties(remote.size, remote.sha256) if remote else {}
    action = "updated" if remote else "created"
    after, remarks = (wanted.properties, ()) if task.check else _upload(task, kind, path, wanted)
    result = _result(action, kind, path, after, before, after, comparison.by)
    return {**result, "warnings": list(remarks)} if remarks else result


def _upload(task: Task, kind: str, path: str, wanted: LocalContent) -> tuple[Properties, tuple[str, ...]]:
    """Upload it; what is there now, and what a person should know of that.

    A checksum that is wanted and not known yet is that of what is sent, taken meanwhile.
    """
    progress = ProgressReporter(task.on_progress, f"uploading {path}")
    with wanted.open() as file, SideDigest() as digest:
        hashed = digest if task.options["compare"] == "content" else None
        source = uploads.Source(file, wanted.name, progress, wanted.sha256, hashed)
        done = uploads.upload(task.client, kind, path, source)
        sha256 = source.digest() if hashed else done.sha256
        return _properties(done.size, sha256), done.remarks


def _absent(task: Task, kind: str, path: str) -> Result:
    remote = blobs.stat_blob(task.client, kind, path)
    if remote is None and not _is_folder(task.client, kind, path):
        return _result("unchanged", kind, path)
    entries = [] if remote else blobs.list_blobs(task.client, kind, path)
    if entries:
        raise UsageError(
            f"{kind}/{path} is a folder with {len(entries)} entries; only empty folders can be removed"
        )
    if not task.check:
        try:
            blobs.delete_blob(task.client, kind, path)
        except NotFound as error:
            if error.attempts < 2:
                return _result("unchanged", kind, path)
    before = _properties(remote.size, remote.sha256) if remote else {"folder": True}
    return _result("deleted", kind, path, before=before)


def compare(task: Task, kind: str, path: str, remote: blobs.Stat | None, local: LocalContent) -> Comparison:
    """Whether the blob holds what ``local`` does, by the cheapest means that the user accepts."""
    if remote is None:
        return Comparison(False)
    if remote.size != local.size:
        return Comparison(False, "size")
    if task.options["compare"] == "size":
        return Comparison(True, "size")
    if remote.sha256 and local.sha256:
        return Comparison(remote.sha256 == local.sha256, "checksum")
    with local.open() as file:
        progress = ProgressReporter(task.on_progress, f"comparing {path}")
        return Comparison(blobs.same_content(task.client, kind, path, file, progress), "content")


def open_local(path: str, decrypt: bool = True) -> t.BinaryIO:
    """A local file; UsageError when it cannot be read."""
    try:
        return local.open_local(path, decrypt)
    except OSError as error:
        raise UsageError(f"src: {path} cannot be read: {error.strerror}") from error


def checked_local(path: str, checksum: str = "", decrypt: bool = True) -> LocalContent:
    """A local file with its checksum, which must be ``checksum`` if that is given."""
    try:
        with open_local(path, decrypt) as file:
            size, sha256 = local.measure(file)
    except OSError as error:
        raise UsageError(f"src: {path} cannot be read: {error.strerror}") from error
    if checksum and sha256 != checksum:
        raise UsageError(
            f"src: the SHA-256 of {path} is {sha256} ({size} bytes), not {checksum}; nothing was uploaded"
        )
    return LocalContent(path, size, sha256, decrypt=decrypt)


def unchecked_local(path: str, decrypt: bool = True) -> LocalContent:
    """A local file by its size alone."""
    with open_local(path, decrypt) as file:
        return LocalContent(path, file.seek(0, io.SEEK_END), "", decrypt=decrypt)


def _wanted(options: t.Mapping[str, t.Any]) -> LocalContent:
    checksum = normalize_checksum(options["checksum"]) if options.get("checksum") else ""
    if options.get("content") is not None:
        text = options["content"].encode()
        sha256 = hashlib.sha256(text).hexdigest()
        if checksum not in ("", sha256):
            raise UsageError(f"content: its SHA-256 is {sha256}, not {checksum}; nothing was uploaded")
        return LocalContent("the content", len(text), sha256, text)
    path = options["src"]
    if checksum:
        return checked_local(path, checksum, options["decrypt"])
    return unchecked_local(path, options["decrypt"])


def _is_folder(client: Client, kind: str, path: str) -> bool:
    if kind == "isos":
        return False
    folder, name = posixpath.split(path)
    with contextlib.suppress(NotFound):
        return f"{name}/" in blobs.list_blobs(client, kind, folder)
    return False


def _properties(size: int, sha256: str) -> Properties:
    return {"size": size, "sha256": sha256} if sha256 else {"size": size}


def _result(
    action: str,
    kind: str,
    path: str,
    properties: Properties | None = None,
    before: Properties | None = None,
    after: Properties | None = None,
    compared_by: str = "",
) -> Result:
    result: Result = {
        "changed": action != "unchanged",
        "action": action,
        "compared_by": compared_by,
        "diff": {
            "before": before or {},
            "after": after or {},
            "before_header": f"{kind}/{path}",
            "after_header": f"{kind}/{path}",
        },
    }
    if properties is not None:
        result["blob"] = {"kind": kind, "path": path, **properties}
    return result
