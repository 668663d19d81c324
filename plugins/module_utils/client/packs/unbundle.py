# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack -> a folder, in the layout of :mod:`.pack_layout`, so that nothing of it is lost."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..errors import UsageError
from ..files.staging import Staging
from .bundle import TEMPLATES, Found, objects_in, read_meta, section_folders
from .layout import LAYOUT_FILE, Layout, can_be_raw, field_of, folded, meta_file, refuse_path, stems
from .pack import Json, Object, Pack, checked, own_key, require_name
from .pack_file import encode, identical, read_bytes, read_pack

Same = t.Callable[[str, Object, Object], bool]
"""Gets a section and two objects: whether the file of the first may stand for the second."""


def unbundle_content(source: str, folder: str, form: str = "yaml") -> None:
    """Spread the pack in the file ``source``, YAML or JSON, out in ``folder``.  Raises UsageError."""
    unbundle(read_pack(source), folder, form)


def unbundle(pack: Pack, folder: str, form: str = "yaml", same: Same | None = None) -> Staging:
    """Make ``folder`` hold this pack and no other objects; what was written and removed.

    Objects are written as ``form``, ``yaml`` or ``json``.  What a pack's folder may hold beside the pack
    stays, and so does each file whose object is the same already, with its comments.  Raises UsageError
    before anything is written, for names that lead out of the folder, for a folder that holds something
    else, and for a pack in it that cannot be read; later only for a disk that fails, and then nothing was
    changed.
    """
    staging = plan(pack, folder, form, same)
    staging.commit()
    return staging


def plan(pack: Pack, folder: str, form: str = "yaml", same: Same | None = None) -> Staging:
    """What :func:`unbundle` would write and remove."""
    pack = checked(pack, "the content pack")
    require_name(pack, "the content pack")
    refuse_stranger(folder)
    planner = _Planner(form, same or (lambda _section, one, two: identical(one, two)), _Present.read(folder))
    planner.place_meta(pack["meta"])
    for section in sorted(pack["sections"]):
        planner.place_section(section, pack["sections"][section])
    return planner.staging(folder)


def refuse_stranger(folder: str) -> None:
    """UsageError for a folder with things in it that are no content pack: they would be removed."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is not a folder")
    if (
        os.path.isdir(folder)
        and os.listdir(folder)
        and not os.path.lexists(os.path.join(folder, "._Name.meta"))
    ):
        raise UsageError(
            f"{folder} is neither empty nor the folder of a content pack (it has no ._Name.meta)"
        )


@dataclasses.dataclass
class _Present:
    """What the folder holds already."""

    meta: dict[str, Json] = dataclasses.field(default_factory=dict)
    verbatim: list[str] = dataclasses.field(default_factory=list)
    files: set[str] = dataclasses.field(default_factory=set)
    """All files that are read as parts of a pack."""
    objects: dict[tuple[str, str], list[Found]] = dataclasses.field(default_factory=dict)
    folders: dict[str, str] = dataclasses.field(default_factory=dict)
    """Section -> its folder."""
    layout: bytes = b""

    @classmethod
    def read(cls, folder: str) -> _Present:
        present = cls()
        if not os.path.isdir(folder):
            return present
        layout = Layout.read(folder)
        present.meta = read_meta(folder, layout)
        present.verbatim = layout.verbatim
        present.files = {name for name in os.listdir(folder) if field_of(name) is not None}
        if os.path.lexists(os.path.join(folder, LAYOUT_FILE)):
            present.files.add(LAYOUT_FILE)
            present.layout = read_bytes(os.path.join(folder, LAYOUT_FILE))
        for name in section_folders(folder):
            section = layout.sections.get(name, name)
            present.folders[section] = name
            for found in objects_in(folder, name, section, layout):
                present.files.add(found.path)
                present.objects.setdefault((found.section, found.key), []).append(found)
        return present


@dataclasses.dataclass
class _Planner:
    """Chooses a file for each part of a pack."""

    form: str
    same: Same
    present: _Present
    layout: Layout = dataclasses.field(default_factory=Layout)
    writes: dict[str, bytes] = dataclasses.field(default_factory=dict)
    kept: set[str] = dataclasses.field(default_factory=set)
    folders: set[str] = dataclasses.field(default_factory=set)
    taken: set[str] = dataclasses.field(default_factory=set)

    def staging(self, folder: str) -> Staging:
        content = self.layout.content()
        if content and content == self.present.layout:
            self.kept.add(LAYOUT_FILE)
        elif content:
            self.writes[LAYOUT_FILE] = content
        removals = sorted(self.present.files - self.kept - self.writes.keys())
        stale = {*self.present.folders.values()} - self.folders
        return Staging(folder, self.writes, removals, self.folders, stale)

    def place_meta(self, meta: dict[str, Json]) -> None:
        for field, value in sorted(meta.items()):
            name = meta_file(field)
            if name is None or not isinstance(value, str) or folded(name) in self.taken:
                self.layout.meta[field] = value
                continue
            self.taken.add(folded(name))
            if value != value.strip():
                self.layout.verbatim.append(field)
            known = name in self.present.files and field in self.present.meta
            as_before = (field in self.layout.verbatim) == (field in self.present.verbatim)
            if known and as_before and self.present.meta[field] == value:
                self.kept.add(name)
            else:
                self.writes[name] = value.encode()

    def place_section(self, section: str, items: dict[str, Object]) -> None:
        folder = self._folder(section)
        rest = {}
        for key in sorted(items):
            refuse_path(key, f"the key in {section}")
            if not self._keep(section, key, items[key]):
                rest[key] = items[key]
        for key, item in rest.items():
            self._write(folder, section, key, item)

    def _folder(self, section: str) -> str:
        refuse_path(section, "section")
        if "/" in section:
            raise UsageError(f"section {section!r}: the name of a section cannot hold a slash")
        used = {folded(name) for name in (*self.folders, *self.present.folders.values())}
        free = (name for name in stems(section) if folded(name) not in used)
        folder = self.present.folders.get(section) or next(free)
        if folder != section:
            self.layout.sections[folder] = section
        self.folders.add(folder)
        return folder

    def _keep(self, section: str, key: str, item: Object) -> bool:
        for found in self.present.objects.get((section, key), []):
            if self.same(section, found.item, item):
                self.kept.add(found.path)
                self.taken.add(folded(found.path))
                self._note_key(found.path, section, key, found.item)
                return True
        return False

    def _write(self, folder: str, section: str, key: str, item: Object) -> None:
        path = f"{folder}/{key}"
        if section == TEMPLATES and can_be_raw(key) and self._is_free(path) and _is_just_text(key, item):
            content = item["Contents"].encode()
        else:
            paths = (f"{folder}/{stem}.{self.form}" for stem in stems(key))
            path = next(filter(self._is_free, paths))
            content = encode(item, self.form)
        self.taken.add(folded(path))
        self.writes[path] = content
        self._note_key(path, section, key, item)

    def _is_free(self, path: str) -> bool:
        return folded(path) not in self.taken

    def _note_key(self, path: str, section: str, key: str, item: Object) -> None:
        if own_key(section, item) != key or not key:
            self.layout.keys[path] = key


def _is_just_text(key: str, item: Object) -> bool:
    """Whether this is what is read from a file that holds nothing but the text of a template."""
    return item.keys() == {"ID", "Contents"} and item["ID"] == key and isinstance(item["Contents"], str)
