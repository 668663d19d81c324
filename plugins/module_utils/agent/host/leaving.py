# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How an agent leaves: which state a reboot, a power-off or another stage leads to, and the deed itself."""

from __future__ import annotations

from ...client.client import Object
from ..context import AgentContext
from ..job.change_stage import PowerAction
from ..states import State
from . import reboot
from .power import Power

_KEXEC_TIMEOUT = 300.0
_STATES = {
    reboot.RebootKind.STAY: State.WAIT_FOR_RUNNABLE,
    reboot.RebootKind.EXIT: State.EXIT,
    reboot.RebootKind.REBOOT: State.REBOOT,
    reboot.RebootKind.KEXEC: State.KEXEC,
    reboot.RebootKind.POWEROFF: State.POWEROFF,
}


class Leaving:
    """The states that an agent ends in, by what is asked of it."""

    def __init__(self, agent_context: AgentContext, power: Power) -> None:
        self._agent_context = agent_context
        self._power = power

    def to_reboot(self, machine: Object, use_kexec: bool) -> State:
        """To leave the boot environment of the snapshot ``machine``."""
        return _STATES[reboot.choose_reboot(self._agent_context, machine, self._power, use_kexec)]

    def to_power_off(self) -> State:
        return _STATES[reboot.choose_poweroff(self._agent_context)]

    def to_stage(self, machine: Object, stage: Object, action: PowerAction) -> State:
        """The boot environment decides; the word of the map overrides it, the stage's Reboot both."""
        bootenv = stage.get("BootEnv") or ""
        moves = bool(bootenv) and bootenv != machine.get("BootEnv")
        if stage.get("Reboot") or action == PowerAction.REBOOT or (moves and action == PowerAction.NONE):
            return self.to_reboot(machine, use_kexec=True)
        if action == PowerAction.SHUTDOWN:
            return self.to_power_off()
        return State.EXIT if action == PowerAction.STOP else State.WAIT_FOR_RUNNABLE

    def kexec(self) -> State:
        """Start the staged kernel; if the machine is still there after a while, it is rebooted."""
        if self._agent_context.context:
            return State.EXIT
        if self._power.enabled and self._power.kexec():
            self._agent_context.stop_signal.sleep(_KEXEC_TIMEOUT)
        return State.REBOOT

    def leave(self, state: State) -> None:
        """REBOOT and POWEROFF.  PowerFailed when the command does not work."""
        if not self._power.enabled or self._agent_context.context:
            return
        reboot.boot_from_network_next(self._agent_context)
        if state == State.POWEROFF:
            self._power.poweroff()
        else:
            self._power.reboot()
