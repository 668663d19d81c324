# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The in-memory ring of log lines that GET /logs shows."""

from __future__ import annotations

from collections import deque

from .events import Bus
from .wire import Obj, dumps, now


class Logs:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.lines: deque[Obj] = deque(maxlen=1000)
        self._seq = 0

    def add(self, service: str, level: str, message: str, *, principal: str = "", group: int = 0) -> None:
        self._seq += 1
        line: Obj = {
            "Group": group, "Seq": self._seq, "Time": now(), "Service": service, "Principal": principal,
            "Level": level, "File": "simulator", "Line": 1, "Message": message, "Data": [],
            "IgnorePublish": False,
        }  # fmt: skip
        self.lines.append(line)
        self._bus.publish("log", level, service, principal, lambda: dumps(line))
