# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``build.py FOLDER``: the collection's archive, with the same bytes for the same sources.

ansible-galaxy decides what is in it; it also writes the time of the build, the modes of the files here and
the order of the folder into it, and those are taken out again.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(sys.executable).with_name("ansible-galaxy")
_EPOCH = 1577836800  # 2020: some tools dislike 1970
_ROOTS = ("MANIFEST.json", "FILES.json")


def build(target: Path, source: Path = ROOT) -> Path:
    """Build into the folder ``target``; the archive."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(GALAXY), "collection", "build", "--force", "--output-path", folder, str(source)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        (made,) = Path(folder).glob("*.tar.gz")
        target.mkdir(parents=True, exist_ok=True)
        final = target / made.name
        final.write_bytes(normal(made))
    return final


def normal(archive: Path) -> bytes:
    """The archive without what depends on when, where and by whom it was built."""
    plain = io.BytesIO()
    with (
        tarfile.open(archive) as old,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        # galaxy wants its two lists first
        for member in sorted(old, key=lambda entry: (entry.name not in _ROOTS, entry.name)):
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.size, entry.mtime = member.type, member.size, _EPOCH
            entry.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            entry.linkname = member.linkname
            new.addfile(entry, old.extractfile(member) if member.isfile() else None)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped:
        zipped.write(plain.getvalue())
    return packed.getvalue()


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
