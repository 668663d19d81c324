# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Debian system as a folder: made once, kept outside the repository, copied for each run."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from patience import LIMIT

SUITE = "bookworm"
PACKAGES = ("systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "iproute2")
TOOLS = ("debootstrap", "systemd-nspawn", "ssh", "ssh-keygen")
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
_RECIPE = hashlib.sha256(repr((SUITE, PACKAGES)).encode()).hexdigest()[:12]


class Unsupported(Exception):
    """This machine cannot do it; the text says why."""


def place() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "digitalrebar-e2e" / f"{SUITE}-{_RECIPE}"


def require_tools() -> None:
    if os.geteuid() != 0:
        raise Unsupported("it needs root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise Unsupported(
            f"{', '.join(missing)} not found (Debian: debootstrap systemd-container openssh-client)"
        )


def tree() -> Path:
    """The cached system; made if need be, which takes a minute and a Debian mirror."""
    require_tools()
    final = place()
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=".making-") as folder:
        new = Path(folder) / "tree"
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(PACKAGES)}",
            SUITE,
            str(new),
            MIRROR,
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=2 * LIMIT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unsupported(f"debootstrap from {MIRROR} took more than 400 s") from None
        if done.returncode:
            last = (done.stdout + done.stderr).strip().splitlines()[-1:]
            raise Unsupported(f"debootstrap from {MIRROR} failed: {' '.join(last)}")
        shutil.rmtree(new / "var/cache/apt/archives", ignore_errors=True)
        try:
            new.rename(final)
        except OSError:
            if not final.is_dir():  # else somebody else was quicker
                raise
    return final
