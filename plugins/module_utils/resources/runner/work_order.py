# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Work orders: put into the queue of what runs them, waited for, cancelled, restarted and deleted."""

from __future__ import annotations

import dataclasses

from ...client import features
from ...converge.resource import Object
from ...converge.task import Result, Task
from ..waiting import waiting
from .order_template import TARGETS, OrderTemplate
from .run_once import RunOnce, key_of
from .run_states import WORK_ORDERS, is_active

_SELECTING = ("Machine", "Filter", "Blueprint")


def run(task: Task) -> Result:
    """What ``drp_work_order`` does."""
    waiting.check(task, [WORK_ORDERS])
    task.client.require_feature(features.V4, "drp_work_order")
    template = OrderTemplate.of(task.client, task.options)
    return WorkOrder(task, WORK_ORDERS, key_of(task.options), template.spec, template).run()


@dataclasses.dataclass
class WorkOrder(RunOnce):
    """A work order for one target."""

    template: OrderTemplate

    identity = ("Blueprint", "Machine", "Filter")
    selecting = f"{', '.join(TARGETS)} or server_filter"

    def require_complete(self) -> None:
        self.template.require_complete("a new work order")

    def active(self) -> list[Object] | None:
        """Those for the same target and, where that is given, blueprint."""
        where = [name for name in _SELECTING if self.spec.get(name)]
        if not where or (where == ["Blueprint"] and self.task.options["state"] == "cancelled"):
            return None
        return [
            item
            for item in self.task.client.list(WORK_ORDERS, where[0], "Eq", str(self.spec[where[0]]))
            if is_active(WORK_ORDERS, item) and all(item.get(name) == self.spec[name] for name in where)
        ]

    @property
    def warnings(self) -> list[str]:
        return self.template.warnings
