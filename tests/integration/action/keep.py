# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a text to a file, in the controller: ansible.builtin.copy starts two interpreters for that."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        Path(self._task.args["dest"]).write_text(self._task.args["text"], encoding="utf-8")
        return {}
