# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Which ISOs a boot environment names, and what the user says about each: where it is, what it must be."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t
import urllib.parse

from ...client.errors import UsageError
from ...client.files.blobs import blob_path
from ...client.files.boot_trees import BootTree, canonical_arch, trees_of
from ...client.files.bootenvs import checksum_of, isos_of
from ...client.files.download import normalize_checksum

Object = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class IsoOption:
    """An entry of the option ``isos``."""

    file: str = ""
    arch: str = ""
    src: str = ""
    url: str = ""
    sha256: str = ""

    @classmethod
    def of(cls, entry: t.Mapping[str, t.Any]) -> IsoOption:
        given = {name: str(value) for name, value in entry.items() if value}
        if "arch" in given:
            given["arch"] = canonical_arch(given["arch"])
        if "sha256" in given:
            given["sha256"] = normalize_checksum(given["sha256"])
        return cls(**given)

    @property
    def label(self) -> str:
        return self.file or self.arch or self.src or self.url or "the entry"

    @property
    def source_file_name(self) -> str:
        """What the file is called where it comes from."""
        return posixpath.basename(self.src or urllib.parse.unquote(urllib.parse.urlsplit(self.url).path))


@dataclasses.dataclass(frozen=True)
class Iso:
    """An ISO that a boot environment names, with what is wished of it."""

    file: str
    url: str
    sha256: str
    """What it must have, as the boot environment or the user says; "" when neither does."""
    arches: tuple[str, ...]
    trees: tuple[BootTree, ...]
    """What the server unpacks it into; nothing where the boot environment has no kernel for it."""
    option: IsoOption = IsoOption()


def isos_for(env: Object, iso_options: t.Sequence[IsoOption], arches: t.Sequence[str] = ()) -> list[Iso]:
    """The ISOs of a boot environment, of some architectures or of all, in the order of their names.

    Raises UsageError for an entry that fits none or several, for two entries for one file, for a checksum
    that contradicts the boot environment's, and for a name that cannot be an ISO's.
    """
    trees = trees_of(env)
    found: dict[str, Iso] = {}
    for file, url in isos_of(env).items():
        ours = tuple(tree for tree in trees if tree.iso == file)
        named = tuple(dict.fromkeys(_arches_of(env, file)))
        found[blob_path("isos", file)] = Iso(file, url, checksum_of(env, file), named, ours)
    for option in iso_options:
        iso = _iso_for_option(env, option, list(found.values()))
        if iso.option != IsoOption():
            raise UsageError(f"isos: {iso.option.label} and {option.label} both refer to {iso.file}")
        if option.sha256 and iso.sha256 not in ("", option.sha256):
            raise UsageError(
                f"isos: the SHA-256 {option.sha256} given for {iso.file} is not that of bootenv "
                f"{env.get('Name')}, {iso.sha256}"
            )
        found[iso.file] = dataclasses.replace(iso, option=option, sha256=iso.sha256 or option.sha256)
    wanted = {canonical_arch(arch) for arch in arches}
    unknown = wanted - {arch for iso in found.values() for arch in iso.arches}
    if unknown:
        raise UsageError(f"arches: bootenv {env.get('Name')} has no ISO for {', '.join(sorted(unknown))}")
    chosen = [iso for iso in found.values() if not wanted or wanted & set(iso.arches)]
    return sorted(chosen, key=lambda iso: iso.file)


def with_checksums(system: dict[str, t.Any], isos: t.Iterable[Iso]) -> dict[str, t.Any]:
    """The OS member of a boot environment, with the checksums that the user gave and that it lacks.

    A server that knows the checksum refuses another ISO, and unpacks a changed one.
    """
    sums = {iso.file: iso.sha256 for iso in isos if iso.option.sha256}
    filled = dict(system)
    if filled.get("IsoFile") in sums and not filled.get("IsoSha256"):
        filled["IsoSha256"] = sums[filled["IsoFile"]]
    if filled.get("SupportedArchitectures"):
        filled["SupportedArchitectures"] = {
            arch: {**info, "Sha256": sums[info["IsoFile"]]}
            if info.get("IsoFile") in sums and not info.get("Sha256")
            else info
            for arch, info in filled["SupportedArchitectures"].items()
        }
    return filled


def _arches_of(env: Object, file: str) -> t.Iterator[str]:
    system = env.get("OS") or {}
    if system.get("IsoFile") == file:
        yield "amd64"
    for arch, info in (system.get("SupportedArchitectures") or {}).items():
        if info.get("IsoFile") == file:
            yield canonical_arch(arch)


def _iso_for_option(env: Object, option: IsoOption, isos: list[Iso]) -> Iso:
    """The one ISO that an entry of ``isos`` selects."""
    fits = [
        iso
        for iso in isos
        if option.file in ("", iso.file) and (not option.arch or option.arch in iso.arches)
    ]
    if len(fits) > 1:
        fits = [iso for iso in fits if iso.file == option.source_file_name]
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(f"{iso.file} ({', '.join(iso.arches)})" for iso in isos) or "none"
    raise UsageError(
        f"isos: {option.label} does not select one ISO of bootenv {env.get('Name')}. Set file or "
        f"arch. ISOs of the bootenv: {names}"
    )
