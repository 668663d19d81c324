# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Notifications for systemd: ready, status, and the watchdog."""

from __future__ import annotations

import contextlib
import os
import socket
import time
import typing as t


class Notifier:
    """Does nothing without a listener."""

    def __init__(self, environ: t.Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.interval = _interval(environ)
        """Seconds after which the watchdog wants to be fed; 0 when there is none."""
        self._next = 0.0

    def send(self, **states: str) -> None:
        """Such as ``READY="1", STATUS="waiting"``.  Never fails."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        text = "\n".join(f"{name}={value}" for name, value in states.items())
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plain:
            plain.settimeout(1.0)
            plain.sendto(text.encode(), address)

    def feed_watchdog(self) -> None:
        """Feed the watchdog, when that is due."""
        now = time.monotonic()
        if self.interval and now >= self._next:
            self._next = now + self.interval
            self.send(WATCHDOG="1")


def _interval(environ: t.Mapping[str, str]) -> float:
    """A third of what systemd allows, in seconds; 0 when it does not watch us."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdigit() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(usec) / 3e6
