# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A folder -> a content pack: ``bundle(unbundle(pack)) == pack`` for every pack.

Folders made by or for the original tool are read as its v4 does.  Objects stay as they are written; see
:func:`.pack_forms.normalized` for what a server wants of them.  No network is needed.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t

from .. import models
from ..errors import UsageError
from . import metadata
from .layout import Layout, is_object_file, is_skipped
from .pack import Json, Object, Pack, require_name, server_key
from .pack_file import decode_file, write_pack

TEMPLATES = "templates"


class DuplicateKey(UsageError):
    """Two files define one object."""


@dataclasses.dataclass
class ObjectFile:
    """An object of a pack, and the file that holds it, relative to the pack's folder."""

    path: str
    section: str
    key: str
    item: Object


def bundle_content(folder: str, target: str, defaults: t.Mapping[str, str] | None = None) -> None:
    """Write the pack in ``folder`` to the file ``target``, YAML or JSON by its suffix.

    ``defaults`` is metadata for which the folder has no file.  Raises UsageError.
    """
    write_pack(bundle(folder, defaults), target)


def bundle(folder: str, defaults: t.Mapping[str, Json] | None = None, last_file_wins: bool = False) -> Pack:
    """The pack in ``folder``.

    ``defaults`` is metadata for which it has no file.  Raises UsageError: for a file that cannot be read
    or understood, for a pack without a Name, and for two files that define one key, unless the last one
    by its name wins, as with the original tool.
    """
    layout = Layout.read(folder)
    pack: Pack = {"meta": {**(defaults or {}), **read_meta(folder, layout)}, "sections": {}}
    require_name(pack, folder)
    for name in section_folders(folder):
        section = layout.sections.get(name, name)
        if section in pack["sections"]:
            raise UsageError(f"{folder}: two folders hold the section {section}; see ._Layout.yaml")
        pack["sections"][section] = _section(folder, name, section, layout, last_file_wins)
    return pack


def read_meta(folder: str, layout: Layout) -> dict[str, Json]:
    """The metadata in ``folder``."""
    return metadata.read(folder, _names(folder), layout)


def section_folders(folder: str) -> list[str]:
    """The folders below ``folder`` that are sections, by name.

    An unknown kind may be that of a plugin, so it counts, unless nothing in its folder looks like an object.
    """
    return [
        name
        for name in _names(folder)
        if not name.startswith(".")
        and os.path.isdir(os.path.join(folder, name))
        and (models.find(name) or _holds_objects(os.path.join(folder, name)))
    ]


def objects_in(folder: str, name: str, section: str, layout: Layout) -> t.Iterator[ObjectFile]:
    """The objects in the folder ``name`` of a section, in the order of their files' names."""
    for file in _names(os.path.join(folder, name)):
        full_path = os.path.join(folder, name, file)
        if is_skipped(file) or os.path.isdir(full_path):
            continue
        path = f"{name}/{file}"
        item = _item(full_path, section, file)
        yield ObjectFile(path, section, layout.keys.get(path, server_key(section, item)), item)


def _section(folder: str, name: str, section: str, layout: Layout, last_file_wins: bool) -> dict[str, Object]:
    items: dict[str, Object] = {}
    files: dict[str, str] = {}
    for found in objects_in(folder, name, section, layout):
        if not found.key and found.path not in layout.keys:
            field = models.get(section).key
            raise UsageError(f"{os.path.join(folder, found.path)}: the object has no {field}")
        if found.key in files and not last_file_wins:
            raise DuplicateKey(
                f"{folder}: {files[found.key]} and {found.path} both define {section} {found.key!r}"
            )
        files[found.key] = found.path
        items[found.key] = found.item
    return items


def _item(full_path: str, section: str, file: str) -> Object:
    if is_object_file(file):
        item = decode_file(full_path)
        if not isinstance(item, dict):
            raise UsageError(f"{full_path} must hold one object with members, not {type(item).__name__}")
        return item
    if section == TEMPLATES:
        return {"ID": file, "Contents": metadata.read_text(full_path)}
    raise UsageError(
        f"{full_path}: only .yaml, .yml and .json files can be {section}; move it elsewhere or hide it"
    )


def _holds_objects(folder: str) -> bool:
    names = [name for name in _names(folder) if name != ".gitkeep"]
    return not names or any(is_object_file(name) and not is_skipped(name) for name in names)


def _names(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
        "\n".join(names).encode()
        return names
    except UnicodeEncodeError as error:
        raise UsageError(f"{folder} holds a file whose name is not UTF-8") from error
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from error
