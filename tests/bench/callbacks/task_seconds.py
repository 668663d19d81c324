# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the seconds of each task, in order, to the file that BENCH_SECONDS names."""

from __future__ import annotations

import json
import os
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: task_seconds
type: aggregate
short_description: Seconds of each task
description: From the start of a task to its last result.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0
        self._seconds: list[float] = []

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._start = time.perf_counter()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._seconds.append(time.perf_counter() - self._start)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        with open(os.environ["BENCH_SECONDS"], "w", encoding="utf-8") as file:
            json.dump(self._seconds, file)
