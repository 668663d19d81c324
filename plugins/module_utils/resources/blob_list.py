# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The files and the ISOs of a server, with what it says of each."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ..client.client import Client
from ..client.files import blobs

Entry = dict[str, t.Any]

_WORKERS = 6


def described(client: Client, kind: str, folder: str, recurse: bool, checksum: bool) -> list[Entry]:
    """All blobs below ``folder``, by path; one that goes away meanwhile is left out.

    With ``checksum`` the content is read where the server does not know its SHA-256.  NotFound when there is
    no such folder.
    """
    paths = sorted(_paths(client, kind, folder.strip("/"), recurse))
    with concurrent.futures.ThreadPoolExecutor(_WORKERS) as pool:
        entries = pool.map(lambda path: _entry(client, kind, path, checksum), paths)
        return [entry for entry in entries if entry]


def _paths(client: Client, kind: str, folder: str, recurse: bool) -> t.Iterator[str]:
    for name in blobs.list_blobs(client, kind, folder):
        path = f"{folder}/{name}" if folder else name
        if not name.endswith("/"):
            yield path
        elif recurse:
            yield from _paths(client, kind, path.rstrip("/"), recurse)


def _entry(client: Client, kind: str, path: str, checksum: bool) -> Entry | None:
    stat = blobs.stat_blob(client, kind, path, checksum)
    if stat is None:
        return None
    sha256 = stat.sha256 or (blobs.digest_of_blob(client, kind, path) if checksum else "")
    known = {"sha256": sha256} if sha256 else {}
    return {"path": path, "size": stat.size, "modified": stat.modified, **known}
