# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of processor architectures."""

from __future__ import annotations

_ALIASES = {
    "x86_64": "amd64", "i386": "386", "i486": "386", "i686": "386", "x86": "386", "aarch64": "arm64",
    "armv8": "arm64", "arm32": "arm", "armv7": "arm", "armv7l": "arm", "power": "ppc64", "power8": "ppc64",
    "power9": "ppc64le", "s390": "s390x",
}  # fmt: skip
_CANONICAL = {
    "amd64",
    "386",
    "arm",
    "arm64",
    "ppc64",
    "ppc64le",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "s390x",
}


def canonical(arch: str) -> str:
    """The canonical name; an empty text when the architecture is unknown."""
    return arch if arch in _CANONICAL else _ALIASES.get(arch.lower(), "")


def arch_problem(arch: str) -> str:
    """Why it is not a canonical name, or an empty text."""
    name = canonical(arch)
    if name == arch:
        return ""
    return f"Please use {name} for Arch instead of {arch}" if name else f"Unknown architecture {arch}"
