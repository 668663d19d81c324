# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A v4 server with a blueprint, and what plays the agent that runs its work orders."""

from __future__ import annotations

import typing as t

from info_tasks import add

from simulator.launch import Simulator
from simulator.testing import Api

Object = dict[str, t.Any]
OCTETS = {"Content-Type": "application/octet-stream"}


class OrderRunner:
    """Machine ``m1`` in work order mode, and blueprint ``rotate`` with the tasks ``stop`` and ``go``."""

    def __init__(self, simulator: Simulator) -> None:
        self.api = Api(simulator)
        for name in ("stop", "go"):
            add(self.api, "tasks", Name=name)
        add(self.api, "blueprints", Name="rotate", Tasks=["stop", "go"], Params={"days": 30})
        self.machine = add(self.api, "machines", Name="m1", WorkOrderMode=True, Stage="none")["Uuid"]

    def orders(self) -> list[Object]:
        return t.cast("list[Object]", self.api("GET", "work_orders").json())

    def run(self, order: str, fail: str = "") -> None:
        """Pick the work order and do its tasks; ``fail`` names one that fails."""
        self.api("POST", f"machines/{self.machine}/pick/{order}").raise_for_status()
        while (
            answer := self.api("POST", "jobs", json={"Machine": self.machine, "WorkOrder": order})
        ).content:
            answer.raise_for_status()
            job = answer.json()
            log = f"{job['Task']} says so\n".encode()
            self.api("PUT", f"jobs/{job['Uuid']}/log", data=log, headers=OCTETS).raise_for_status()
            state = "failed" if job["Task"] == fail else "finished"
            patch = [{"op": "replace", "path": "/State", "value": state}]
            self.api("PATCH", f"jobs/{job['Uuid']}", json=patch).raise_for_status()
            if state == "failed":
                return
