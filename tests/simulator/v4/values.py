# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of a list in filters: what holds for one of its elements holds for it."""

# assumption: how lists are filtered
from __future__ import annotations

from collections.abc import Iterable
from functools import total_ordering
from typing import Any


@total_ordering
class AnyOf:
    """Equals, and is less than, what one of its elements equals or is less than."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.items = list(items)

    def __eq__(self, other: object) -> bool:
        return self.items == other.items if isinstance(other, AnyOf) else other in self.items

    def __lt__(self, other: Any) -> bool:
        if isinstance(other, AnyOf):
            return self.items < other.items
        return any(item < other for item in self.items)

    def __hash__(self) -> int:
        return hash(tuple(self.items))
