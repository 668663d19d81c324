# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench.transfer WAY FILE OPTIONS``: one transfer in a process of its own, whose memory counts.

Prints its seconds and its peak memory in MiB as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs, uploads
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.side_digest import (
    SideDigest,
)

NAME = "bench.bin"


def upload(client: Client, path: str) -> None:
    with open(path, "rb") as file:
        uploads.upload(client, "files", NAME, uploads.Source(file))


def hash_and_upload(client: Client, path: str) -> None:
    with open(path, "rb") as file:
        source = uploads.Source(file)
        source.digest()
        uploads.upload(client, "files", NAME, source)


def upload_hashed(client: Client, path: str) -> None:
    with open(path, "rb") as file, SideDigest() as digest:
        uploads.upload(client, "files", NAME, uploads.Source(file, digest=digest))


def download(client: Client, path: str) -> None:
    with open(path, "wb") as file:
        blobs.get_blob(client, "files", NAME, file)


def save(client: Client, path: str) -> None:
    blobs.save_blob(client, "files", NAME, path)


WAYS: dict[str, Callable[[Client, str], None]] = {
    "upload": upload,
    "upload_hashed": upload_hashed,
    "hash_and_upload": hash_and_upload,
    "download": download,
    "save": save,
}


def main(way: str, path: str, options: str) -> None:
    given: dict[str, Any] = json.loads(options)
    with settings.connect(settings.resolve(given, {})) as client:
        client.token()
        start = time.perf_counter()
        WAYS[way](client, path)
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": _peak() / 1024}))


def _peak() -> int:
    """KiB; not getrusage, which also counts what the parent had when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
