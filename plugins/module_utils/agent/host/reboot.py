# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What goes with a reboot on the server's side, and which kind of reboot it is to be."""

from __future__ import annotations

import enum

from ...client.client import Object
from ...client.errors import DrpError, NotFound
from ...client.objects import actions
from ...client.patch import Patch
from ..context import Workbench
from ..job.change_stage import INSTALL
from . import kexec
from .power import Power

AUTO_BOOT_TARGET = "auto-boot-target"
"""The feature of a server that sets the boot order itself."""
_NEXT_BOOT = "nextbootpxe"


class Way(enum.Enum):
    EXIT = "exit"
    """Within an installation: the installer reboots."""
    REBOOT = "reboot"
    KEXEC = "kexec"


def choose(bench: Workbench, machine: Object, power: Power, stage_kernel: bool) -> Way:
    """How to leave the boot environment of the snapshot ``machine``; stages a kernel if asked to."""
    if "Context" in machine:
        _mark_not_runnable(bench, machine)
    if str(machine.get("BootEnv") or "").endswith(INSTALL):
        return Way.EXIT
    if not power.enabled:
        return Way.REBOOT
    if stage_kernel and not power.kernel_is_loaded():
        try:
            kexec.stage(bench.client, bench.machine)
        except kexec.NotStaged as reason:
            bench.report(f"No kexec: {reason}")
    return Way.KEXEC if power.kernel_is_loaded() else Way.REBOOT


def boot_from_network_next(bench: Workbench) -> None:
    """Have the machine boot from the network, where a plugin can do that and the server does not."""
    try:
        if not bench.client.has_feature(AUTO_BOOT_TARGET):
            actions.describe(bench.client, "machines", bench.machine, _NEXT_BOOT)
            actions.run(bench.client, "machines", bench.machine, _NEXT_BOOT)
    except NotFound:
        pass
    except DrpError as error:
        bench.report(f"{_NEXT_BOOT}: {error}")


def _mark_not_runnable(bench: Workbench, machine: Object) -> None:
    """On servers with contexts: nothing is to be started until the machine is back."""
    if bench.context or machine.get("Context"):
        return
    operations: Patch = [
        {"op": "test", "path": "/Context", "from": "", "value": ""},
        {"op": "replace", "path": "/Runnable", "from": "", "value": False},
    ]
    try:
        bench.client.patch("machines", bench.machine, operations)
    except DrpError as error:
        bench.report(f"Failed to mark the machine as not runnable: {error}")
