# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that get lost on their way, as tests ask for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Loss:
    pattern: tuple[str, str, str]
    left: int


class Losses:
    """What is to be lost; requests are used up in the order they came in."""

    def __init__(self) -> None:
        self._asked: list[_Loss] = []

    def add(self, kind: str, action: str, key: str, count: int) -> None:
        self._asked.append(_Loss((kind, action, key), count))

    def clear(self) -> None:
        self._asked.clear()

    def take(self, kind: str, action: str, key: str) -> bool:
        """Whether this event is lost, which uses up one."""
        triple = (kind, action, key)
        for loss in self._asked:
            if all(part in ("*", value) for part, value in zip(loss.pattern, triple, strict=True)):
                loss.left -= 1
                if not loss.left:
                    self._asked.remove(loss)
                return True
        return False
