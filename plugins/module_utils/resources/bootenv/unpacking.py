# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Verifies that a server has unpacked an ISO.

It answers an upload with success whatever became of the unpacking; only its log tells of a failure, and only
the boot tree on the static port of a success.
"""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ...client.client import Client
from ...client.errors import ConnectionFailed, DrpError, UsageError
from ...client.files.boot_trees import BootTree, TreeState, tree_state
from .wanted_isos import Iso

_SKIP_HINT = "Set verify: false to skip the check that the ISOs were unpacked"
_FIRST_INTERVAL, _MAX_INTERVAL = 0.2, 2.0
_PROGRESS_INTERVAL = 10.0
_ERROR_LEVELS = ("error", "err", "fatal", "panic")


class NotUnpacked(DrpError):
    """The tree that the boot environment needs is not there, or is another one."""


@dataclasses.dataclass
class UnpackVerifier:
    """Looks at trees, and waits for them."""

    client: Client
    timeout: float
    """Seconds that an unpacking may take."""
    on_progress: t.Callable[[str], None]

    def states(self, iso: Iso) -> list[tuple[BootTree, TreeState]]:
        """Each tree of the ISO and what of it is there.  UsageError when the static port is of no help."""
        try:
            return [(tree, tree_state(self.client, tree)) for tree in iso.trees]
        except ConnectionFailed as error:
            raise UsageError(
                f"{error.messages[0]}. {_SKIP_HINT}, or make the port reachable from this host"
            ) from error
        except UsageError as error:
            raise UsageError(
                f"{error.messages[0]}. {_SKIP_HINT}, or start the server with its file server"
            ) from error

    def log_position(self) -> int:
        """Where the server's log ends now, to know later what is new in it."""
        return max((int(line.get("Seq") or 0) for line in self._log()), default=0)

    def wait(self, iso: Iso, env: str, log_position: int) -> None:
        """Return when the trees are there.

        Raises NotUnpacked at the latest when time is up; sooner when the log shows a failure after
        ``log_position``, or when the tree is there and lacks what the boot environment names.
        """
        start = time.monotonic()
        pause, next_progress = _FIRST_INTERVAL, start + _PROGRESS_INTERVAL
        while True:
            states = self.states(iso)
            pending = [(tree, state) for tree, state in states if not state.is_complete(tree)]
            if not pending:
                return
            log_errors = self._log_errors(iso, env, log_position)
            elapsed = time.monotonic() - start
            wrong_tree = any(state.unpacked(tree) for tree, state in pending)
            if log_errors or wrong_tree or elapsed >= self.timeout:
                raise self._failed(iso, env, pending, log_errors, elapsed)
            if time.monotonic() >= next_progress:
                self.on_progress(f"waiting for {iso.file} to be unpacked: {elapsed:.0f} s")
                next_progress += _PROGRESS_INTERVAL
            time.sleep(pause)
            pause = min(pause * 1.5, _MAX_INTERVAL)

    def _failed(
        self,
        iso: Iso,
        env: str,
        pending: list[tuple[BootTree, TreeState]],
        log_errors: list[str],
        elapsed: float,
    ) -> NotUnpacked:
        problem = "; ".join(state.problem(tree) for tree, state in pending)
        text = f"bootenv {env}: the server has {iso.file}, but did not unpack it correctly: {problem}"
        if log_errors:
            text += f". Its log says: {'; '.join(log_errors)}"
        elif all(state.is_empty(tree) for tree, state in pending):
            text += (
                ". Nothing of what the bootenv names is there: the file is damaged or no ISO, or Kernel and "
                "Initrds of the bootenv do not fit it"
            )
        elif all(state.unpacked(tree) for tree, state in pending):
            text += ". Kernel and Initrds of the bootenv do not fit the ISO"
        else:
            text += (
                f" after {elapsed:.0f} s, and its log gives no reason. Check that wait_timeout is long enough"
            )
        return NotUnpacked(text)

    def _log_errors(self, iso: Iso, env: str, log_position: int) -> list[str]:
        """What the log has said since about an unpacking of this ISO that failed."""
        names = [name for name in (iso.file, env, iso.sha256) if name]
        found = []
        for line in self._log():
            text = " ".join(str(line.get("Message") or "").split())
            new = int(line.get("Seq") or 0) > log_position
            if new and line.get("Level") in _ERROR_LEVELS and "explode iso" in text.lower():
                found += [text] if any(name in text for name in names) else []
        return list(dict.fromkeys(found))[-3:]

    def _log(self) -> list[dict[str, t.Any]]:
        try:
            return self.client.logs()
        except DrpError:
            return []
