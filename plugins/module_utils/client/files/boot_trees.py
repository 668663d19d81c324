# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a server makes of the ISOs that a boot environment names: unpacked trees, seen from the static port.

The API does not report whether unpacking worked. The tree does: the server writes a canary into it,
last of all, that holds the SHA-256 which the boot environment had for the ISO.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..client import Client
from ..errors import ApiError, NotFound, UsageError
from ..transport import Answer
from . import blobs

Object = t.Mapping[str, t.Any]

_ARCH_ALIASES = {
    "x86_64": "amd64",
    "x86": "386",
    "i386": "386",
    "i486": "386",
    "i686": "386",
    "aarch64": "arm64",
    "armv8": "arm64",
    "arm32": "arm",
    "armv7": "arm",
    "armv7l": "arm",
    "power": "ppc64",
    "power8": "ppc64",
    "power9": "ppc64le",
    "s390": "s390x",
}
_FIRST_BYTE_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "Range": "bytes=0-0"}
_NO_SUCH_RANGE = 416
_MAX_CANARY_BYTES = 4096


def canonical_arch(arch: str) -> str:
    """The server's name of an architecture: ``amd64`` for ``x86_64``; others come back as they are."""
    return _ARCH_ALIASES.get(arch.lower(), arch)


@dataclasses.dataclass(frozen=True)
class BootTree:
    """The tree of one architecture, unpacked from one ISO."""

    arch: str
    iso: str
    url: str
    sha256: str
    """What the ISO must have; "" when the boot environment does not say."""
    folder: str
    canary: str
    files: tuple[str, ...]
    """The kernel and the initrds, which the ISO must bring."""
    accepts_any_kernel: bool = False
    """Whether the server takes any kernel that is there for good and asks no further."""


@dataclasses.dataclass(frozen=True)
class TreeState:
    """What of a tree is there."""

    canary: str | None
    """The SHA-256 that was unpacked, in the server's words; None when no unpacking has come to its end."""
    missing: tuple[str, ...]

    def is_complete(self, tree: BootTree) -> bool:
        """Whether the ISO that the boot environment asks for was unpacked, with all it is needed for."""
        if self.missing:
            return False
        return self.unpacked(tree)

    def unpacked(self, tree: BootTree) -> bool:
        """Whether the server sees nothing to do: it never unpacks over a canary with the wanted checksum."""
        return self.canary == tree.sha256 or (tree.accepts_any_kernel and tree.files[:1] != self.missing[:1])

    def is_empty(self, tree: BootTree) -> bool:
        """Whether an unpacking has come to its end and left nothing, as with an ISO that cannot be read."""
        return self.unpacked(tree) and bool(tree.files) and self.missing == tree.files

    def problem(self, tree: BootTree) -> str:
        """Why the tree does not prove the unpacking, as a message."""
        if self.canary is None:
            return f"no ISO has been unpacked into /{tree.folder}"
        if not self.unpacked(tree):
            return f"/{tree.folder} was unpacked from an ISO with the SHA-256 {self.canary or '(not known)'}"
        return f"/{tree.folder} was unpacked, but has no {' and no '.join(self.missing)}"


def trees_of(env: Object) -> list[BootTree]:
    """One tree per architecture of a boot environment that names an ISO and a kernel."""
    system = env.get("OS") or {}
    found = []
    if env.get("Kernel") and system.get("IsoFile"):
        found.append(_tree(env, "amd64", system, system.get("IsoSha256"), env))
    for arch, info in (system.get("SupportedArchitectures") or {}).items():
        if info.get("IsoFile"):
            found.append(_tree(env, canonical_arch(arch), info, info.get("Sha256"), info))
    return found


def tree_state(client: Client, tree: BootTree) -> TreeState:
    """The state of a tree.  Raises UsageError when the static port is off, ConnectionFailed without it."""
    try:
        answer = blobs.static_file(client, tree.canary)
        canary: str | None = _start_of(answer).decode("utf-8", "replace").strip()
    except NotFound:
        canary = None
    missing = tuple(name for name in tree.files if not _has_content(client, f"{tree.folder}/{name}"))
    return TreeState(canary, missing)


def _start_of(answer: Answer) -> bytes:
    found = b""
    for piece in answer.chunks():
        found += piece
        if len(found) >= _MAX_CANARY_BYTES:
            break
    return found[:_MAX_CANARY_BYTES]


def _tree(env: Object, arch: str, iso: Object, sha256: str | None, boot: Object) -> BootTree:
    name = str((env.get("OS") or {}).get("Name") or "")
    if not name:
        raise UsageError(f"bootenv {env.get('Name')}: OS.Name must be set, or its ISO cannot be unpacked")
    folder = name if arch == "amd64" else f"{name}/{arch}"
    if str(env.get("Name")).endswith("-install"):
        folder += "/install"
    files = [boot.get("Kernel"), *(boot.get("Initrds") or [])]
    return BootTree(
        arch=arch,
        iso=str(iso["IsoFile"]),
        url=str(iso.get("IsoUrl") or ""),
        sha256=str(sha256 or "").lower(),
        folder=folder,
        canary=f"{folder}/.{name.replace('/', '_')}.rebar_canary",
        files=tuple(str(file) for file in files if file and "://" not in str(file)),
        accepts_any_kernel=name == "sledgehammer",
    )


def _has_content(client: Client, path: str) -> bool:
    """Whether the file has content: an empty one is being unpacked, and has no first byte to ask for."""
    try:
        answer = blobs.static_file(client, path, _FIRST_BYTE_HEADERS)
    except NotFound:
        return False
    except ApiError as error:
        if error.code == _NO_SUCH_RANGE:
            return False
        raise
    answer.raw.close()
    return answer.headers.get("Content-Length") != "0"
