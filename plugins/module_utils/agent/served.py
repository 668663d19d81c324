# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What an agent serves: an object with a list of tasks.  Nothing else knows what kinds of these there are.

Machines, clusters and resource brokers run workflows and work orders.  A work order has a task list, a
current job and a Runnable of its own, and what runs it is left alone meanwhile.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..client.client import Client, Object
from ..client.errors import UsageError
from ..client.objects import actions, params
from ..client.patch import Patch

MACHINES = "machines"
KINDS = (MACHINES, "clusters", "resource_brokers")
"""What an agent can be configured to serve."""
WORK_ORDERS = "work_orders"
_WORDS = {
    MACHINES: "machine",
    "clusters": "cluster",
    "resource_brokers": "resource broker",
    WORK_ORDERS: "work order",
}


@dataclasses.dataclass(frozen=True)
class TaskOwner:
    """An object whose tasks become jobs."""

    kind: str
    uuid: str

    @property
    def word(self) -> str:
        """What it is called in a sentence."""
        return _WORDS[self.kind]

    @property
    def events(self) -> tuple[str, ...]:
        """The events that tell that it may have changed."""
        return tuple(f"{self.kind}.{action}.{self.uuid}" for action in ("update", "save", "delete"))

    @property
    def job_members(self) -> dict[str, str]:
        """How its jobs name it, and how a request for one does."""
        return {"Machine": self.uuid}

    def read(self, client: Client) -> Object:
        """NotFound when it is gone."""
        return client.get(self.kind, self.uuid)

    def patch(self, client: Client, operations: Patch) -> Object:
        """Its new state; Conflict when a test does not hold."""
        return client.patch(self.kind, self.uuid, operations)


@dataclasses.dataclass(frozen=True)
class WorkOrder(TaskOwner):
    """A work order, and what runs it."""

    runner: Served

    @property
    def job_members(self) -> dict[str, str]:
        return {**self.runner.job_members, "WorkOrder": self.uuid}


@dataclasses.dataclass(frozen=True)
class Served(TaskOwner):
    """The machine, cluster or resource broker of an agent."""

    @property
    def boots(self) -> bool:
        """Whether it has power and a boot environment: the agent's own host, and nothing else, does."""
        return self.kind == MACHINES

    @property
    def can_pick(self) -> bool:
        """Whether the server picks work orders for it: v4's interface says so of machines only."""
        return self.kind == MACHINES

    def param(self, client: Client, name: str, aggregate: bool = True, decode: bool = False) -> t.Any:
        """A param, by default with those of its profiles and the default of the param; None for none."""
        return params.get(client, self.kind, self.uuid, name, aggregate=aggregate, decode=decode)

    def set_param(self, client: Client, name: str, value: t.Any) -> t.Any:
        """Set a param of its own; the value as stored."""
        return params.set(client, self.kind, self.uuid, name, value)

    def run_action(self, client: Client, command: str) -> None:
        """Have a plugin do something; NotFound when none can."""
        actions.describe(client, self.kind, self.uuid, command)
        actions.run(client, self.kind, self.uuid, command)

    def work_order(self, uuid: str) -> WorkOrder:
        return WorkOrder(WORK_ORDERS, uuid, self)

    def owner_of(self, job: Object) -> TaskOwner:
        """Whose task a job runs: a work order's, or its own."""
        order = str(job.get("WorkOrder") or "")
        return self.work_order(order) if order else self


def check_kind(kind: str) -> str:
    """``kind``; UsageError for what no agent serves."""
    if kind not in KINDS:
        raise UsageError(f"kind: {kind[:80]!r} is none of what an agent can serve: {', '.join(KINDS)}")
    return kind
