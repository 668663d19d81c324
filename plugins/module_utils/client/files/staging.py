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

FILE_MODE = 0o640
FOLDER_MODE = 0o750


def replace_file(path: str, content: bytes) -> None:
    """Write a file beside ``path`` and rename it; UsageError when that fails, with nothing changed."""
    place = os.path.realpath(path)
    folder, name = os.path.split(place)
    try:
        with _scratch(f".{name}.", folder) as scratch:
            staged = os.path.join(scratch, "new")
            with open(staged, "xb", opener=_private) as file:
                file.write(content)
            _put(staged, place)
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
        place = os.path.realpath(self.folder)
        try:
            if os.path.isdir(place):
                self._change(place)
            else:
                self._create(place)
        except OSError as error:
            what = error.filename or self.folder
            raise UsageError(f"{self.folder}: nothing was changed: {what}: {error.strerror}") from error

    def _create(self, place: str) -> None:
        above, name = os.path.split(place)
        with _scratch(f".{name}.", above) as scratch:
            fresh = os.path.join(scratch, "new")
            os.mkdir(fresh, FOLDER_MODE)
            self._write_below(fresh)
            os.rename(fresh, place)

    def _change(self, place: str) -> None:
        with _scratch(".drp-", place) as scratch:
            fresh, old = os.path.join(scratch, "new"), os.path.join(scratch, "old")
            os.mkdir(fresh)
            os.mkdir(old)
            self._write_below(fresh)
            undo: list[t.Callable[[], object]] = []
            try:
                self._rename_into_place(place, fresh, old, undo)
            except BaseException:
                for step in reversed(undo):
                    with contextlib.suppress(OSError):
                        step()
                raise

    def _write_below(self, fresh: str) -> None:
        for folder in sorted({*self.folders, *map(os.path.dirname, self.writes)} - {""}):
            os.mkdir(os.path.join(fresh, folder), FOLDER_MODE)
        for path, content in self.writes.items():
            with open(os.path.join(fresh, path), "xb", opener=_private) as file:
                file.write(content)

    def _rename_into_place(
        self, place: str, fresh: str, old: str, undo: list[t.Callable[[], object]]
    ) -> None:
        for folder in sorted({*self.folders, *map(os.path.dirname, self.writes)} - {""}):
            target = os.path.join(place, folder)
            if not os.path.isdir(target):
                os.mkdir(target, FOLDER_MODE)
                undo.append(functools.partial(os.rmdir, target))
        # removals first: where case does not count, a new file may have the place of an old one
        for number, path in enumerate([*self.removals, *self.writes]):
            target, kept = os.path.join(place, path), os.path.join(old, str(number))
            if os.path.lexists(target):
                _keep(target, kept)
                undo.append(functools.partial(os.replace, kept, target))
            elif path in self.writes:
                undo.append(functools.partial(os.unlink, target))
            if path in self.writes:
                _put(os.path.join(fresh, path), target)
            else:
                os.unlink(target)
        for folder in self.stale:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.join(place, folder))


@contextlib.contextmanager
def _scratch(prefix: str, folder: str) -> t.Iterator[str]:
    path = tempfile.mkdtemp(prefix=prefix, dir=folder)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


def _put(staged: str, target: str) -> None:
    """Rename into place; what is replaced hands down its mode."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(staged, stat.S_IMODE(os.stat(target).st_mode))
    os.replace(staged, target)


def _keep(target: str, kept: str) -> None:
    try:
        os.link(target, kept, follow_symlinks=False)
    except OSError:
        shutil.copy2(target, kept, follow_symlinks=False)
