# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Changes of files that happen whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import stat
import tempfile
import typing as t

from ..errors import UsageError
from . import own

FILE_MODE = 0o640
FOLDER_MODE = 0o750


def replace_file(path: str, content: bytes) -> None:
    """Write a file beside ``path`` and rename it; UsageError when that fails, with nothing changed."""
    try:
        real_path = os.path.realpath(own.trusted_path(path))
        folder, name = os.path.split(real_path)
        with _scratch(f".{name}.", folder) as scratch:
            staged = os.path.join(scratch, "new")
            with open(staged, "xb", opener=_open_private) as file:
                file.write(content)
            _move_into_place(staged, real_path)
    except own.NotOurs as error:
        raise UsageError(f"{error.filename} {error.strerror}: nothing is written there") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


@dataclasses.dataclass
class Staging:
    """Files below one folder to write and to remove, all at once.

    A folder that does not exist yet appears complete, by one rename.  In one that exists the new files
    are staged first, so that a full disk is found out in time; then they are renamed into place, and if
    even that fails, the old ones come back.
    """

    folder: str
    writes: dict[str, bytes] = dataclasses.field(default_factory=dict)
    """Relative path -> content."""
    removals: list[str] = dataclasses.field(default_factory=list)
    folders: set[str] = dataclasses.field(default_factory=set)
    """Folders that are to exist, even with nothing in them."""
    stale: set[str] = dataclasses.field(default_factory=set)
    """Folders that are to go, unless something stays in them."""

    def commit(self) -> None:
        """Make all changes; UsageError when one fails, and then none is made."""
        try:
            real_path = os.path.realpath(own.trusted_path(self.folder))
            if os.path.isdir(real_path):
                self._change(real_path)
            else:
                self._create(real_path)
        except own.NotOurs as error:
            raise UsageError(f"{error.filename} {error.strerror}: nothing is written there") from error
        except OSError as error:
            what = error.filename or self.folder
            raise UsageError(f"{self.folder}: nothing was changed: {what}: {error.strerror}") from error

    def _create(self, real_path: str) -> None:
        parent, name = os.path.split(real_path)
        with _scratch(f".{name}.", parent) as scratch:
            fresh = os.path.join(scratch, "new")
            os.mkdir(fresh, FOLDER_MODE)
            self._write_below(fresh)
            os.rename(fresh, real_path)

    def _change(self, real_path: str) -> None:
        with _scratch(".drp-", real_path) as scratch:
            fresh, old = os.path.join(scratch, "new"), os.path.join(scratch, "old")
            os.mkdir(fresh)
            os.mkdir(old)
            self._write_below(fresh)
            undo: list[t.Callable[[], object]] = []
            try:
                self._rename_into_place(real_path, fresh, old, undo)
            except BaseException:
                for step in reversed(undo):
                    with contextlib.suppress(OSError):
                        step()
                raise

    def _write_below(self, fresh: str) -> None:
        for folder in sorted({*self.folders, *map(os.path.dirname, self.writes)} - {""}):
            os.mkdir(os.path.join(fresh, folder), FOLDER_MODE)
        for path, content in self.writes.items():
            with open(os.path.join(fresh, path), "xb", opener=_open_private) as file:
                file.write(content)

    def _rename_into_place(
        self, real_path: str, fresh: str, old: str, undo: list[t.Callable[[], object]]
    ) -> None:
        for folder in sorted({*self.folders, *map(os.path.dirname, self.writes)} - {""}):
            target = os.path.join(real_path, folder)
            if not os.path.isdir(target):
                os.mkdir(target, FOLDER_MODE)
                undo.append(functools.partial(os.rmdir, target))
        # removals first: where case does not count, a new file may have the place of an old one
        for number, path in enumerate([*self.removals, *self.writes]):
            target, kept = os.path.join(real_path, path), os.path.join(old, str(number))
            if os.path.lexists(target):
                _back_up(target, kept)
                undo.append(functools.partial(os.replace, kept, target))
            elif path in self.writes:
                undo.append(functools.partial(os.unlink, target))
            if path in self.writes:
                _move_into_place(os.path.join(fresh, path), target)
            else:
                os.unlink(target)
        for folder in self.stale:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(real_path, folder))


@contextlib.contextmanager
def _scratch(prefix: str, folder: str) -> t.Iterator[str]:
    path = tempfile.mkdtemp(prefix=prefix, dir=folder)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


def _move_into_place(staged: str, target: str) -> None:
    """Rename into place; what is replaced hands down its mode."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(staged, stat.S_IMODE(os.stat(target).st_mode))
    os.replace(staged, target)


def _back_up(target: str, kept: str) -> None:
    try:
        os.link(target, kept, follow_symlinks=False)
    except OSError:
        shutil.copy2(target, kept, follow_symlinks=False)
