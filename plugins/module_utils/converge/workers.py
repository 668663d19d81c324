# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How many requests of one task run side by side; documented by ``digitalrebar.provision.workers``."""

from __future__ import annotations

import typing as t

from ..client.errors import UsageError

WORKERS = 8
"""Four take most of the time away, eight the rest; sixteen are no faster (``tests/bench/many.py``)."""
MOST_WORKERS = 32
"""So many connections a client keeps."""
WORKERS_SPEC: dict[str, dict[str, t.Any]] = {"workers": {"type": "int", "default": WORKERS}}


def workers_of(options: t.Mapping[str, t.Any]) -> int:
    """The option of :data:`WORKERS_SPEC`; UsageError for a number that cannot be."""
    wanted: int = options.get("workers", WORKERS)
    if not 1 <= wanted <= MOST_WORKERS:
        raise UsageError(f"workers: must be between 1 and {MOST_WORKERS}, it is {wanted}")
    return wanted
