# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How a content pack lies in a folder: the layouts of the original tool, and what they cannot say.

    ._Name.meta, ._Version.meta...   one file per text of the metadata, without a newline at its end
    meta.yaml                        all of the metadata instead, since v4.9; see :mod:`.metadata`
    params/, stages/, templates/...  one folder per section
    params/a.b.yaml                  one object per file; its key is inside, the file's name is free
    templates/motd.tmpl              a template of which there is nothing but the text: the name is its ID
    ._Layout.yaml                    what those cannot say, only where there is such a thing

Tools that do not know ``._Layout.yaml`` ignore it, and still read everything but the points below.  It has

    meta: {Writable: false}          metadata that is no text, or whose name cannot name a file
    verbatim: [Documentation]        metadata files of which every space and newline counts
    keys: {params/x.yaml: y}         files whose object stands in the pack under another key than its own
    sections: {%2Ehidden: .hidden}   folders whose section has a name that a folder cannot have

Skipped, as by the original: names that start with a dot, plain files beside the metadata, folders inside
sections; moreover what editors leave behind (``name~``, ``#name#``), and folders of no known kind without
any object in them, such as ``docs``.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t
import unicodedata
import urllib.parse

from ..errors import UsageError
from .pack_file import SUFFIXES, decode_file, encode

LAYOUT_FILE = "._Layout.yaml"
META_YAML = "meta.yaml"
_MAX_NAME_BYTES = 200
"""Bytes of a name, which leaves room for a number and a suffix in the 255 that a file system takes."""


@dataclasses.dataclass
class Layout:
    """What ``._Layout.yaml`` says."""

    meta: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    verbatim: list[str] = dataclasses.field(default_factory=list)
    keys: dict[str, str] = dataclasses.field(default_factory=dict)
    sections: dict[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, folder: str) -> Layout:
        """That of a folder; an empty one if it has none.  UsageError when it makes no sense."""
        path = os.path.join(folder, LAYOUT_FILE)
        if not os.path.lexists(path):
            return cls()
        document = decode_file(path)
        shapes: dict[str, type] = {"meta": dict, "verbatim": list, "keys": dict, "sections": dict}
        if not isinstance(document, dict) or not document.keys() <= shapes.keys():
            raise UsageError(f"{path} must hold only {', '.join(shapes)}")
        for name, value in document.items():
            if not isinstance(value, shapes[name]):
                raise UsageError(f"{path}: {name} must be a {shapes[name].__name__}")
        layout = cls(**document)
        if not all(isinstance(text, str) for text in layout.texts()):
            raise UsageError(f"{path}: verbatim, keys and sections must hold strings only")
        return layout

    def texts(self) -> t.Iterator[t.Any]:
        """All names in it."""
        yield from (*self.verbatim, *self.keys.values(), *self.sections.values())

    def content(self) -> bytes:
        """The text of the file; empty when there is nothing to say."""
        document = {name: value for name, value in dataclasses.asdict(self).items() if value}
        return encode(document, "yaml") if document else b""


def meta_field(name: str) -> str | None:
    """``Name`` for ``._Name.meta``; None for the name of any other file."""
    field = name[2:-5] if name.startswith("._") and name.endswith(".meta") else ""
    return field if field and not field.startswith(".") else None


def meta_file(field: str) -> str | None:
    """The file of a metadata field; None when it cannot have one."""
    name = f"._{field}.meta"
    return name if meta_field(name) == field and _is_valid_file_name(field) else None


def is_pack_folder(folder: str) -> bool:
    """Whether the folder says that it holds a content pack."""
    return any(os.path.lexists(os.path.join(folder, name)) for name in ("._Name.meta", META_YAML))


def is_skipped(name: str) -> bool:
    """Hidden files, and what editors leave behind."""
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def is_object_file(name: str) -> bool:
    return os.path.splitext(name)[1] in SUFFIXES


def can_be_text_file(template_id: str) -> bool:
    """Whether a file with this name is read as the text of the template with this ID."""
    return (
        _is_valid_file_name(template_id) and not is_skipped(template_id) and not is_object_file(template_id)
    )


def file_stems(key: str) -> t.Iterator[str]:
    """Names for the file of an object or the folder of a section, the best first.

    The original tool writes ``.`` for ``/``; the others are escaped as it does in its directory stores.
    """
    mangled = key.replace("/", ".")
    if _is_valid_file_name(mangled) and not is_skipped(mangled):
        yield mangled
    quoted = _quoted(key)
    yield quoted
    number = 2
    while True:
        yield f"{quoted}-{number}"
        number += 1


def require_safe_name(name: str, what: str) -> None:
    """UsageError for a name that could lead to a file outside the pack."""
    if "\0" in name or name.startswith("/") or {".", ".."} & set(name.split("/")):
        raise UsageError(
            f"{what} {name!r}: the name could lead to files outside the folder of the content pack"
        )


def case_folded(name: str) -> str:
    """What a file system that ignores case and Unicode forms takes for the same name."""
    return unicodedata.normalize("NFC", name).casefold()


def _is_valid_file_name(name: str) -> bool:
    return bool(name) and len(name.encode()) <= _MAX_NAME_BYTES and not set(name) & {"/", "\0", "\n"}


def _quoted(key: str) -> str:
    """The key escaped as in a URL, and never hidden, empty or too long."""
    name = urllib.parse.quote_plus(key, safe="~") or "%"
    if name.startswith("."):
        name = "%2E" + name[1:]
    if name.endswith("~"):
        name = name[:-1] + "%7E"
    return name if len(name) <= _MAX_NAME_BYTES else name[:_MAX_NAME_BYTES]
