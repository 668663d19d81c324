# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Proves that a server has unpacked an ISO.

It answers an upload with success whatever became of the unpacking; only its log tells of a failure, and only
the boot tree on the static port of a success.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ...client.client import Client
from ...client.errors import ConnectionFailed, DrpError, UsageError
from ...client.files.boot_trees import BootTree, TreeState, look
from .wanted_isos import Iso

_SKIP = "Set verify: false to do without a proof that the ISOs were unpacked"
_FIRST_LOOK, _LAST_LOOK = 0.2, 2.0
_SAY_EVERY = 10.0
_BAD = ("error", "err", "fatal", "panic")


class NotUnpacked(DrpError):
    """The tree that the boot environment needs is not there, or is another one."""


@dataclasses.dataclass
class Prover:
    """Looks at trees, and waits for them."""

    client: Client
    patience: float
    """Seconds that an unpacking may take."""
    say: t.Callable[[str], None]

    def states(self, iso: Iso) -> list[tuple[BootTree, TreeState]]:
        """Each tree of the ISO and what of it is there.  UsageError when the static port is of no help."""
        try:
            return [(tree, look(self.client, tree)) for tree in iso.trees]
        except ConnectionFailed as error:
            raise UsageError(f"{error.messages[0]}. {_SKIP}, or let the port be reached from here") from error
        except UsageError as error:
            raise UsageError(
                f"{error.messages[0]}. {_SKIP}, or start the server with its file server"
            ) from error

    def log_mark(self) -> int:
        """Where the server's log ends now, to tell later what is new in it."""
        return max((int(line.get("Seq") or 0) for line in self._log()), default=0)

    def wait(self, iso: Iso, env: str, mark: int) -> None:
        """Return when the trees are there.

        Raises NotUnpacked at the latest when time is up; sooner when the log tells of a failure after
        ``mark``, or when the tree is there and lacks what the boot environment names.
        """
        start = time.monotonic()
        pause, say_at = _FIRST_LOOK, start + _SAY_EVERY
        while True:
            states = self.states(iso)
            open_ones = [(tree, state) for tree, state in states if not state.proves(tree)]
            if not open_ones:
                return
            complaints = self._complaints(iso, env, mark)
            spent = time.monotonic() - start
            hopeless = any(state.unpacked(tree) for tree, state in open_ones)
            if complaints or hopeless or spent >= self.patience:
                raise self._failed(iso, env, open_ones, complaints, spent)
            if time.monotonic() >= say_at:
                self.say(f"waiting for {iso.file} to be unpacked: {spent:.0f} s")
                say_at += _SAY_EVERY
            time.sleep(pause)
            pause = min(pause * 1.5, _LAST_LOOK)

    def _failed(
        self,
        iso: Iso,
        env: str,
        open_ones: list[tuple[BootTree, TreeState]],
        complaints: list[str],
        spent: float,
    ) -> NotUnpacked:
        told = "; ".join(state.told(tree) for tree, state in open_ones)
        text = f"bootenv {env}: the server has {iso.file}, but did not unpack it as it should: {told}"
        if complaints:
            text += f". Its log says: {'; '.join(complaints)}"
        elif all(state.unpacked(tree) for tree, state in open_ones):
            text += ". Kernel and Initrds of the bootenv do not fit the ISO"
        else:
            text += f" after {spent:.0f} s, and its log does not say why. Is wait_timeout long enough?"
        return NotUnpacked(text)

    def _complaints(self, iso: Iso, env: str, mark: int) -> list[str]:
        """What the log has said since about an unpacking of this ISO that failed."""
        names = [name for name in (iso.file, env, iso.sha256) if name]
        found = []
        for line in self._log():
            text = " ".join(str(line.get("Message") or "").split())
            new = int(line.get("Seq") or 0) > mark
            if new and line.get("Level") in _BAD and "explode iso" in text.lower():
                found += [text] if any(name in text for name in names) else []
        return list(dict.fromkeys(found))[-3:]

    def _log(self) -> list[dict[str, t.Any]]:
        try:
            return self.client.logs()
        except DrpError:
            return []
