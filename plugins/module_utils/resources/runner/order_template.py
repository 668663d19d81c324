# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a work order is to do and where, as options of a task say it: of one, or of each of a batch."""

from __future__ import annotations

import dataclasses
import typing as t

from ...client import models
from ...client.client import Client
from ...client.errors import UsageError
from ...converge.resource import Object
from ...converge.task import Options
from ..lookup import find_one

TARGETS = {"machine": "machines", "cluster": "clusters", "resource_broker": "resource_brokers"}
"""Option -> kind of what the work order is for."""
TEMPLATE_SPEC: dict[str, dict[str, t.Any]] = {
    "blueprint": {"type": "str"},
    "machine": {"type": "str"},
    "cluster": {"type": "str"},
    "resource_broker": {"type": "str"},
    "server_filter": {"type": "str"},
    "params": {"type": "dict"},
    "profiles": {"type": "list", "elements": "str"},
    "tasks": {"type": "list", "elements": "str"},
    "context": {"type": "str"},
    "mode": {"type": "str"},
    "on_failure": {"type": "str"},
    "meta": {"type": "dict"},
}
TARGETS_EXCLUDE_EACH_OTHER = [[*TARGETS, "server_filter"]]
_MEMBERS = {
    "blueprint": "Blueprint",
    "server_filter": "Filter",
    "params": "Params",
    "profiles": "Profiles",
    "tasks": "Tasks",
    "context": "Context",
    "mode": "Mode",
    "on_failure": "OnFailure",
    "meta": "Meta",
}


@dataclasses.dataclass(frozen=True)
class OrderTemplate:
    """The members of a work order that the options give, and what it is for."""

    spec: Object
    target_kind: str
    target: Object
    option: str = ""
    """The option that holds the others, or ""."""

    @classmethod
    def of(cls, client: Client, options: Options, option: str = "") -> OrderTemplate:
        """UsageError for a machine, cluster or resource broker that there is not."""
        spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
        named = next((name for name in TARGETS if options.get(name) is not None), "")
        kind = TARGETS.get(named, "")
        target = find_one(client, kind, options[named]) if kind else {}
        if target:
            spec["Machine"] = target["Uuid"]
        return cls(spec, kind, target, option)

    def require_complete(self, what: str) -> None:
        """UsageError unless it says what is to be done, and where."""
        prefix = f"{self.option}: " if self.option else ""
        if not self.spec.get("Blueprint"):
            raise UsageError(f"{prefix}blueprint: is required for {what}")
        if not self.target and not self.spec.get("Filter"):
            raise UsageError(f"{prefix}set one of {', '.join(TARGETS)} or server_filter for {what}")

    @property
    def warnings(self) -> list[str]:
        if not self.target or self.target.get("WorkOrderMode", True):
            return []
        label = f"{models.get(self.target_kind).singular} {models.label_of(self.target_kind, self.target)}"
        return [
            f"{label} is not in work order mode: the work order waits until that is set with "
            "work_order_mode: true"
        ]
