# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Lists of names that a task adds to or takes from, without knowing the rest of them."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client.errors import UsageError

SET, APPEND, PREPEND, REMOVE = "set", "append", "prepend", "remove"
BEFORE, AFTER, NEXT = "before", "after", "next"
MODES = (SET, APPEND, PREPEND, REMOVE, BEFORE, AFTER)


@dataclasses.dataclass(frozen=True)
class ListEdit:
    """What is to be done with the names of one option.

    A name that is in the list already stays where it is: the second run of a task changes nothing.
    """

    option: str
    mode: str = SET
    anchor: str | None = None
    """The name in the list before or after which others are inserted."""

    def __post_init__(self) -> None:
        if (self.mode in (BEFORE, AFTER)) != (self.anchor is not None):
            raise UsageError(
                f"{self.option}_anchor: is required with {self.option}_mode: before or after only"
            )

    def apply(self, there: t.Sequence[str], names: t.Sequence[str], running: int = -1) -> list[str]:
        """The list as it should be; ``running`` is the index of the entry that is at work.

        UsageError when the anchor is not in the list.
        """
        if self.mode == SET:
            return list(names)
        if self.mode == REMOVE:
            return [name for name in there if name not in names]
        missing = [name for name in dict.fromkeys(names) if name not in there]
        if not missing:
            return list(there)
        place = self._place(there, running)
        return [*there[:place], *missing, *there[place:]]

    def _place(self, there: t.Sequence[str], running: int) -> int:
        if self.mode == APPEND:
            return len(there)
        if self.mode == PREPEND:
            return 0
        if self.mode == NEXT:
            return min(running + 1, len(there))
        if self.anchor not in there:
            listed = ", ".join(there) or "it is empty"
            raise UsageError(f"{self.option}_anchor: {self.anchor} is not in the list ({listed})")
        return there.index(self.anchor) + (self.mode == AFTER)
