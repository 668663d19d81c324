# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""An event of one's own, for everybody who listens to the server."""

from __future__ import annotations

from ..client.errors import UsageError
from ..client.events import stream as events
from ..converge.task import Result, Task


def run(task: Task) -> Result:
    """What ``drp_event`` does."""
    kind, action, key = (task.options[name] for name in ("kind", "action", "id"))
    for name, text in (("kind", kind), ("action", action), ("id", key)):
        if not text:
            raise UsageError(f"{name}: must not be empty")
    value = task.options.get("object")
    if not task.check:
        events.post_event(task.client, kind, action, key, value)
    return {"changed": True, "event": {"Type": kind, "Action": action, "Key": key, "Object": value}}
