# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Brings the ISOs of one boot environment onto the server, and proves that they were unpacked."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ...client.errors import DrpError, UsageError
from ...client.files import blobs, bootenvs
from ...client.files.boot_trees import BootTree, TreeState
from ...converge.task import Result, Task
from ..files.blob import compare
from ..files.progress import Meter
from .iso_sources import IsoSource
from .shared_isos import Neighbours
from .unpacking import Prover
from .wanted_isos import Iso

Object = dict[str, t.Any]
States = list[tuple[BootTree, TreeState]]


@dataclasses.dataclass
class Entry:
    """What became of one ISO."""

    iso: Iso
    action: str = "unchanged"
    """``uploaded``, ``replaced``, ``unpacked`` (only its tree was missing), ``unchanged``, ``missing``; or
    ``failed``, when nothing was done for it."""
    compared_by: str = ""
    size: int | None = None
    before: int | None = None
    sha256: str = ""
    source: str = ""
    verified: bool = False

    @property
    def changed(self) -> bool:
        return self.action in ("uploaded", "replaced", "unpacked")

    @property
    def facts(self) -> Result:
        return {
            "file": self.iso.file,
            "arches": list(self.iso.arches),
            "action": self.action,
            "compared_by": self.compared_by,
            "size": self.size,
            "sha256": self.sha256 or self.iso.sha256,
            "source": self.source,
            "verified": self.verified,
        }


