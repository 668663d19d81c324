# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for what is served to become something, on one event stream that lives as long as the agent."""

from __future__ import annotations

import time
import typing as t

from ..client.client import Client, Object
from ..client.errors import ConnectionFailed
from ..client.events.subscription import Gap, Subscription
from ..client.patch import same_json
from .retry import StopSignal
from .served import TaskOwner

COMPLETE = "complete"
TIMEOUT = "timeout"
INTERRUPT = "interrupt"
Condition = t.Callable[[Object], bool]

_RECHECK = 60.0
"""Read again after so many seconds without an event: a server drops some silently."""
_WATCHED = ("CurrentTask", "Tasks", "Runnable", "BootEnv", "Stage", "WorkOrderMode")


class MachineWatch:
    """Register first, then read, then follow the events; the stream replaces lost connections."""

    def __init__(
        self,
        client: Client,
        served: TaskOwner,
        stop_signal: StopSignal,
        on_idle: t.Callable[[], None] = lambda: None,
    ) -> None:
        """``on_idle`` is called before each wait for an event.  Raises what connecting raises."""
        self._client = client
        self._on_idle = on_idle
        self._served = served
        self._stop_signal = stop_signal
        self._stream = client.events()
        self._followed: TaskOwner = served
        try:
            self._subscription: Subscription = self._stream.register(*served.events)
        except BaseException:
            self._stream.close()
            raise
        stop_signal.wakers.append(self._wake)

    def close(self) -> None:
        self._stop_signal.wakers.remove(self._wake)
        self._stream.close()

    def _wake(self) -> None:
        self._subscription.wake()

    def follow(self, owner: TaskOwner) -> None:
        """Have what happens to ``owner``, a work order, end a pause of :meth:`wait` as well."""
        if owner in (self._followed, self._served):
            return
        before = self._subscription
        self._subscription = self._stream.register(*self._served.events, *owner.events)
        self._followed = owner
        self._stream.deregister(before.handle)

    def wait(self, test: Condition, timeout: float) -> tuple[str, Object | None]:
        """``complete`` and the machine as it then was; else ``timeout`` or ``interrupt`` and None.

        What an event says is never used: each one only makes the machine be read again, bursts once.
        Raises what the reading raises, NotFound when the machine is gone.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._discard_events()
            machine = self._served.read(self._client)
            if test(machine):
                return COMPLETE, machine
            outcome = self._wait_for_event(deadline)
            if outcome:
                return outcome, None

    def _wait_for_event(self, deadline: float) -> str:
        """ "" when the machine may have changed."""
        self._on_idle()
        recheck = time.monotonic() + _RECHECK
        while True:
            self._stop_signal.heartbeat()
            now = time.monotonic()
            if self._stop_signal.requested:
                return INTERRUPT
            if now >= deadline:
                return TIMEOUT
            if now >= recheck:
                return ""
            pause = min(self._stop_signal.longest_pause, deadline - now, recheck - now)
            received = self._subscription.get(pause)
            if received is not None:
                self._check(received.error)
                return ""
            if self._subscription.ended:
                raise ConnectionFailed("the event stream has ended")

    def _discard_events(self) -> None:
        while (received := self._subscription.get(0)) is not None:
            self._check(received.error)

    @staticmethod
    def _check(error: Exception | None) -> None:
        if error is not None and not isinstance(error, Gap):
            raise error


def runnable(machine: Object) -> bool:
    """The condition of WAIT_FOR_RUNNABLE."""
    return machine.get("Runnable") is True


def in_work_order_mode(machine: Object) -> bool:
    """Whether it runs work orders now, and no workflow."""
    return machine.get("WorkOrderMode") is True


def changed_from(snapshot: Object) -> Condition:
    """The condition of WAIT_FOR_CHANGE_STAGE: members that may bring new work have changed."""
    return lambda machine: any(not same_json(machine.get(name), snapshot.get(name)) for name in _WATCHED)


def ready(condition: Condition, snapshot: Object, context: str) -> Condition:
    """What all waits want beside their ``condition``: available, and of this agent's context.

    Another context does not matter once the boot environment is another one.
    """

    def test(machine: Object) -> bool:
        if machine.get("Available") is not True or not condition(machine):
            return False
        if in_work_order_mode(machine):  # each work order has a context of its own
            return runnable(machine)
        mine = (machine.get("Context") or "") == context
        return mine or machine.get("BootEnv") != snapshot.get("BootEnv")

    return test
