# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and resource brokers run workflows like machines, but for what only a machine can do."""

from __future__ import annotations

import json

import pytest
from patience import LIMIT

from agentlab import Agents, State

pytestmark = pytest.mark.needs_v4
STAYS = {"exit_on_failure": False}


@pytest.fixture(params=["clusters", "resource_brokers"])
def agents(request: pytest.FixtureRequest, agents_v4: Agents) -> Agents:
    agents_v4.kind = request.param
    return agents_v4


@pytest.fixture
def word(agents: Agents) -> str:
    return {"clusters": "cluster", "resource_brokers": "resource broker"}[agents.kind]


def test_a_workflow_to_its_end(agents: Agents, word: str) -> None:
    agents.stage("first", agents.task("one", "echo of one"))
    agents.stage("second", agents.task("two", f'echo "$RS_UUID" > {agents.folder}/uuid'))
    cluster = agents.machine(Workflow=agents.workflow("both", "first", "second"))
    agents.run(cluster)
    now = agents.now(cluster)
    assert now["CurrentTask"] == len(now["Tasks"])
    assert now["Stage"] == "second"
    done = [(job["Task"], job["State"]) for job in agents.jobs(cluster) if ":" not in job["Task"]]
    assert done == [("one", "finished"), ("two", "finished")]
    assert (agents.folder / "uuid").read_text().strip() == cluster["Uuid"]
    assert f"Waiting on {word} to become runnable" in agents.messages


@pytest.mark.parametrize(
    ("code", "wanted", "done"), [(64, "reboot", "rebooted"), (32, "poweroff", "powered off")]
)
def test_what_its_tasks_ask_of_the_power_is_skipped(
    agents: Agents, word: str, code: int, wanted: str, done: str
) -> None:
    cluster = agents.machine_with_tasks(agents.task("ask", f"exit {code}"), agents.task("after", "true"))
    states = agents.run(cluster, **STAYS)
    assert agents.power.done == []
    assert not {State.REBOOT, State.POWEROFF} & set(states)
    assert agents.outcome(cluster) == ("ask", "finished", wanted)
    assert f"A {word} is not {done}: only machines are. The agent goes on" in agents.messages
    agents.runnable(cluster)
    agents.run(cluster, **STAYS)
    assert agents.outcome(cluster) == ("after", "finished", "complete")


def test_another_boot_environment_means_nothing(agents: Agents) -> None:
    agents.stage("there", agents.task("work", "true"), BootEnv=agents.bootenv("rescue"))
    cluster = agents.machine(Workflow=agents.workflow("moves", "there"))
    states = agents.run(cluster, **STAYS)
    agents.runnable(cluster)
    states += agents.run(cluster, **STAYS)
    assert agents.power.done == []
    assert not {State.REBOOT, State.KEXEC} & set(states)
    assert ("work", "finished") in [(job["Task"], job["State"]) for job in agents.jobs(cluster)]


def test_scripts_get_and_set_its_params(agents: Agents) -> None:
    task = agents.task("params", 'source ./helper; [ "$(get_param size)" = 3 ]; set_param answer 42')
    cluster = agents.machine_with_tasks(task, Params={"size": 3})
    agents.run(cluster)
    assert agents.outcome(cluster) == ("params", "finished", "complete")
    assert agents.now(cluster)["Params"]["answer"] == 42


def test_check_and_status_name_it(agents: Agents, word: str) -> None:
    cluster = agents.machine()
    checked = agents.spawn(cluster, "check", "--json").communicate(timeout=LIMIT)[0]
    findings = {one["what"]: one for one in json.loads(checked)}
    assert all(one["ok"] for one in findings.values()), checked
    assert f"a {word}: no task of it reboots this host" in findings["machine"]["told"]
    named = {"machine": f"Name:{cluster['Name']}", "token": agents.client.token()}
    status = json.loads(agents.spawn(cluster, "status", "--json", **named).communicate(timeout=LIMIT)[0])
    assert (status["kind"], status["machine"]) == (agents.kind, cluster["Uuid"])


def test_a_machine_is_no_cluster(agents_v4: Agents) -> None:
    machine = agents_v4.machine()
    agent = agents_v4.spawn(machine, "once", kind="clusters")
    said = agent.communicate(timeout=LIMIT)[0]
    assert agent.returncode == 1
    assert f"clusters/{machine['Uuid']}" in said
    assert "Traceback" not in said
