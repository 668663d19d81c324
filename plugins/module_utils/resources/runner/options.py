# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The options of clusters and resource brokers; documented by the fragment ``runner``."""

from __future__ import annotations

import typing as t

from ...converge.secure_params import UPDATE_SECURE
from ..list_edits import MODES, NEXT, SET

RUNNER_SPEC: dict[str, dict[str, t.Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str"},
    "uuid": {"type": "str"},
    "id": {"type": "str"},
    "description": {"type": "str"},
    "profiles": {"type": "list", "elements": "str"},
    "profiles_mode": {"type": "str", "choices": [*MODES], "default": SET},
    "profiles_anchor": {"type": "str"},
    "params": {"type": "dict"},
    "purge_params": {"type": "bool", "default": False},
    "group_params": {"type": "dict"},
    "purge_group_params": {"type": "bool", "default": False},
    "meta": {"type": "dict"},
    "workflow": {"type": "str"},
    "stage": {"type": "str"},
    "tasks": {"type": "list", "elements": "str"},
    "tasks_mode": {"type": "str", "choices": [*MODES, NEXT], "default": SET},
    "tasks_anchor": {"type": "str"},
    "runnable": {"type": "bool"},
    "locked": {"type": "bool"},
    "context": {"type": "str"},
    "pipeline": {"type": "str"},
    "work_order_mode": {"type": "bool"},
    "start": {"type": "bool", "default": False},
    "cleanup": {"type": "bool", "default": False},
    "include_locked": {"type": "bool", "default": False},
    "update_secure": {"type": "str", "choices": list(UPDATE_SECURE), "default": UPDATE_SECURE[0]},
    "force": {"type": "bool", "default": False},
    "require_available": {"type": "bool", "default": True},
}
RUNNER_RULES: dict[str, t.Any] = {
    "required_one_of": [["name", "uuid", "id"]],
    "mutually_exclusive": [["uuid", "id"]],
}
