# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Read and write again when another client was quicker: how often, and after which pause.

:func:`retry_on_conflict` does it for the writes that :mod:`.engine` does not make.
"""

from __future__ import annotations

import random
import time
import typing as t

from ..client.errors import Conflict

MAX_CONFLICTS = 12
"""So many writes in a row fail because of other clients, before the task does."""

Value = t.TypeVar("Value")


def pause_after(conflicts: int) -> float:
    """Seconds until the next try after so many conflicts in a row, random so that writers part ways."""
    return random.uniform(0.5, 1.0) * min(0.01 * 2.0**conflicts, 0.5)


def retry_on_conflict(attempt: t.Callable[[], Value], sleep: t.Callable[[float], None] = time.sleep) -> Value:
    """What ``attempt`` returns, which reads the object each time; the last Conflict after 12 of them."""
    for number in range(1, MAX_CONFLICTS):
        try:
            return attempt()
        except Conflict:
            sleep(pause_after(number))
    return attempt()
