# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A script to run, and the files by which its supervisor and the agent know of each other."""

from __future__ import annotations

import dataclasses
import typing as t

BOOT_ID = "/proc/sys/kernel/random/boot_id"
RUN_VARIABLE = "DRP_AGENT_RUN"
"""In the environment of a script, the folder of its run: by it a script is found that nobody has noted."""
LOCK = "lock"
"""Locked by the supervisor as long as it lives."""
PIDS = "pids"
STATUS = "status"
STATUS_FILE_SIZE = 2048
"""Bytes of each of the last two, which are there, and blank, before the script is started."""


@dataclasses.dataclass(frozen=True)
class ScriptRun:
    """A script to run, in words that JSON has.  Seconds; a ``timeout`` of 0 is none."""

    name: str
    """Of its file in the task directory, which the supervisor makes: what hangs there can be ended."""
    content: str
    command: t.Sequence[str]
    environment: t.Mapping[str, str]
    task_dir: str
    run_dir: str
    spool_dir: str
    spool_limit: int = 0
    timeout: float = 0.0
    kill_grace: float = 10.0
    chroot: str = ""
    """Run it in this chroot."""
    bind_mounts: t.Sequence[str] = ()
    """What must be visible in the chroot, at the same paths."""
    log_header: str = ""
    """Goes to the log before the script starts, ``log_footer`` when it has ended."""
    log_footer: str = ""
    echo: bool = False

    def exit_lines(self, code: int) -> str:
        """What the log says when the script has ended."""
        return f"Command exited with status {code}\n{self.log_footer}"


def started_at(pid: int) -> str:
    """When a process started, in a form that only serves to compare; "" when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def boot_id() -> str:
    """What is different after each start of the machine; "" when the system does not report it."""
    try:
        with open(BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
