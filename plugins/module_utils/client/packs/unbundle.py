# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack -> a folder, in the layout of :mod:`.layout`, so that nothing of it is lost."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ..errors import UsageError
from ..files.staging import Staging
from . import metadata
from .bundle import TEMPLATES, ObjectFile, objects_in, read_meta, section_folders
from .layout import (
    LAYOUT_FILE,
    META_YAML,
    Layout,
    can_be_text_file,
    case_folded,
    file_stems,
    is_pack_folder,
    meta_field,
    meta_file,
    require_safe_name,
)
from .pack import Json, Object, Pack, require_name, server_key, validated_pack
from .pack_file import encode, identical, read_bytes, read_pack

SameObject = t.Callable[[str, Object, Object], bool]
"""Gets a section and two objects: whether the file of the first may stand for the second."""


def unbundle_content(source: str, folder: str, form: str = "yaml") -> None:
    """Spread the pack in the file ``source``, YAML or JSON, out in ``folder``.  Raises UsageError."""
    unbundle(read_pack(source), folder, form)


def unbundle(
    pack: Pack, folder: str, form: str = "yaml", same: SameObject | None = None, layout: str = "auto"
) -> Staging:
    """Make ``folder`` hold this pack and no other objects; what was written and removed.

    Objects are written as ``form``, ``yaml`` or ``json``.  What a pack's folder may hold beside the pack
    stays, and so does each file whose object is the same already, with its comments.  Raises UsageError
    before anything is written, for names that lead out of the folder, for a folder that holds something
    else, and for a pack in it that cannot be read; later only for a disk that fails, and then nothing was
    changed.
    """
    staging = plan(pack, folder, form, same, layout)
    staging.commit()
    return staging


def plan(
    pack: Pack, folder: str, form: str = "yaml", same: SameObject | None = None, layout: str = "auto"
) -> Staging:
    """What :func:`unbundle` would write and remove; ``layout`` is one of :data:`.metadata.LAYOUTS`."""
    pack = validated_pack(pack, "the content pack")
    require_name(pack, "the content pack")
    require_pack_folder(folder)
    planner = _Planner(
        form, same or (lambda _section, one, two: identical(one, two)), _ExistingFolder.read(folder)
    )
    planner.plan_meta(pack["meta"], metadata.uses_meta_yaml(layout, planner.existing.files))
    for section in sorted(pack["sections"]):
        planner.plan_section(section, pack["sections"][section])
    return planner.staging(folder)


