# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Uploads the ISOs of one boot environment, and verifies that they were unpacked."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ...client.errors import DrpError, UsageError
from ...client.files import blobs, bootenvs
from ...client.files.boot_trees import BootTree, TreeState
from ...client.objects import layers
from ...converge.task import Result, Task
from ..files.blob import compare
from ..files.progress import ProgressReporter
from .iso_sources import IsoSource
from .shared_isos import OtherBootEnvs
from .unpacking import UnpackVerifier
from .wanted_isos import Iso

Object = dict[str, t.Any]
States = list[tuple[BootTree, TreeState]]


@dataclasses.dataclass
class IsoOutcome:
    """The result of one ISO."""

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
    def properties(self) -> Result:
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
class IsoConverger:
    """The ISOs of ``env``, one after the other; ``outcomes`` grows, also when :meth:`converge` raises."""

    task: Task
    env: Object
    just_saved: bool
    """Whether the bootenv was written a moment ago, on which the server unpacks what lies there."""
    outcomes: list[IsoOutcome] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        options = self.task.options
        self.verifier = UnpackVerifier(self.task.client, options["wait_timeout"], self.task.on_progress)
        self.verify = bool(options["verify"])
        self.other_bootenvs = OtherBootEnvs(self.task.client, self.name)
        self._log_position = 0

    @property
    def name(self) -> str:
        return str(self.env.get("Name"))

    def converge(self, isos: list[Iso]) -> None:
        """Upload what is missing or wrong, and wait until all that was asked for is unpacked."""
        if not isos:
            return
        names = set(blobs.list_blobs(self.task.client, "isos"))
        for iso in isos:
            outcome = IsoOutcome(iso)
            self.outcomes.append(outcome)
            try:
                self._converge_one(outcome, iso.file in names)
            except DrpError:
                outcome.action = outcome.action if outcome.changed else "failed"
                raise
        if self.just_saved or self.other_bootenvs.fetched:
            self.warnings += self.other_bootenvs.warnings(isos)
        self._warn_missing()

    def _warn_missing(self) -> None:
        missing = sorted(outcome.iso.file for outcome in self.outcomes if outcome.action == "missing")
        if missing and (len(missing) == len(self.outcomes) or self.task.options.get("iso_dir")):
            self.warnings.append(
                f"bootenv {self.name}: the server does not have {', '.join(missing)}, without which machines "
                "cannot boot it. Give isos, iso_dir or download: true; or limit the work with arches"
            )

    def _converge_one(self, outcome: IsoOutcome, exists: bool) -> None:
        iso, client = outcome.iso, self.task.client
        source = IsoSource(
            iso, self.task.options, self.task.on_progress, self.task.client.transport.environment
        )
        remote = blobs.stat_blob(client, "isos", iso.file, checksum=True) if exists else None
        outcome.size = outcome.before = remote.size if remote else None
        outcome.source = source.label
        if remote is None and not source.label:
            if self.task.options["download"]:
                raise UsageError(
                    f"bootenv {self.name} has no URL for {iso.file}; set src or url for it in isos"
                )
            outcome.action = "missing"
            return
        states = self.verifier.states(iso) if self.verify else []
        if remote is not None and self._matches(outcome, remote, source, states):
            self._ensure_unpacked(outcome, source, states)
        else:
            self._replace(outcome, remote, source, states)

    # -- what is there

    def _matches(self, outcome: IsoOutcome, remote: blobs.Stat, source: IsoSource, states: States) -> bool:
        """Whether the ISO on the server is the wanted one, by the cheapest thing that proves it."""
        iso, by_content = outcome.iso, self.task.options["compare"] == "content"
        if iso.sha256 and remote.sha256:
            outcome.compared_by = "checksum"
            return remote.sha256 == iso.sha256
        if iso.sha256 and states and all(state.canary == iso.sha256 for _tree, state in states):
            outcome.compared_by = "canary"
            return True
        local = source.local if by_content else source.unchecked
        if local:
            comparison = compare(self.task, "isos", iso.file, remote, local)
            outcome.sha256, outcome.compared_by = local.sha256, comparison.by
            return comparison.same
        if iso.sha256 and by_content:
            outcome.compared_by = "content"
            self.task.on_progress(f"reading {iso.file} from the server to check it: {remote.size >> 20} MiB")
            return blobs.digest_of_blob(self.task.client, "isos", iso.file) == iso.sha256
        outcome.compared_by = "name"
        return True

    # -- what is done

    def _ensure_unpacked(self, outcome: IsoOutcome, source: IsoSource, states: States) -> None:
        """The right ISO is there: see to it that its trees are as well."""
        if not self.verify:
            return
        if all(state.is_complete(tree) for tree, state in states):
            outcome.verified = bool(states)
            return
        log_position = 0
        if not all(state.unpacked(tree) for tree, state in states):
            if self._is_read_only():
                self._upload_again(outcome, source, states)
                return
            outcome.action = "unpacked"
            if not self.just_saved and not self.task.check:
                log_position = self.verifier.log_position()
                self._save_again()
        elif not self.task.check:
            # nothing will be unpacked: what the log says is about earlier times
            log_position = self.verifier.log_position()
        if not self.task.check:
            self.verifier.wait(outcome.iso, self.name, log_position)
            outcome.verified = True

    def _is_read_only(self) -> bool:
        """Whether the server refuses to save it: the flag alone may be what a client has sent."""
        return bool(
            self.env.get("ReadOnly") and layers.read_only_layer(self.task.client, "bootenvs", self.env) != ""
        )

    def _upload_again(self, outcome: IsoOutcome, source: IsoSource, states: States) -> None:
        if not source.label:
            raise UsageError(
                f"bootenv {self.name}: the server has {outcome.iso.file} but has not unpacked it. It does "
                "so when the ISO is uploaded again: set isos, iso_dir or download"
            )
        self._replace(outcome, None, source, states)

    def _save_again(self) -> None:
        """Write the bootenv as it is, on which the server unpacks the ISOs that lie there."""
        text = self.env.get("Description") or ""
        guard = {"op": "test", "path": "/Description", "from": "", "value": text}
        self.task.client.patch("bootenvs", self.name, [guard, {**guard, "op": "replace"}])

    def _replace(
        self, outcome: IsoOutcome, remote: blobs.Stat | None, source: IsoSource, states: States
    ) -> None:
        iso = outcome.iso
        if not source.label:
            raise UsageError(
                f"bootenv {self.name}: the {iso.file} on the server does not have the SHA-256 "
                f"{iso.sha256}. Set isos, iso_dir or download to provide the right one"
            )
        self._refuse_stale_tree(iso, remote, states)
        self.other_bootenvs.refuse_collision(iso.file, iso.sha256)
        if self.task.check:
            # a file that is here must be right in check mode, too; a download is not made
            local = source.local
            outcome.size, outcome.sha256 = (local.size, local.sha256) if local else (None, "")
        else:
            self._upload(outcome, source)
        outcome.action = "replaced" if remote else "uploaded"
        if self.verify and not self.task.check:
            self.verifier.wait(iso, self.name, self._log_position)
            outcome.verified = bool(iso.trees)

    def _upload(self, outcome: IsoOutcome, source: IsoSource) -> None:
        file = outcome.iso.file
        with contextlib.ExitStack() as stack:
            local = source.get(stack)
            outcome.source = source.label
            self.other_bootenvs.refuse_collision(file, local.sha256)
            self._log_position = self.verifier.log_position() if self.verify else 0
            progress = ProgressReporter(self.task.on_progress, f"uploading {file}")
            uploaded = bootenvs.upload_iso_for_bootenv(
                self.task.client, local.name, file, progress, local.sha256
            )
        outcome.size, outcome.sha256 = uploaded.size, local.sha256
        if not outcome.iso.trees:
            self.warnings.append(
                f"bootenv {self.name}: it has no Kernel, so the server does not unpack {file} for it"
            )
        self.warnings += uploaded.remarks

    # -- what must not be done

    def _refuse_stale_tree(self, iso: Iso, remote: blobs.Stat | None, states: States) -> None:
        """The server leaves a tree alone whose canary equals the bootenv's checksum, as two empty ones do.

        What lies there instead of the wanted ISO must not be replaced then: the next run would find the
        right ISO and the tree of the old one.
        """
        kept = [tree for tree, state in states if state.unpacked(tree)]
        if not kept or (iso.sha256 and not kept[0].accepts_any_kernel):
            return
        message = (
            f"bootenv {self.name}: the server would not unpack {iso.file} into /{kept[0].folder} again, "
        )
        if kept[0].accepts_any_kernel:
            message += "because it keeps an existing kernel; remove that tree, or use another OS.Name"
        else:
            message += (
                "because without a checksum in the bootenv it cannot detect that the ISO has changed; "
                "set sha256 in isos, or in the spec"
            )
        if remote is not None:
            raise UsageError(message)
        self.warnings.append(message)
