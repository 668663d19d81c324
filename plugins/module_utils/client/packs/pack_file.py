# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A content pack in one file, YAML or JSON, and values as texts that read back exactly."""

from __future__ import annotations

import functools
import json
import os
import re
import typing as t

from ..errors import UsageError
from ..files.local import read_local
from ..files.staging import replace_file
from ..formats import decode_yaml
from ..third_party import require_packages, yaml
from .pack import Json, Pack, validated_pack

SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}

# Line breaks of which a block would make plain ones.
_UNUSUAL_LINE_BREAKS = re.compile("[\r\x85\u2028\u2029]")
# What Go's YAML takes for a number, a boolean or a time though PyYAML does not.
_AMBIGUOUS_SCALAR = re.compile(r"[-+.]*[0-9][-+.0-9_eExXoObBa-fA-FtTzZ: ]*|[yYnN]")


def format_of_file(path: str) -> str | None:
    """``yaml`` or ``json`` by the suffix of a file name; None for any other."""
    return SUFFIXES.get(os.path.splitext(path)[1])


def read_pack(path: str) -> Pack:
    """The pack in a file; UsageError names the file, and line and column of what cannot be read."""
    return validated_pack(decode_file(path), path)


def write_pack(pack: Pack, path: str) -> None:
    """Write a pack to a file whose suffix says how; whole or not at all.  Raises UsageError."""
    form = format_of_file(path)
    if form is None:
        raise UsageError(f"{path}: the name of a pack file must end in .yaml, .yml or .json")
    replace_file(path, encode(validated_pack(pack, path), form))


def decode_file(path: str) -> Json:
    """What a YAML or JSON file says; UsageError names the file, the line, and what is wrong there."""
    content = read_bytes(path)
    try:
        return decode_yaml(content, source=path)
    except UsageError as error:
        cause = error.__cause__
        if not isinstance(cause, yaml.reader.ReaderError):
            raise
        line = content.count(b"\n", 0, cause.position) + 1
        what = f"the character {cause.character:#04x} is not allowed ({cause.reason})"
        raise UsageError(f"Cannot read {path}, line {line}: {what}") from cause


def read_bytes(path: str) -> bytes:
    """The content of a file; UsageError when it cannot be read."""
    try:
        return read_local(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def encode(value: Json, form: str) -> bytes:
    """``value`` as ``yaml`` or ``json`` text from which :func:`.formats.decode_yaml` makes the same again.

    What YAML cannot hold is written as JSON, which every reader of YAML takes.
    """
    if form == "yaml":
        require_packages("PyYAML")
        text: str = yaml.dump(
            value,
            Dumper=_dumper(),
            sort_keys=True,
            allow_unicode=True,
            default_flow_style=False,
            width=1 << 20,
        )
        if _round_trips(text, value):
            return text.encode()
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _round_trips(text: str, value: Json) -> bool:
    try:
        return identical(decode_yaml(text.encode()), value)
    except UsageError:
        return False


def identical(one: Json, two: Json) -> bool:
    """Equality to the type: neither true nor 1.0 is 1."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(identical(one[name], two[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(two) and all(map(identical, one, two))
    return bool(one == two)


@functools.lru_cache(maxsize=1)
def _dumper() -> t.Any:
    """Texts of several lines as blocks, and quotes around what another reader may take for no text."""
    base: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]
        def ignore_aliases(self, _data: Json) -> bool:
            return True

    def text(dumper: t.Any, value: str) -> t.Any:
        style = '"' if _UNUSUAL_LINE_BREAKS.search(value) else "|" if "\n" in value else None
        if _AMBIGUOUS_SCALAR.fullmatch(value):
            style = "'"
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper
