# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The agent's side of its supervisor: a process that is forked once, and asked for one thing after the other.

A fork of the agent costs more than all else that a small script needs, mostly for the memory that both share
until one of them changes it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
import typing as t
import warnings

from . import messages
from .supervisor import serve

_PATIENCE = 30.0
"""Seconds in which it must take a question, or finish what it has begun to say: it does nothing else then."""
_FAREWELL = 0.5
"""Seconds to wait for the end of one that has nothing to do."""
_unreaped: set[int] = set()


class Gone(Exception):
    """The supervisor has ended, or lets go of the agent."""


class SupervisorProcess:
    """Ends when the agent does, after what it is asked for; :attr:`busy` from the question to its answer."""

    def __init__(self) -> None:
        """OSError when there can be no further process."""
        for pid in list(_unreaped):
            _reap(pid)
        self.busy = False
        self.gone = False
        self._channel, theirs = socket.socketpair()
        try:
            with warnings.catch_warnings():
                # the child goes its own way: it takes no lock that another thread might hold
                warnings.simplefilter("ignore", DeprecationWarning)
                self.pid = os.fork()
        except OSError:
            self._channel.close()
            theirs.close()
            raise
        if not self.pid:
            serve(theirs)
        theirs.close()
        self._channel.settimeout(_PATIENCE)

    def ask(self, message: t.Any, descriptor: int = -1) -> None:
        """Gone when it has not got the question."""
        self.busy = True
        try:
            messages.send(self._channel, message, descriptor)
        except OSError as error:
            self._forget()
            raise Gone from error

    def answer(self, seconds: float) -> t.Any:
        """What it says next; None when that is nothing within ``seconds``.  Raises Gone."""
        if self.gone:
            raise Gone
        if not select.select([self._channel], [], [], seconds)[0]:
            return None
        received = messages.receive(self._channel)
        if received is None:
            self._forget()
            raise Gone
        return received[0]

    def is_usable(self) -> bool:
        """Whether it can be asked."""
        if not self.busy and not self.gone:
            with contextlib.suppress(Gone):
                return self.answer(0) is None
        return False

    def kill(self) -> None:
        """End it at once, and wait for nothing: for one that hangs in a system call."""
        if not self.gone:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
            self._forget()

    def let_go(self) -> None:
        """Have it end as soon as it has done what it was asked for."""
        if self.gone:
            return
        self._forget()
        deadline = time.monotonic() + _FAREWELL
        while not self.busy and self.pid in _unreaped and time.monotonic() < deadline:
            time.sleep(0.001)
            _reap(self.pid)

    def _forget(self) -> None:
        self.gone = True
        self._channel.close()
        _reap(self.pid)


def _reap(pid: int) -> None:
    _unreaped.add(pid)
    with contextlib.suppress(OSError):
        if not os.waitpid(pid, os.WNOHANG)[0]:
            return
    _unreaped.discard(pid)
