# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What goes with a reboot on the server's side, and which kind of reboot it is to be."""

from __future__ import annotations

import enum

from ...client.client import Object
from ...client.errors import DrpError, NotFound
from ...client.patch import Patch
from ..context import AgentContext
from ..job.change_stage import INSTALL_SUFFIX
from .power import Power

AUTO_BOOT_TARGET = "auto-boot-target"
"""The feature of a server that sets the boot order itself."""
_NEXT_BOOT = "nextbootpxe"


class RebootKind(enum.Enum):
    STAY = "stay"
    """There is nothing to reboot: the agent goes on."""
    EXIT = "exit"
    """Within an installation: the installer reboots."""
    REBOOT = "reboot"
    KEXEC = "kexec"
    POWEROFF = "poweroff"


def choose_reboot(agent_context: AgentContext, machine: Object, power: Power, use_kexec: bool) -> RebootKind:
    """How to leave the boot environment of the snapshot ``machine``; stages a kernel if asked to."""
    if _stays(agent_context, "rebooted"):
        return RebootKind.STAY
    if "Context" in machine:
        _mark_not_runnable(agent_context, machine)
    if str(machine.get("BootEnv") or "").endswith(INSTALL_SUFFIX):
        return RebootKind.EXIT
    if not power.enabled:
        return RebootKind.REBOOT
    if use_kexec and not power.kernel_is_loaded():
        from . import kexec  # with all that downloads need

        try:
            kexec.load_kernel(agent_context.client, agent_context.served)
        except kexec.KexecUnavailable as reason:
            agent_context.report(f"No kexec: {reason}")
    return RebootKind.KEXEC if power.kernel_is_loaded() else RebootKind.REBOOT


def choose_poweroff(agent_context: AgentContext) -> RebootKind:
    """POWEROFF, or STAY for what has no power."""
    return RebootKind.STAY if _stays(agent_context, "powered off") else RebootKind.POWEROFF


def _stays(agent_context: AgentContext, done: str) -> bool:
    """Whether what is served has neither power nor a boot environment; then says that nothing is ``done``."""
    served = agent_context.served
    if not served.boots:
        agent_context.report(f"A {served.word} is not {done}: only machines are. The agent goes on")
    return not served.boots


def boot_from_network_next(agent_context: AgentContext) -> None:
    """Have the machine boot from the network, where a plugin can do that and the server does not."""
    try:
        if not agent_context.client.has_feature(AUTO_BOOT_TARGET):
            agent_context.served.run_action(agent_context.client, _NEXT_BOOT)
    except NotFound:
        pass
    except DrpError as error:
        agent_context.report(f"{_NEXT_BOOT}: {error}")


def _mark_not_runnable(agent_context: AgentContext, machine: Object) -> None:
    """On servers with contexts: nothing is to be started until the machine is back."""
    if agent_context.context or machine.get("Context"):
        return
    operations: Patch = [
        {"op": "test", "path": "/Context", "from": "", "value": ""},
        {"op": "replace", "path": "/Runnable", "from": "", "value": False},
    ]
    try:
        agent_context.served.patch(agent_context.client, operations)
    except DrpError as error:
        agent_context.report(f"Failed to mark the machine as not runnable: {error}")
