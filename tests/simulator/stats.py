# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control API counts."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, fields


@dataclass
class Stats:
    requests: int = 0
    writes: int = 0
    changes: int = 0
    logins: int = 0
    connections: int = 0
    would_crash: int = 0
    websockets_opened: int = 0

    def document(self) -> dict[str, int]:
        return asdict(self)

    def reset(self) -> None:
        for counter in fields(self):
            setattr(self, counter.name, 0)


class RequestLog:
    """The last requests to /api/v3."""

    def __init__(self) -> None:
        self._entries: deque[tuple[str, str, int]] = deque(maxlen=20000)

    def add(self, method: str, path: str, status: int) -> None:
        self._entries.append((method, path, status))

    def clear(self) -> None:
        self._entries.clear()

    def document(self) -> list[dict[str, str | int]]:
        return [{"method": m, "path": p, "status": s} for m, p, s in self._entries]
