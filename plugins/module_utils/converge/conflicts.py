# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Read and write again when another client was quicker, for writes that :mod:`.engine` does not make."""

from __future__ import annotations

import typing as t

from ..client.errors import Conflict

MAX_CONFLICTS = 12
"""So many writes in a row fail because of other clients, before the task does."""

Value = t.TypeVar("Value")


def retry_on_conflict(attempt: t.Callable[[], Value]) -> Value:
    """What ``attempt`` returns, which reads the object each time; the last Conflict after 12 of them."""
    for _number in range(MAX_CONFLICTS - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()