@dataclasses.dataclass
class Isos:
    """The ISOs of ``env``, one after the other; ``entries`` grows, also when :meth:`settle` raises."""

    task: Task
    env: Object
    just_saved: bool
    """Whether the bootenv was written a moment ago, on which the server unpacks what lies there."""
    entries: list[Entry] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        options = self.task.options
        self.prover = Prover(self.task.client, options["wait_timeout"], self.task.progress)
        self.verify = bool(options["verify"])
        self.neighbours = Neighbours(self.task.client, self.name)
        self._mark = 0

    @property
    def name(self) -> str:
        return str(self.env.get("Name"))

    def settle(self, isos: list[Iso]) -> None:
        """Upload what is missing or wrong, and wait until all that was asked for is unpacked."""
        if not isos:
            return
        names = set(blobs.list_blobs(self.task.client, "isos"))
        for iso in isos:
            entry = Entry(iso)
            self.entries.append(entry)
            try:
                self._settle(entry, iso.file in names)
            except DrpError:
                entry.action = entry.action if entry.changed else "failed"
                raise
        if self.just_saved or self.neighbours.known:
            self.warnings += self.neighbours.warnings(isos)
        self._tell_missing()

    def _tell_missing(self) -> None:
        missing = [entry.iso.file for entry in self.entries if entry.action == "missing"]
        if missing and (len(missing) == len(self.entries) or self.task.options.get("iso_dir")):
            self.warnings.append(
                f"bootenv {self.name}: the server does not have {', '.join(missing)}, without which machines "
                "cannot boot it. Give isos, iso_dir or download: true; or limit the work with arches"
            )

    def _settle(self, entry: Entry, is_there: bool) -> None:
        iso, client = entry.iso, self.task.client
        source = IsoSource(iso, self.task.options, self.task.progress)
        there = blobs.stat_blob(client, "isos", iso.file, checksum=True) if is_there else None
        entry.size = entry.before = there.size if there else None
        entry.source = source.label
        if there is None and not source.label:
            if self.task.options["download"]:
                raise UsageError(f"bootenv {self.name} has no URL for {iso.file}; say with isos where it is")
            entry.action = "missing"
            return
        states = self.prover.states(iso) if self.verify else []
        if there is not None and self._is_right(entry, there, source, states):
            self._unpack(entry, source, states)
        else:
            self._replace(entry, there, source, states)

    # -- what is there

    def _is_right(self, entry: Entry, there: blobs.Stat, source: IsoSource, states: States) -> bool:
        """Whether the ISO on the server is the wanted one, by the cheapest thing that proves it."""
        iso, by_content = entry.iso, self.task.options["compare"] == "content"
        if iso.sha256 and there.sha256:
            entry.compared_by = "checksum"
            return there.sha256 == iso.sha256
        if iso.sha256 and states and all(state.canary == iso.sha256 for _tree, state in states):
            entry.compared_by = "canary"
            return True
        local = source.local if by_content else source.unchecked
        if local:
            verdict = compare(self.task, "isos", iso.file, there, local)
            entry.sha256, entry.compared_by = local.sha256, verdict.by
            return verdict.same
        if iso.sha256 and by_content:
            entry.compared_by = "content"
            self.task.progress(f"reading {iso.file} from the server to check it: {there.size >> 20} MiB")
            return blobs.digest_of_blob(self.task.client, "isos", iso.file) == iso.sha256
        entry.compared_by = "name"
        return True

    # -- what is done

    def _unpack(self, entry: Entry, source: IsoSource, states: States) -> None:
        """The right ISO is there: see to it that its trees are as well."""
        if not self.verify:
            return
        if all(state.proves(tree) for tree, state in states):
            entry.verified = bool(states)
            return
        mark = 0
        if not all(state.unpacked(tree) for tree, state in states):
            if self.env.get("ReadOnly"):
                self._upload_again(entry, source, states)
                return
            entry.action = "unpacked"
            if not self.just_saved and not self.task.check:
                mark = self.prover.log_mark()
                self._save_again()
        if not self.task.check:
            self.prover.wait(entry.iso, self.name, mark)
            entry.verified = True

    def _upload_again(self, entry: Entry, source: IsoSource, states: States) -> None:
        if not source.label:
            raise UsageError(
                f"bootenv {self.name}: the server has {entry.iso.file} and has not unpacked it. It does that "
                "when the ISO is uploaded again: say with isos, iso_dir or download where it is"
            )
        self._replace(entry, None, source, states)

    def _save_again(self) -> None:
        """Write the bootenv as it is, on which the server unpacks the ISOs that lie there."""
        text = self.env.get("Description") or ""
        guard = {"op": "test", "path": "/Description", "from": "", "value": text}
        self.task.client.patch("bootenvs", self.name, [guard, {**guard, "op": "replace"}])

    def _replace(self, entry: Entry, there: blobs.Stat | None, source: IsoSource, states: States) -> None:
        iso = entry.iso
        if not source.label:
            raise UsageError(
                f"bootenv {self.name}: the {iso.file} on the server is not the one with the SHA-256 "
                f"{iso.sha256}. Say with isos, iso_dir or download where the right one is"
            )
        self._refuse_stale(iso, there, states)
        self.neighbours.refuse_collision(iso.file, iso.sha256)
        if self.task.check:
            # a file that is here must be right in check mode, too; a download is not made
            local = source.local
            entry.size, entry.sha256 = (local.size, local.sha256) if local else (None, "")
        else:
            self._upload(entry, source)
        entry.action = "replaced" if there else "uploaded"
        if self.verify and not self.task.check:
            self.prover.wait(iso, self.name, self._mark)
            entry.verified = bool(iso.trees)

    def _upload(self, entry: Entry, source: IsoSource) -> None:
        file = entry.iso.file
        with contextlib.ExitStack() as stack:
            local = source.get(stack)
            entry.source = source.label
            self.neighbours.refuse_collision(file, local.sha256)
            self._mark = self.prover.log_mark() if self.verify else 0
            meter = Meter(self.task.progress, f"uploading {file}")
            uploaded = bootenvs.upload_iso_for_bootenv(
                self.task.client, local.name, file, meter, local.sha256
            )
        entry.size, entry.sha256 = uploaded.size, local.sha256
        if not entry.iso.trees:
            self.warnings.append(
                f"bootenv {self.name}: it has no Kernel, so that the server does not unpack {file} for it"
            )
        self.warnings += uploaded.remarks

    # -- what must not be done

    def _refuse_stale(self, iso: Iso, there: blobs.Stat | None, states: States) -> None:
        """The server leaves a tree alone whose canary equals the bootenv's checksum, as two empty ones do.

        What lies there instead of the wanted ISO must not be replaced then: the next run would find the
        right ISO and the tree of the old one.
        """
        kept = [tree for tree, state in states if state.unpacked(tree)]
        if not kept or (iso.sha256 and not kept[0].keeps_kernel):
            return
        told = f"bootenv {self.name}: the server would not unpack {iso.file} into /{kept[0].folder} again, "
        if kept[0].keeps_kernel:
            told += "because it keeps any kernel that is there; remove that tree, or use another OS.Name"
        else:
            told += (
                "because without a checksum in the bootenv it cannot tell that the ISO is another one; "
                "give its sha256 in isos, or in the spec"
            )
        if there is not None:
            raise UsageError(told)
        self.warnings.append(told)
