# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Where an ISO comes from: a file that is here, or the web."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import tempfile
import typing as t

from ...client.files import download
from ...client.http.environment import Environment
from ...converge.task import Options
from ..files.blob import LocalContent, checked_local, unchecked_local
from ..files.progress import ProgressReporter
from .wanted_isos import Iso


@dataclasses.dataclass
class IsoSource:
    """The source of one ISO, from ``src``, ``url``, ``iso_dir`` and ``download``, in this order."""

    iso: Iso
    options: Options
    on_progress: t.Callable[[str], None]
    environment: Environment
    """Of the task: how the web is reached."""

    @property
    def label(self) -> str:
        """The path or the URL, without its secrets; "" without a source."""
        return self._path or download.redacted_url(self._url)

    @functools.cached_property
    def local(self) -> LocalContent | None:
        """The file that is here, with its checksum, which is the wanted one; None without such a file.

        Raises UsageError for the wrong file, unless it lies in ``iso_dir`` and can be downloaded anew.
        """
        if not self._path:
            return None
        replaceable = self._url and not self.iso.option.src
        if replaceable and self.iso.sha256:
            found = checked_local(self._path)
            return found if found.sha256 == self.iso.sha256 else None
        return checked_local(self._path, self.iso.sha256)

    @property
    def unchecked(self) -> LocalContent | None:
        """The same for whom a size is enough; nothing is read unless a checksum is wanted."""
        return self.local if self.iso.sha256 or not self._path else unchecked_local(self._path)

    def get(self, stack: contextlib.ExitStack) -> LocalContent:
        """The ISO as a verified file, downloaded if need be; a temporary one goes with ``stack``."""
        if self.local:
            return self.local
        folder = self.options.get("iso_dir") or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="drp-iso-")
        )
        target = os.path.join(folder, self.iso.file)
        self._path = ""  # what may be there is not what is wanted
        got = download.fetch(
            self._url,
            target,
            self.iso.sha256 or None,
            self.options["download_validate_certs"],
            self.options.get("download_ca_path"),
            check_content=_reject_html,
            environment=self.environment,
            progress=ProgressReporter(self.on_progress, f"downloading {self.iso.file}"),
        )
        return LocalContent(target, got.size, got.sha256)

    @functools.cached_property
    def _path(self) -> str:
        if self.iso.option.src:
            return self.iso.option.src
        folder = self.options.get("iso_dir")
        path = os.path.join(folder, self.iso.file) if folder else ""
        return path if os.path.isfile(path) else ""

    @property
    def _url(self) -> str:
        return self.iso.option.url or (self.iso.url if self.options["download"] else "")


def _reject_html(content_type: str, start: bytes) -> str:
    return "it is a web page, not an ISO" if download.is_html(content_type, start) else ""
