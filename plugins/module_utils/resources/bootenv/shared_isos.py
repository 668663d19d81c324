# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The other boot environments of a server, which share the names of ISOs and of trees with ours."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ...client.client import Client
from ...client.errors import UsageError
from ...client.files.boot_trees import trees_of
from ...client.files.bootenvs import checksum_of
from .wanted_isos import Iso

Object = dict[str, t.Any]


@dataclasses.dataclass
class OtherBootEnvs:
    """All boot environments but ``name``; they are read when they are first needed."""

    client: Client
    name: str

    @property
    def fetched(self) -> bool:
        return "others" in vars(self)

    @functools.cached_property
    def others(self) -> list[Object]:
        return [env for env in self.client.list("bootenvs") if env.get("Name") != self.name]

    def refuse_collision(self, file: str, sha256: str) -> None:
        """UsageError when another one calls a different ISO by the same name.

        They would take turns in breaking each other: the server keeps one ISO of a name.
        """
        message = self._collision(file, sha256)
        if message:
            raise UsageError(
                f"isos: {message}. The server can have only one of them; rename yours in the spec"
            )

    def warnings(self, isos: t.Iterable[Iso]) -> list[str]:
        """What will go wrong some day: ISOs of one name, and trees into which different ISOs are unpacked."""
        found = [self._collision(iso.file, iso.sha256) for iso in isos]
        ours = {tree.folder: tree for iso in isos for tree in iso.trees}
        for other in self.others:
            with contextlib.suppress(UsageError):
                for theirs in trees_of(other):
                    mine = ours.get(theirs.folder)
                    if mine and (mine.iso, mine.sha256) != (theirs.iso, theirs.sha256):
                        found.append(
                            f"bootenv {self.name} and bootenv {other['Name']} unpack different ISOs "
                            f"({mine.iso} and {theirs.iso}) into /{mine.folder}; give them different OS names"
                        )
        return [message for message in dict.fromkeys(found) if message]

    def _collision(self, file: str, sha256: str) -> str:
        for other in self.others if sha256 else ():
            with contextlib.suppress(UsageError):
                theirs = checksum_of(other, file)
                if theirs not in ("", sha256):
                    return (
                        f"bootenv {other['Name']} also uses an ISO called {file}, with the SHA-256 {theirs}, "
                        f"not {sha256}"
                    )
        return ""
