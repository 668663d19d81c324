# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking in and removing files and ISOs, with the temporary files and side effects of the real server."""

from __future__ import annotations

import os
import posixpath
from collections.abc import AsyncIterator
from pathlib import Path

from .errors import ApiError

OCTETS = "application/octet-stream"


class ShortBody(Exception):
    """Fewer bytes arrived than were announced, or none can be written any more."""


def inside(root: Path, asked: str) -> Path:
    """The place of a path below the root; climbing out is not possible."""
    return root / posixpath.normpath("/" + asked).lstrip("/")


def listing(folder: Path) -> list[str]:
    """Names one level deep, directories with a slash; OSError when it is not a folder."""
    names = []
    for entry in os.scandir(folder):
        if entry.is_dir():
            names.append(f"{entry.name}/")
        elif entry.is_file():
            names.append(entry.name)
    return sorted(names)


async def receive(chunks: AsyncIterator[bytes], temporary: Path, expected: int | None) -> int:
    """Write a body to a temporary file; its size.  The file is gone when that fails."""
    size = 0
    try:
        with temporary.open("wb") as stream:
            async for chunk in chunks:
                stream.write(chunk)
                size += len(chunk)
        if expected is not None and size < expected:
            raise ShortBody(f"{expected} bytes expected but only {size} bytes received")
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return size


def prepare_upload(target: Path, name: str) -> Path:
    """The temporary file of an upload to /files; ApiError when it cannot take place."""
    if name.endswith("/"):
        raise ApiError(403, "POST", "Cannot upload a directory", model="files", key=name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = posixpath.dirname(name)
        raise ApiError(409, "POST", f"Cannot create directory {folder}", model="files", key=name) from None
    temporary = target.with_name(f"{target.name}.part")
    if is_too_long(temporary.name):
        problems = ("Unable to upload", f"open {temporary.name}: file name too long")
        raise ApiError(409, "POST", *problems, model="files", key=name)
    if temporary.exists():
        discard(target)
        raise ApiError(409, "POST", "File already uploading", model="files", key=name)
    return temporary


def is_too_long(name: str) -> bool:
    """Whether no file can be called so."""
    return len(name.encode()) > 255


def discard(target: Path) -> None:
    """A failed upload takes the finished old file with it."""
    if target.is_file():
        target.unlink()


def replace(temporary: Path, target: Path) -> None:
    try:
        temporary.replace(target)
    except OSError:
        # over a directory this fails, which the real server does not notice
        return


def delete(root: Path, name: str) -> None:
    """Remove a file or an empty directory of /files."""
    problem = ApiError(404, "DELETE", "Unable to delete", model="files", key=name)
    climbs = posixpath.normpath(name.lstrip("/")).startswith("..")
    target = inside(root, name)
    if target == root and not climbs:
        raise problem
    if climbs:
        raise ApiError(403, "DELETE", "Cannot delete", model="files", key=name)
    try:
        if target.is_dir():
            target.rmdir()
        else:
            target.unlink()
    except OSError:
        raise problem from None
