# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""``run`` and ``once``: an agent from its configuration to its exit status."""

from __future__ import annotations

import contextlib
import signal
import typing as t

from ...client.client import Client, Object
from ..context import AgentContext
from ..host.power import NoPower, Power, PowerFailed, SystemPower
from ..machine_agent import MachineAgent
from ..retry import LONGEST_PAUSE, Backoff, Stopped, StopSignal, retry_until
from ..state import Store
from ..states import AgentFailed
from .config import Config
from .connect import connect, find_machine, served_by
from .console import print_error, print_line
from .notify import Notifier


def run(config: Config, args: t.Any) -> int:
    """Until the agent ends.  SIGTERM is an end as meant; SIGINT is an error, except by the strict rules."""
    notifier = Notifier()
    stop_signal = StopSignal(notifier.feed_watchdog, min(LONGEST_PAUSE, notifier.interval or LONGEST_PAUSE))
    with _stop_on_signals(stop_signal) as received, connect(config, stop_signal) as client:
        # it works from here on, even if it has to wait for the server first
        notifier.send(READY="1", STATUS="CONNECTING")
        try:
            machine = _find_machine(client, config, stop_signal, wait_for_server=args.command == "run")
            agent = make_agent(client, machine, config, stop_signal)
            agent.on_state = lambda state: notifier.send(STATUS=state.name)
            agent.run()
        except Stopped:
            pass
        except (AgentFailed, PowerFailed) as error:
            print_error(error)
            return 1
        finally:
            notifier.send(STOPPING="1")
    return 1 if signal.SIGINT in received and not config.strict else 0


def make_agent(
    client: Client, machine: Object, config: Config, stop_signal: StopSignal, power: Power | None = None
) -> MachineAgent:
    """The agent of what is served, which holds its lock.  UsageError when another one does."""
    served = served_by(config, machine)
    store = Store(config.state_dir, served.uuid)
    store.lock()
    agent_context = AgentContext(
        client=client,
        store=store,
        stop_signal=stop_signal,
        runner_settings=config.runner_settings,
        report=_report,
        served=served,
        context=config.context,
        script_variables=config.script_variables(),
    )
    chosen = power or (SystemPower() if config.power else NoPower())
    return MachineAgent(agent_context, machine, chosen, config.agent_options)


def _find_machine(client: Client, config: Config, stop_signal: StopSignal, wait_for_server: bool) -> Object:
    """A service waits for a server that is not up yet; a single run does not."""
    return retry_until(
        lambda: find_machine(client, config),
        stop_signal,
        Backoff(config.retry_pause, 60.0),
        limit=None if wait_for_server else 0,
        on_error=lambda error: _report(f"Waiting for the server: {error}"),
    )


@contextlib.contextmanager
def _stop_on_signals(stop_signal: StopSignal) -> t.Iterator[set[int]]:
    """Both signals request a stop; the set holds those received."""
    received: set[int] = set()

    def ask(number: int, _frame: object) -> None:
        received.add(number)
        stop_signal.request()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(line: str) -> None:
    """A line for the journal; a closed reader is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        print_line(line)


__all__ = ["connect", "find_machine", "make_agent", "run"]
