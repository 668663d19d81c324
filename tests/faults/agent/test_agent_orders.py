# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble with the requests around work orders: each is taken once, runs once, and ends as it should."""

from __future__ import annotations

import re

import pytest

from agentlab import Agents

from .conftest import FAULTS, QUICK, UUID

pytestmark = [pytest.mark.needs_faults, pytest.mark.needs_v4]

ORDER = f"^work_orders/{UUID}$"
REQUESTS = {
    "list": ("GET", "^work_orders$", 0),
    "next list": ("GET", "^work_orders$", 2),
    "pick": ("POST", "/pick/", 0),
    "next pick": ("POST", "/pick/", 1),
    "read": ("GET", ORDER, 1),
    "ask": ("POST", "^jobs$", 0),
    "ask in vain": ("POST", "^jobs$", 1),
    "stop": ("PATCH", ORDER, 0),
}
OF_CLUSTERS = {"take": ("PATCH", ORDER, 0), "take the next": ("PATCH", ORDER, 1), "stop": ("PATCH", ORDER, 2)}


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
@pytest.mark.parametrize(
    ("kind", "request_name"),
    [("machines", name) for name in REQUESTS] + [("clusters", name) for name in OF_CLUSTERS],
)
def test_trouble_with(agents_v4: Agents, kind: str, request_name: str, order: int) -> None:
    agents_v4.kind = kind
    trace = agents_v4.folder / "trace"
    for name, code in (("good", 0), ("bad", 1)):
        agents_v4.task(name, f"echo {name} >> {trace}; exit {code}")
        agents_v4.blueprint(name, name)
    machine = agents_v4.machine(WorkOrderMode=True)
    orders = [agents_v4.order(machine, name) for name in ("good", "bad", "good")]
    method, path, skip = (REQUESTS if kind == "machines" else OF_CLUSTERS)[request_name]
    for fault in FAULTS[::order]:
        agents_v4.simulator.fault(path=path, method=method, skip=skip, times=1, **fault)
    agents_v4.run(machine, **QUICK)
    busy = [one for one in agents_v4.simulator.log() if one["status"] == 503]
    assert [(one["method"], bool(re.search(path, one["path"]))) for one in busy] == [(method, True)]
    assert trace.read_text().split() == ["good", "bad", "good"]
    states = [agents_v4.order_now(one)["State"] for one in orders]
    assert states == ["finished", "failed", "finished"]
    assert [job["State"] for job in agents_v4.jobs(machine)] == ["finished", "failed", "finished"]
