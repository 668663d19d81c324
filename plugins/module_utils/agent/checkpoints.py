# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The checkpoints of a job: a test kills the agent at each of them in turn."""

from __future__ import annotations

import typing as t

NAMES = (
    "job requested",
    "job received",
    "job running",
    "task directory made",
    "actions read",
    "action saved",
    "action written",
    "script started",
    "script ended",
    "action done",
    "log chunk saved",
    "log chunk sent",
    "outcome saved",
    "machine not runnable",
    "log complete",
    "job ended",
    "outcome applied",
)
OF_WORK_ORDERS = ("work order chosen", "work order picked", "work order ended")
"""Around the jobs of a work order."""

hook: t.Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Tell the test, if there is one."""
    if hook is not None:
        hook(name)
