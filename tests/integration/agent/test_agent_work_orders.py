# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in work order mode: nothing of its workflow runs, and everybody is told so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import LIMIT, NEVER, eventually

from agentlab import Agents
from simulator.launch import Simulator

pytestmark = pytest.mark.needs_v4


@pytest.fixture
def agents_v4(v4_simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agents]:
    monkeypatch.setenv("NO_PROXY", "*")
    v4_simulator.reset()
    lab = Agents(v4_simulator, tmp_path)
    yield lab
    lab.client.close()


def test_waits_until_the_mode_ends_and_says_so(agents_v4: Agents) -> None:
    machine = agents_v4.machine_with_tasks(agents_v4.task("say", "true"))
    key = machine["Uuid"]
    mode = {"op": "replace", "path": "/WorkOrderMode", "value": True}
    agents_v4.client.patch("machines", key, [mode])

    checked = agents_v4.spawn(machine, "check", "--json")
    findings = {one["what"]: one for one in json.loads(checked.communicate(timeout=LIMIT)[0])}
    assert not findings["work_orders"]["ok"]
    assert "does not serve work orders (0 wait, 0 run)" in findings["work_orders"]["told"]

    agent = agents_v4.spawn(machine, "run", wait_timeout=NEVER)
    try:
        eventually(lambda: "work_orders" in status(agents_v4, machine))
        assert agents_v4.client.list("jobs") == []
        agents_v4.client.patch("machines", key, [{**mode, "value": False}])
        eventually(lambda: [job["State"] for job in agents_v4.client.list("jobs")][-1:] == ["finished"])
    finally:
        agent.terminate()
        said, _none = agent.communicate(timeout=LIMIT)
    assert "Waiting until work order mode ends: the machine is in work order mode" in said


def status(agents: Agents, machine: dict[str, object]) -> str:
    return agents.spawn(machine, "status", "--json").communicate(timeout=LIMIT)[0]