def require_pack_folder(folder: str) -> None:
    """UsageError for a folder with things in it that are no content pack: they would be removed."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"{folder} is not a folder")
    if os.path.isdir(folder) and os.listdir(folder) and not is_pack_folder(folder):
        raise UsageError(
            f"{folder} is neither empty nor the folder of a content pack (it has neither ._Name.meta nor "
            f"{META_YAML})"
        )


@dataclasses.dataclass
class _ExistingFolder:
    """What the folder holds already."""

    meta: dict[str, Json] = dataclasses.field(default_factory=dict)
    verbatim: list[str] = dataclasses.field(default_factory=list)
    files: set[str] = dataclasses.field(default_factory=set)
    """All files that are read as parts of a pack."""
    described: dict[str, str] = dataclasses.field(default_factory=dict)
    """What its meta.yaml says."""
    link_targets: dict[str, str] = dataclasses.field(default_factory=dict)
    """A metadata file -> where its text is, for one that is a link."""
    objects: dict[tuple[str, str], list[ObjectFile]] = dataclasses.field(default_factory=dict)
    folders: dict[str, str] = dataclasses.field(default_factory=dict)
    """Section -> its folder."""
    layout: bytes = b""

    @classmethod
    def read(cls, folder: str) -> _ExistingFolder:
        existing = cls()
        if not os.path.isdir(folder):
            return existing
        layout = Layout.read(folder)
        existing.meta = read_meta(folder, layout)
        existing.verbatim = layout.verbatim
        existing.files = {name for name in os.listdir(folder) if meta_field(name) is not None}
        existing.link_targets = {name: metadata.link_target(folder, name) for name in existing.files}
        if os.path.lexists(os.path.join(folder, META_YAML)):
            existing.files.add(META_YAML)
            existing.described = metadata.read_meta_yaml(os.path.join(folder, META_YAML))
        if os.path.lexists(os.path.join(folder, LAYOUT_FILE)):
            existing.files.add(LAYOUT_FILE)
            existing.layout = read_bytes(os.path.join(folder, LAYOUT_FILE))
        for name in section_folders(folder):
            section = layout.sections.get(name, name)
            existing.folders[section] = name
            for found in objects_in(folder, name, section, layout):
                existing.files.add(found.path)
                existing.objects.setdefault((found.section, found.key), []).append(found)
        return existing


@dataclasses.dataclass
class _Planner:
    """Chooses a file for each part of a pack."""

    form: str
    same: SameObject
    existing: _ExistingFolder
    layout: Layout = dataclasses.field(default_factory=Layout)
    writes: dict[str, bytes] = dataclasses.field(default_factory=dict)
    kept: set[str] = dataclasses.field(default_factory=set)
    folders: set[str] = dataclasses.field(default_factory=set)
    used_paths: set[str] = dataclasses.field(default_factory=set)

    def staging(self, folder: str) -> Staging:
        content = self.layout.content()
        if content and content == self.existing.layout:
            self.kept.add(LAYOUT_FILE)
        elif content:
            self.writes[LAYOUT_FILE] = content
        removals = sorted(self.existing.files - self.kept - self.writes.keys())
        stale = {*self.existing.folders.values()} - self.folders
        return Staging(folder, self.writes, removals, self.folders, stale)

    def plan_meta(self, meta: dict[str, Json], meta_yaml: bool) -> None:
        described, rest = metadata.split(meta, meta_yaml)
        if meta_yaml and described == self.existing.described:
            self.kept.add(META_YAML)
        elif meta_yaml:
            self.writes[META_YAML] = metadata.encode_meta_yaml(described)
        self._plan_meta_files(rest)

    def _plan_meta_files(self, meta: dict[str, Json]) -> None:
        for field, value in sorted(meta.items()):
            name = meta_file(field)
            if name is None or not isinstance(value, str) or case_folded(name) in self.used_paths:
                self.layout.meta[field] = value
                continue
            self.used_paths.add(case_folded(name))
            if value != value.strip():
                self.layout.verbatim.append(field)
            known = name in self.existing.files and field in self.existing.meta
            as_before = (field in self.layout.verbatim) == (field in self.existing.verbatim)
            if known and as_before and self.existing.meta[field] == value:
                self.kept.add(name)
            else:
                target = self.existing.link_targets.get(name, name)
                self.writes[target] = value.encode()
                self.kept.update({name} - {target})

    def plan_section(self, section: str, items: dict[str, Object]) -> None:
        folder = self._choose_folder(section)
        rest = {}
        for key in sorted(items):
            require_safe_name(key, f"the key in {section}")
            if not self._keep_existing(section, key, items[key]):
                rest[key] = items[key]
        for key, item in rest.items():
            self._plan_write(folder, section, key, item)

    def _choose_folder(self, section: str) -> str:
        require_safe_name(section, "section")
        if "/" in section:
            raise UsageError(f"section {section!r}: the name of a section cannot hold a slash")
        used = {case_folded(name) for name in (*self.folders, *self.existing.folders.values())}
        free = (name for name in file_stems(section) if case_folded(name) not in used)
        folder = self.existing.folders.get(section) or next(free)
        if folder != section:
            self.layout.sections[folder] = section
        self.folders.add(folder)
        return folder

    def _keep_existing(self, section: str, key: str, item: Object) -> bool:
        for found in self.existing.objects.get((section, key), []):
            if self.same(section, found.item, item):
                self.kept.add(found.path)
                self.used_paths.add(case_folded(found.path))
                self._record_key(found.path, section, key, found.item)
                return True
        return False

    def _plan_write(self, folder: str, section: str, key: str, item: Object) -> None:
        path = f"{folder}/{key}"
        if (
            section == TEMPLATES
            and can_be_text_file(key)
            and self._is_free(path)
            and _is_just_text(key, item)
        ):
            content = item["Contents"].encode()
        else:
            paths = (f"{folder}/{stem}.{self.form}" for stem in file_stems(key))
            path = next(filter(self._is_free, paths))
            content = encode(item, self.form)
        self.used_paths.add(case_folded(path))
        self.writes[path] = content
        self._record_key(path, section, key, item)

    def _is_free(self, path: str) -> bool:
        return case_folded(path) not in self.used_paths

    def _record_key(self, path: str, section: str, key: str, item: Object) -> None:
        if server_key(section, item) != key or not key:
            self.layout.keys[path] = key


def _is_just_text(key: str, item: Object) -> bool:
    """Whether this is what is read from a file that holds nothing but the text of a template."""
    return item.keys() == {"ID", "Contents"} and item["ID"] == key and isinstance(item["Contents"], str)
