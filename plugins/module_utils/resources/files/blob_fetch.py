# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A local copy of a file or an ISO of the server."""

from __future__ import annotations

import dataclasses
import os
import posixpath
import stat
import typing as t

from ...client.errors import UsageError
from ...client.files import blobs, own
from ...client.files.download import digest_of, normalize_checksum
from ...converge.task import Result, Task
from .blob import Comparison, LocalContent, compare
from .progress import ProgressReporter


@dataclasses.dataclass(frozen=True)
class LocalFile:
    """A local file as it is, or as it will be; "" and None are what is not known of it."""

    size: int
    sha256: str = ""
    mode: int | None = None

    @property
    def properties(self) -> dict[str, t.Any]:
        mode = "" if self.mode is None else f"{self.mode:04o}"
        known = {"size": self.size, "sha256": self.sha256, "mode": mode}
        return {name: value for name, value in known.items() if value != ""}


def run(task: Task) -> Result:
    """What ``drp_blob_fetch`` does."""
    kind, options = task.options["kind"], task.options
    path = blobs.blob_path(kind, options["path"])
    dest = _dest_file(options["dest"], path)
    mode = wanted_mode(options.get("mode"))
    checksum = normalize_checksum(options["checksum"]) if options.get("checksum") else ""
    existing = _stat_local(dest, digest=bool(checksum) or options["compare"] == "content")
    if existing and checksum and existing.sha256 == checksum:
        wanted, comparison = existing, Comparison(True, "checksum")
    else:
        wanted, comparison = _compare_with_server(task, kind, path, existing, dest, checksum)
    keep = existing.mode if existing and mode is None else mode
    wanted = dataclasses.replace(wanted, mode=keep)
    changed = not comparison.same or wanted != existing
    if changed and not task.check:
        if not comparison.same:
            wanted = _download(task, kind, path, dest, wanted)
        wanted = _apply_mode(dest, wanted)
    return _result(dest, existing, wanted, comparison.by, changed)


def wanted_mode(value: t.Any) -> int | None:
    """Permission bits from ``"0644"``, or from the number that YAML makes of ``0644``."""
    if value is None:
        return None
    try:
        mode = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise UsageError(f"mode: {value!r} is not an octal number such as '0644'")
    return mode


def _compare_with_server(
    task: Task, kind: str, path: str, existing: LocalFile | None, dest: str, checksum: str
) -> tuple[LocalFile, Comparison]:
    """The wanted copy, as far as the server tells, and whether ``existing`` is it already."""
    remote = blobs.stat_blob(task.client, kind, path, checksum=task.options["compare"] == "content")
    if remote is None:
        raise UsageError(f"{kind}/{path}: no such file on the server")
    if checksum and remote.sha256 not in ("", checksum):
        raise UsageError(
            f"checksum: {kind}/{path} has the SHA-256 {remote.sha256}, not {checksum}; nothing was downloaded"
        )
    if existing is None:
        comparison = Comparison(False)
    elif checksum:
        comparison = Comparison(False, "checksum")
    else:
        comparison = compare(task, kind, path, remote, LocalContent(dest, existing.size, existing.sha256))
    return existing if existing and comparison.same else LocalFile(
        remote.size, checksum or remote.sha256
    ), comparison


def _dest_file(dest: str, path: str) -> str:
    """``dest``, or a file of the blob's name in it when it is a folder."""
    if dest.endswith("/") or os.path.isdir(dest):
        dest = os.path.join(dest, posixpath.basename(path))
    try:
        own.trusted_path(dest)
    except OSError as error:
        raise UsageError(f"dest: {error.filename} {error.strerror}") from error
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise UsageError(f"dest: {folder} is not a folder")
    return dest


def _stat_local(dest: str, digest: bool) -> LocalFile | None:
    try:
        found = os.stat(dest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"dest: {dest}: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"dest: {dest} exists and is not a regular file")
    known = digest_of(dest) if digest else None
    return LocalFile(found.st_size, known.sha256 if known else "", stat.S_IMODE(found.st_mode))


def _download(task: Task, kind: str, path: str, dest: str, wanted: LocalFile) -> LocalFile:
    progress = ProgressReporter(task.on_progress, f"downloading {path}")
    got = blobs.save_blob(task.client, kind, path, dest, wanted.sha256 or None, progress, wanted.mode)
    return LocalFile(got.size, got.sha256, wanted.mode)


def _apply_mode(dest: str, wanted: LocalFile) -> LocalFile:
    """Give the file its mode; the copy with the mode it has then."""
    now = stat.S_IMODE(os.stat(dest).st_mode)
    if wanted.mode is None or wanted.mode == now:
        return dataclasses.replace(wanted, mode=now)
    try:
        os.chmod(dest, wanted.mode)
    except OSError as error:
        raise UsageError(f"mode: cannot be set on {dest}: {error.strerror}") from error
    return wanted


def _result(
    dest: str, existing: LocalFile | None, wanted: LocalFile, compared_by: str, changed: bool
) -> Result:
    action = "unchanged" if not changed else "updated" if existing else "created"
    return {
        "changed": changed,
        "action": action,
        "compared_by": compared_by,
        "dest": dest,
        "file": wanted.properties,
        "diff": {
            "before": existing.properties if existing and changed else {},
            "after": wanted.properties if changed else {},
            "before_header": dest,
            "after_header": dest,
        },
    }
