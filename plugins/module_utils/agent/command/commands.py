# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""``run`` and ``once``: an agent from its configuration to its exit status."""

from __future__ import annotations

import contextlib
import signal
import typing as t

from ...client.client import Client, Object
from ..context import Workbench
from ..host.power import NoPower, Power, PowerFailed, SystemPower
from ..machine_agent import AgentFailed, MachineAgent
from ..retry import Backoff, Pulse, Stopped, patiently
from ..state import Store
from .config import Config
from .connect import connect, find_machine
from .console import complain, say
from .notify import Notifier


def run(config: Config, asked: t.Any) -> int:
    """Until the agent ends.  SIGTERM is an end as meant; SIGINT is an error, except by the strict rules."""
    notifier = Notifier()
    pulse = Pulse(notifier.beat)
    with _signals(pulse) as received, connect(config, pulse) as client:
        # it works from here on, even if it has to wait for the server first
        notifier.say(READY="1", STATUS="CONNECTING")
        try:
            machine = _machine(client, config, pulse, patient=asked.command == "run")
            agent = make_agent(client, machine, config, pulse)
            agent.on_state = lambda state: notifier.say(STATUS=state.name)
            agent.run()
        except Stopped:
            pass
        except (AgentFailed, PowerFailed) as error:
            complain(error)
            return 1
        finally:
            notifier.say(STOPPING="1")
    return 1 if signal.SIGINT in received and not config.strict else 0


def make_agent(
    client: Client, machine: Object, config: Config, pulse: Pulse, power: Power | None = None
) -> MachineAgent:
    """The agent of a machine, which holds the machine's lock.  UsageError when another one does."""
    uuid = str(machine["Uuid"])
    store = Store(config.state_dir, uuid)
    store.lock()
    bench = Workbench(
        client=client,
        store=store,
        pulse=pulse,
        manners=config.manners,
        report=_report,
        machine=uuid,
        context=config.context,
        script_environment=config.for_scripts(),
    )
    chosen = power or (SystemPower() if config.power else NoPower())
    return MachineAgent(bench, machine, chosen, config.options)


def _machine(client: Client, config: Config, pulse: Pulse, patient: bool) -> Object:
    """A service outlives a server that is not there yet; a single run does not wait for it."""
    return patiently(
        lambda: find_machine(client, config),
        pulse,
        Backoff(config.retry_pause, 60.0),
        limit=None if patient else 0,
        told=lambda error: _report(f"Waiting for the server: {error}"),
    )


@contextlib.contextmanager
def _signals(pulse: Pulse) -> t.Iterator[set[int]]:
    """Both signals ask for an end; what came is in the set."""
    received: set[int] = set()

    def ask(number: int, _frame: object) -> None:
        received.add(number)
        pulse.stopping = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(line: str) -> None:
    """A line for the journal; a reader that is gone is no reason to end."""
    with contextlib.suppress(OSError, ValueError):
        say(line)


__all__ = ["connect", "find_machine", "make_agent", "run"]
