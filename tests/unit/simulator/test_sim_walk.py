# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workflows: expansion, the walk through them by POST /jobs, and what clients may not change."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import ApiError
from simulator.jobs import next_job
from simulator.models import MODELS
from simulator.render import RenderFailed, job_actions
from simulator.server import Server
from simulator.store import Row
from simulator.testing import Objects


@pytest.fixture
def machine(made: Objects) -> Row:
    for env in ("env-x", "env-y-install"):
        made.add("bootenvs", Name=env, OS={"Name": f"os-{env}"})
    for task in ("t1", "t2", "t3"):
        made.add("tasks", Name=task, Templates=[{"Name": "run", "Contents": "#!/bin/sh"}])
    made.add("stages", Name="AA", BootEnv="env-x", Tasks=["t1"])
    made.add("stages", Name="BB", Tasks=["t2"])
    made.add("stages", Name="CC", BootEnv="env-y-install", Tasks=["t3"])
    made.add("stages", Name="DD", BootEnv="local")
    made.add("workflows", Name="walk", Stages=["AA", "BB", "CC", "DD"])
    return made.add("machines", Name="m1", Workflow="walk")


class Agent:
    """Does what an agent does with jobs."""

    def __init__(self, made: Objects, machine: Row) -> None:
        self.made, self.key = made, machine.key

    @property
    def machine(self) -> dict[str, Any]:
        return self.made.row("machines", self.key).data

    def post(self) -> tuple[int, str]:
        row = self.made.row("machines", self.key)
        status, job = next_job(self.made.server, row, MODELS["jobs"].struct.zero(), "runner:x")
        return status, job.data["Task"] if job else ""

    def end(self, state: str = "finished") -> None:
        self.made.change(self.made.row("jobs", self.machine["CurrentJob"]), State=state)

    def runnable(self) -> None:
        self.made.change(self.made.row("machines", self.key), Runnable=True)


@pytest.fixture
def agent(made: Objects, machine: Row) -> Agent:
    return Agent(made, machine)


def test_expansion(machine: Row) -> None:
    assert machine.data["Tasks"] == [
        "stage:AA", "bootenv:env-x", "t1", "stage:BB", "t2", "stage:CC", "bootenv:env-y-install", "t3",
        "stage:DD", "bootenv:local",
    ]  # fmt: skip
    assert (machine.data["Stage"], machine.data["BootEnv"], machine.data["CurrentTask"]) == (
        "AA",
        "env-x",
        -1,
    )
    assert machine.data["Runnable"]


def test_walk(agent: Agent) -> None:
    assert agent.post() == (201, "t1")
    agent.end()
    assert agent.post() == (204, "")
    assert (agent.machine["CurrentTask"], agent.machine["Stage"]) == (3, "BB")
    assert agent.machine["Params"]["change-stage/map"] == {"AA": "BB"}
    assert agent.post() == (201, "t2")
    agent.end()
    assert agent.post() == (204, "")
    moved = agent.machine
    assert (moved["BootEnv"], moved["Runnable"], moved["OS"]) == ("env-y-install", False, "os-env-y-install")
    with pytest.raises(ApiError, match="not runnable"):
        agent.post()
    agent.runnable()
    assert agent.post() == (201, "t3")
    agent.end()
    assert agent.post() == (204, "")
    agent.runnable()
    assert agent.post() == (204, "")
    assert agent.machine["CurrentTask"] == 10
    before = agent.machine
    assert agent.post() == (204, "")
    assert agent.machine is before


def test_open_incomplete_and_failed_jobs(agent: Agent) -> None:
    agent.post()
    first = agent.machine["CurrentJob"]
    with pytest.raises(ApiError, match="already has"):
        agent.post()
    agent.end("incomplete")
    assert agent.post() == (202, "t1")
    agent.end("failed")
    assert agent.post() == (201, "t1")
    jobs = agent.made.server.store["jobs"].rows
    assert jobs[agent.machine["CurrentJob"]].data["Previous"] == first
    assert not jobs[first].data["Current"]


def test_reset_list_fails_the_open_job(agent: Agent) -> None:
    agent.post()
    first = agent.machine["CurrentJob"]
    agent.made.change(agent.made.row("machines", agent.key), CurrentTask=-1, Runnable=False)
    agent.runnable()
    assert agent.post() == (201, "t1")
    stale = agent.made.row("jobs", first).data
    assert (stale["State"], stale["ExitState"]) == ("failed", "failed")


def test_rewind_to_the_first_stage_of_the_bootenv(agent: Agent) -> None:
    agent.post()
    agent.end()
    agent.post()
    agent.post()
    assert agent.machine["CurrentTask"] == 4
    agent.made.change(agent.made.row("machines", agent.key), CurrentTask=-1)
    assert agent.machine["CurrentTask"] == 0


def test_machine_without_tasks(made: Objects) -> None:
    agent = Agent(made, made.add("machines", Name="bare"))
    assert agent.post() == (204, "")
    assert agent.machine["CurrentTask"] == 0
    assert agent.post() == (204, "")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Stage": "BB"}, "Changing machine stage not allowed"),
        ({"BootEnv": "local"}, "Changing machine bootenv not allowed"),
        ({"Workflow": "gone"}, "does not exist"),
        ({"CurrentTask": 1}, "Cannot change CurrentTask from -1 to 1"),
        ({"Tasks": ["t1"]}, "past the next stage transition"),
    ],
)
def test_refused_changes(made: Objects, machine: Row, members: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiError, match=message) as caught:
        made.change(machine, **members)
    assert caught.value.code == 422


def test_tasks_may_change_up_to_the_next_stage(agent: Agent) -> None:
    agent.post()
    tasks = agent.machine["Tasks"]
    changed = agent.made.change(agent.made.row("machines", agent.key), Tasks=[*tasks[:3], "t3", *tasks[3:]])
    assert changed.data["Tasks"][3] == "t3"
    with pytest.raises(ApiError, match="already executed"):
        agent.made.change(changed, Tasks=tasks[1:])


def test_leaving_the_workflow(made: Objects, machine: Row) -> None:
    left = made.change(machine, Workflow="").data
    assert (left["Stage"], left["Tasks"], left["BootEnv"]) == ("none", [], "env-x")


def test_actions_of_a_job(server: Server, made: Objects) -> None:
    made.add("templates", ID="part.tmpl", Contents="part of {{ .Machine.Name }}")
    made.add(
        "tasks",
        Name="render",
        RequiredParams=["who"],
        Templates=[
            {
                "Name": "run",
                "Contents": 'hi {{ .Param "who" }}, {{ template "part.tmpl" . }}',
                "Meta": {"OS": "linux"},
            },
            {
                "Name": "conf",
                "Path": "a/../{{ .Machine.Name }}.conf",
                "ID": "part.tmpl",
                "Meta": {"OS": "any"},
            },
            {"Name": "win", "Contents": "x", "Meta": {"OS": "windows"}},
        ],
    )
    machine = made.add("machines", Name="m2")
    made.change(machine, Tasks=["render"])
    agent = Agent(made, machine)
    agent.post()
    task = made.row("tasks", "render")
    with pytest.raises(RenderFailed, match="Missing required parameter who"):
        job_actions(server, made.row("machines", machine.key), task, "linux")
    changed = made.change(machine, Params={"who": "you"})
    assert [(a["Path"], a["Content"]) for a in job_actions(server, changed, task, "linux")] == [
        ("", "hi you, part of m2"),
        ("m2.conf", "part of m2"),
    ]
    assert len(job_actions(server, changed, task, "")) == 3
