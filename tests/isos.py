# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny ISO images to boot from."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import pycdlib


@dataclasses.dataclass(frozen=True)
class Image:
    path: Path
    size: int
    sha256: str


def make_iso(path: Path, mark: str = "", kernel: str = "vmlinuz", initrd: str = "initrd.img") -> Image:
    """An image with a kernel and an initrd; another ``mark`` gives an image of another content."""
    iso = pycdlib.PyCdlib()
    iso.new(rock_ridge="1.09", vol_ident="TINY")
    for number, (name, text) in enumerate(((kernel, f"kernel {mark}"), (initrd, f"initrd {mark}"))):
        content = text.encode()
        iso.add_fp(io.BytesIO(content), len(content), f"/F{number}.;1", rr_name=name)
    iso.write(str(path))
    iso.close()
    content = path.read_bytes()
    return Image(path, len(content), hashlib.sha256(content).hexdigest())
