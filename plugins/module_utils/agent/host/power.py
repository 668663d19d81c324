# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Reboot, power off, and start another kernel: the only place where the agent touches the machine's power."""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import os
import shutil
import subprocess
import typing as t

KEXEC_LOADED = "/sys/kernel/kexec_loaded"


class PowerFailed(Exception):
    """The command did not work; the agent ends with an error."""


class Power(t.Protocol):
    """What an agent may do to its machine."""

    @property
    def enabled(self) -> bool:
        """Whether it may do anything at all."""

    def reboot(self) -> None:
        """Raises PowerFailed."""

    def poweroff(self) -> None:
        """Raises PowerFailed."""

    def kernel_is_loaded(self) -> bool:
        """Whether a kernel is staged for kexec."""

    def kexec(self) -> bool:
        """Start the staged kernel; False when no way to do it worked."""


class NoPower:
    """The option ``power`` is off: the agent ends instead of rebooting."""

    enabled = False

    def reboot(self) -> None:
        raise PowerFailed("the option power is off")

    poweroff = reboot

    def kernel_is_loaded(self) -> bool:
        return False

    def kexec(self) -> bool:
        return False


class SystemPower:
    """The machine's own commands, found on PATH, with the agent's output."""

    enabled = True

    def __init__(self, run: t.Callable[[t.Sequence[str]], int] | None = None, root: str = "/") -> None:
        self._run = run or _run
        self._root = root

    def reboot(self) -> None:
        if self._run(["reboot"]):
            raise PowerFailed("Failed to reboot")

    def poweroff(self) -> None:
        if self._run(["poweroff"]):
            raise PowerFailed("Failed to poweroff")

    def kernel_is_loaded(self) -> bool:
        try:
            with open(KEXEC_LOADED, encoding="ascii") as file:
                return file.read(1) == "1"
        except OSError:
            return False

    def kexec(self) -> bool:
        return self._run(self._kexec_command()) == 0

    def _kexec_command(self) -> list[str]:
        """Through the init system where it knows how, so that services are ended properly."""
        if shutil.which("systemctl"):
            return ["systemctl", "kexec"]
        if os.path.exists(os.path.join(self._root, "etc/init.d/kexec")):
            return ["telinit", "6"]
        try:
            halt = os.path.join(self._root, "etc/init.d/halt")
            with open(halt, encoding="utf-8", errors="replace") as file:
                if "kexec" in file.read():
                    return ["telinit", "6"]
        except OSError:
            pass
        return ["kexec", "-e"]


def _run(command: t.Sequence[str]) -> int:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError:
        return 127
