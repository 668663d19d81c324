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
from ...client.files import blobs
from ...client.files.download import digest_of, normal_checksum
from ...converge.task import Result, Task
from .blob import Local, Verdict, compare
from .progress import Meter


@dataclasses.dataclass(frozen=True)
class Copy:
    """A local file as it is, or as it will be; "" and None are what is not known of it."""

    size: int
    sha256: str = ""
    mode: int | None = None

    @property
    def facts(self) -> dict[str, t.Any]:
        mode = "" if self.mode is None else f"{self.mode:04o}"
        told = {"size": self.size, "sha256": self.sha256, "mode": mode}
        return {name: value for name, value in told.items() if value != ""}


def run(task: Task) -> Result:
    """What ``drp_blob_fetch`` does."""
    kind, options = task.options["kind"], task.options
    path = blobs.blob_path(kind, options["path"])
    dest = _place(options["dest"], path)
    mode = wanted_mode(options.get("mode"))
    checksum = normal_checksum(options["checksum"]) if options.get("checksum") else ""
    here = _look(dest, digest=bool(checksum) or options["compare"] == "content")
    if here and checksum and here.sha256 == checksum:
        wanted, verdict = here, Verdict(True, "checksum")
    else:
        wanted, verdict = _on_server(task, kind, path, here, dest, checksum)
    keep = here.mode if here and mode is None else mode
    wanted = dataclasses.replace(wanted, mode=keep)
    changed = not verdict.same or wanted != here
    if changed and not task.check:
        if not verdict.same:
            wanted = _download(task, kind, path, dest, wanted)
        wanted = _with_mode(dest, wanted)
    return _result(dest, here, wanted, verdict.by, changed)


def wanted_mode(told: t.Any) -> int | None:
    """Permission bits from ``"0644"``, or from the number that YAML makes of ``0644``."""
    if told is None:
        return None
    try:
        mode = told if isinstance(told, int) and not isinstance(told, bool) else int(str(told), 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise UsageError(f"mode: {told!r} is not an octal number such as '0644'")
    return mode


def _on_server(
    task: Task, kind: str, path: str, here: Copy | None, dest: str, checksum: str
) -> tuple[Copy, Verdict]:
    """The wanted copy, as far as the server tells, and whether ``here`` is it already."""
    there = blobs.stat_blob(task.client, kind, path, checksum=task.options["compare"] == "content")
    if there is None:
        raise UsageError(f"{kind}/{path}: no such file on the server")
    if checksum and there.sha256 not in ("", checksum):
        raise UsageError(
            f"checksum: {kind}/{path} has the SHA-256 {there.sha256}, not {checksum}; nothing was downloaded"
        )
    if here is None:
        verdict = Verdict(False)
    elif checksum:
        verdict = Verdict(False, "checksum")
    else:
        verdict = compare(task, kind, path, there, Local(dest, here.size, here.sha256))
    return here if here and verdict.same else Copy(there.size, checksum or there.sha256), verdict


def _place(dest: str, path: str) -> str:
    """``dest``, or a file of the blob's name in it when it is a folder."""
    if dest.endswith("/") or os.path.isdir(dest):
        dest = os.path.join(dest, posixpath.basename(path))
    folder = os.path.dirname(os.path.abspath(dest))
    if not os.path.isdir(folder):
        raise UsageError(f"dest: {folder} is no folder")
    return dest


def _look(dest: str, digest: bool) -> Copy | None:
    try:
        found = os.stat(dest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"dest: {dest}: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"dest: {dest} is there and is no regular file")
    known = digest_of(dest) if digest else None
    return Copy(found.st_size, known.sha256 if known else "", stat.S_IMODE(found.st_mode))


def _download(task: Task, kind: str, path: str, dest: str, wanted: Copy) -> Copy:
    meter = Meter(task.progress, f"downloading {path}")
    got = blobs.save_blob(task.client, kind, path, dest, wanted.sha256 or None, meter)
    return Copy(got.size, got.sha256, wanted.mode)


def _with_mode(dest: str, wanted: Copy) -> Copy:
    """Give the file its mode; the copy with the mode it has then."""
    now = stat.S_IMODE(os.stat(dest).st_mode)
    if wanted.mode is None or wanted.mode == now:
        return dataclasses.replace(wanted, mode=now)
    try:
        os.chmod(dest, wanted.mode)
    except OSError as error:
        raise UsageError(f"mode: that of {dest} cannot be changed: {error.strerror}") from error
    return wanted


def _result(dest: str, here: Copy | None, wanted: Copy, compared_by: str, changed: bool) -> Result:
    action = "unchanged" if not changed else "updated" if here else "created"
    return {
        "changed": changed,
        "action": action,
        "compared_by": compared_by,
        "dest": dest,
        "file": wanted.facts,
        "diff": {
            "before": here.facts if here and changed else {},
            "after": wanted.facts if changed else {},
            "before_header": dest,
            "after_header": dest,
        },
    }
