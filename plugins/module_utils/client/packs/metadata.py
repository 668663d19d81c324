# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The metadata of a content pack in a folder, in either layout.

    classic     ``._Name.meta``, ``._Version.meta``: one file per field, without a newline at its end
    meta_yaml   ``meta.yaml`` with all fields, since v4.9, and ``._Documentation.meta`` beside it, which is
                often a symbolic link to a README

A folder may mix both as long as no field has two values.
"""

from __future__ import annotations

import os
import typing as t

from ..errors import UsageError
from ..formats import decode_yaml
from .layout import META_YAML, Layout, meta_field, meta_file
from .pack_file import decode_file, encode, identical, read_bytes

Json = t.Any

LAYOUTS = ("auto", "classic", "meta_yaml")
"""``auto`` is that of the folder, and ``classic`` in a new one."""

_BESIDE_META_YAML = "Documentation"
_ORDER = (
    *("Name", "DisplayName", "Version", "Description", "Author", "Copyright", "License", "Source"),
    *("CodeSource", "DocUrl", "Icon", "Color", "Order", "Tags", "Type", "Prerequisites", "RequiredFeatures"),
)
"""The fields as people write them; others follow."""


def read(folder: str, names: t.Iterable[str], layout: Layout) -> dict[str, Json]:
    """The metadata in ``folder``, where ``names`` are; UsageError for a field with two values.

    The original tool strips its files, so only those noted as verbatim keep their edges.
    """
    names = set(names)
    meta: dict[str, Json] = dict(layout.meta)
    described = read_meta_yaml(os.path.join(folder, META_YAML)) if META_YAML in names else {}
    meta.update(described)
    for name in sorted(names):
        field = meta_field(name)
        if field is None:
            continue
        text = read_text(os.path.join(folder, name))
        text = text if field in layout.verbatim else text.strip()
        if described.get(field, text).strip() != text.strip():
            raise UsageError(f"{folder}: {META_YAML} and {name} have different values of {field}; remove one")
        meta[field] = text
    return meta


def read_meta_yaml(path: str) -> dict[str, str]:
    """What the file says, as texts: metadata is nothing else.  UsageError for what makes no text.

    A list of texts becomes one text with commas, as ``Tags`` and ``RequiredFeatures`` are written.
    """
    document = decode_file(path)
    if not isinstance(document, dict):
        raise UsageError(f"{path} must hold the metadata of a content pack, such as Name and Version")
    return {str(field): _as_text(path, str(field), value) for field, value in document.items()}


def uses_meta_yaml(layout: str, files: t.Collection[str]) -> bool:
    """Whether a folder in which ``files`` are gets a meta.yaml."""
    return layout == "meta_yaml" or (layout == "auto" and META_YAML in files)


def split(meta: t.Mapping[str, Json], meta_yaml: bool) -> tuple[dict[str, str], dict[str, Json]]:
    """The fields that meta.yaml takes, and the rest, which is written as files of their own."""
    if not meta_yaml:
        return {}, dict(meta)
    described = {
        field: value
        for field, value in meta.items()
        if isinstance(value, str) and field != _BESIDE_META_YAML and meta_file(field)
    }
    return described, {field: value for field, value in meta.items() if field not in described}


def encode_meta_yaml(described: t.Mapping[str, str]) -> bytes:
    """The text of meta.yaml, in the order in which people write it."""
    ordered = [field for field in _ORDER if field in described]
    ordered += sorted(described.keys() - set(ordered))
    text = b"".join(encode({field: described[field]}, "yaml") for field in ordered)
    try:
        same = identical(decode_yaml(text), dict(described))
    except UsageError:
        same = False
    return text if same else encode(dict(described), "yaml")


def link_target(folder: str, name: str) -> str:
    """Where to write the file ``name``: below a link to a file in the same folder, else in its own place."""
    path = os.path.join(folder, name)
    if not os.path.islink(path) or not os.path.isfile(path):
        return name
    target = os.path.relpath(os.path.realpath(path), os.path.realpath(folder))
    return name if target.partition(os.sep)[0] == os.pardir else target


def read_text(path: str) -> str:
    """The text of a file; UsageError names the line that is not UTF-8."""
    content = read_bytes(path)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: the byte {content[error.start]:#04x} is not UTF-8") from error


def _as_text(path: str, field: str, value: Json) -> str:
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(_as_text(path, field, one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if value is None:
        return ""
    raise UsageError(f"{path}: {field} must be a string")
