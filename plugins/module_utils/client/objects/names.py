# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How long names may be: a v3.12 server keeps each object in a file that is called like it."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from .. import features
from ..client import Client
from ..errors import UsageError

_MAX_BYTES: t.Mapping[str, int] = {"profiles": 236, "plugins": 237}
"""They have a second file, with a key for their secure params."""
_MAX_OTHERS = 245
_NO_FILE_OF_THAT_NAME = ("machines", "jobs", "leases", "reservations")
"""Their files are called by a UUID or an address."""
_MAX_PACK_FILE = 250
_NOT_IN_PACK_FILE = re.compile(r"[%?\x00-\x1f]")
"""The server takes the file's path for a URL."""


def stored_length(name: str) -> int:
    """Bytes of the name as a part of a file name: a space is one, a slash or a byte beyond ASCII three."""
    return len(urllib.parse.quote_plus(name))


def require_short_name(client: Client, kind: str, name: str, label: str) -> None:
    """UsageError for the name of a new object that the server cannot store.  A v4 server is not asked."""
    if kind in _NO_FILE_OF_THAT_NAME:
        return
    length, limit = stored_length(name), _MAX_BYTES.get(kind, _MAX_OTHERS)
    if length > limit and not client.has_feature(features.V4.flag):
        raise UsageError(
            f"{label}: the name is too long: on this server, names of {kind} have at most {limit} bytes, and "
            f"this one has {length} (a slash counts as 3, as does each byte of a character beyond ASCII). "
            "Choose a shorter name"
        )


def require_storable_pack_name(client: Client, name: str, version: str) -> None:
    """UsageError for a content pack that the server cannot store, or could never read or remove again.

    Its file is called by name and version.  A v4 server is not asked.
    """
    if client.has_feature(features.V4.flag):
        return
    if "/" in name:
        raise UsageError(
            f"content pack {name}: the name must not contain a slash: this server would store the pack, but "
            "could neither read nor remove it. Choose another name"
        )
    if _NOT_IN_PACK_FILE.search(name + version):
        raise UsageError(
            f"content pack {name}: this server cannot store a pack whose name or version contains %, ? or "
            "control characters. Choose another one"
        )
    length = len(f"{name}-{version}.yaml".encode())
    if length > _MAX_PACK_FILE:
        raise UsageError(
            f"content pack {name}: name and version are too long: on this server, they have at most "
            f"{_MAX_PACK_FILE - len('-.yaml')} bytes together, and these have {length - len('-.yaml')}. "
            "Choose a shorter name or version"
        )
