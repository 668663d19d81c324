# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a chroot needs mounted while a script runs in it, and taking that away again, always."""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import contextlib
import os
import re
import subprocess
import typing as t

SYSTEM_MOUNTS = ("/proc", "/sys", "/dev", "/dev/pts")
TASK_PREFIX = "chroot:"
_MOUNTS = "/proc/self/mountinfo"

Run = t.Callable[[t.Sequence[str]], None]


class Chroot:
    """A context in which ``root`` can be entered; does nothing for an empty ``root``.

    Each of :data:`SYSTEM_MOUNTS` and ``bind_mounts`` is bound, not recursively, at the same path below the
    root.  OSError, with everything undone, when one cannot be.
    """

    def __init__(self, root: str, bind_mounts: t.Sequence[str] = (), run: Run | None = None) -> None:
        self._root = root
        self._folders = [*SYSTEM_MOUNTS, *bind_mounts] if root else []
        self._run = run or _run
        self._mounted: list[str] = []

    def __enter__(self) -> Chroot:
        try:
            for folder in self._folders:
                target = self._root + folder
                os.makedirs(target, exist_ok=True)
                self._run(["mount", "--bind", folder, target])
                self._mounted.append(target)
        except OSError:
            self.unmount()
            raise
        return self

    def __exit__(self, *reason: object) -> None:
        self.unmount()

    def unmount(self) -> None:
        """Unmount, the newest first; one that is busy is taken out of sight at least."""
        while self._mounted:
            target = self._mounted.pop()
            try:
                self._run(["umount", target])
            except OSError:
                with contextlib.suppress(OSError):
                    self._run(["umount", "-l", target])


def unmount(root: str, bind_mounts: t.Sequence[str] = (), run: Run | None = None) -> list[str]:
    """Unmount what a supervisor that was killed has left below ``root``; the targets."""
    root = os.path.realpath(root)
    ours = {root + folder for folder in (*SYSTEM_MOUNTS, *bind_mounts)}
    left = Chroot("", run=run)
    left._mounted = [target for target in mount_points() if target in ours]
    targets = left._mounted[::-1]
    left.unmount()
    return targets


def mount_points() -> list[str]:
    """All mount points, in the order in which they were mounted."""
    with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
        raw = [line.split(" ")[4] for line in file]
    return [re.sub(r"\\(\d{3})", lambda match: chr(int(match.group(1), 8)), text) for text in raw]


def problem(root: str) -> str:
    """Why ``root`` cannot be entered; "" when it can."""
    if not os.path.isabs(root):
        return f"the chroot {root} is not an absolute path"
    if not os.path.isdir(root):
        return f"the chroot {root} is not a directory"
    if not hasattr(os, "chroot") or not os.path.exists(_MOUNTS):
        return "a chroot needs Linux"
    return ""


def _run(command: t.Sequence[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or f'exit {done.returncode}'}")
