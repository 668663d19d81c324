# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that loses replies, cuts connections, answers 5xx, is slow or restarts, at each request of a job.

Whatever it does, the scripts run once, the log is whole, and the job ends as it should.
"""

from __future__ import annotations

import re
import threading
import time

import pytest
from patience import LIMIT, eventually

from agentlab import Agents, Object

from .conftest import FAULTS, QUICK, UUID

pytestmark = pytest.mark.needs_faults

REQUESTS = {
    "wait": ("GET", f"^machines/{UUID}$", 1),
    "ask": ("POST", "^jobs$", 0),
    "task": ("GET", "^tasks/", 0),
    "start": ("PATCH", f"^jobs/{UUID}$", 0),
    "actions": ("GET", "/actions$", 0),
    "param": ("GET", "/params/", 0),
    "log": ("PUT", "/log$", 0),
    "more of the log": ("PUT", "/log$", 1),
    "machine": ("PATCH", f"^machines/{UUID}$", 0),
    "end": ("PATCH", f"^jobs/{UUID}$", 1),
}


def make_job(agents: Agents) -> Object:
    """A job that makes every kind of request; its log takes more than one."""
    trace = agents.folder / "trace"
    return agents.machine_with_tasks(
        agents.task(
            "work",
            agents.script(f"echo one >> {trace}; seq 1 100000", name="one"),
            agents.script(f"echo two >> {trace}; echo the end; exit 16", name="two"),
        )
    )


def assert_job_ran_once(agents: Agents, machine: Object) -> None:
    """The one job of the machine has run once, and said all of it once, in order."""
    assert (agents.folder / "trace").read_text().split() == ["one", "two"]
    (job,) = agents.jobs(machine)
    assert (job["State"], job["ExitState"]) == ("finished", "stop")
    lines = agents.log(job).decode().splitlines()
    numbers = [line for line in lines if re.fullmatch(r"\d+", line)]
    assert numbers == [str(number) for number in range(1, 100001)]
    rest = [line for line in lines if not re.fullmatch(r"\d+", line)]
    assert [line.partition(" /")[0] for line in rest if line] == [
        f"Log for Job: {job['Uuid']}",
        f"Starting task :{job['Stage']}:work on {machine['Name']}",
        "Starting command",
        "Command running",
        "Command exited with status 0",
        "Action one finished",
        "Starting command",
        "Command running",
        "the end",
        "Command exited with status 16",
        "Action two finished",
        "Task work finished",
        f"Marked machine {machine['Name']} as not runnable",
        f"Updated job for :{job['Stage']}:work to finished",
        "Task signalled runner to stop",
        "Task signalled that it finished normally",
    ]


@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
@pytest.mark.parametrize("request_name", REQUESTS)
def test_trouble_with(agents: Agents, request_name: str, order: int) -> None:
    """One trouble after the other, each with the next try of the same request."""
    machine = make_job(agents)
    method, path, skip = REQUESTS[request_name]
    for fault in FAULTS[::order]:
        agents.simulator.fault(path=path, method=method, skip=skip, times=1, **fault)
    agents.run(machine, **QUICK)
    assert_job_ran_once(agents, machine)


def test_a_stage_change_whose_answer_is_lost(agents: Agents) -> None:
    """The server has moved the machine into another boot environment, and nobody has heard of it."""
    agents.bootenv("other-env")
    agents.task("first", "true")
    agents.stage("one", "first", BootEnv="local")
    agents.stage("two", BootEnv="other-env")
    agents.workflow("flow", "one", "two")
    machine = agents.machine(Workflow="flow")
    agents.simulator.fault("lose_reply", "^jobs$", "POST", skip=1)
    agents.run(machine, **QUICK)
    assert agents.now(machine)["BootEnv"] == "other-env"
    assert agents.power.done == ["reboot"]


def test_a_map_step_whose_answer_is_lost(agents: Agents) -> None:
    agents.task("first", "true")
    agents.stage("begin")
    agents.stage("next", "first")
    machine = agents.machine(Stage="begin", Params={"change-stage/map": {"begin": "next"}})
    agents.simulator.fault("lose_reply", f"^machines/{UUID}$", "PATCH")
    agents.run(machine, **QUICK)
    assert agents.outcome(machine) == ("first", "finished", "complete")


@pytest.mark.parametrize("where", ["before", "during", "after"])
def test_the_server_is_restarted(agents: Agents, where: str) -> None:
    """Between jobs, while a script runs, and when the outcome is due."""
    go = agents.folder / "go"
    waiting = f"touch {agents.folder}/begun; while [ ! -e {go} ]; do sleep 0.02; done; echo after the restart"
    machine = agents.machine_with_tasks(agents.task("calm", "echo calm"), agents.task("long", waiting))
    runner = threading.Thread(target=agents.run, args=(machine,), kwargs=QUICK)
    if where == "before":
        agents.simulator.restart(0.3)
        agents.simulator.wait_ready()
    runner.start()
    eventually((agents.folder / "begun").exists)
    if where == "during":
        agents.simulator.restart(0.5)
        agents.simulator.wait_ready()
    go.touch()
    if where == "after":
        agents.simulator.restart(1.0)
        agents.simulator.wait_ready()
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("long", "finished", "complete")
    assert agents.log(agents.job(machine)).count(b"after the restart") == 1


def test_a_server_that_is_away_for_the_whole_job(agents: Agents) -> None:
    """The script neither waits nor fails; its output is there when the server is."""
    done = agents.folder / "done"
    machine = agents.machine_with_tasks(agents.task("chatty", f"seq 1 50000; echo finished > {done}"))
    agents.simulator.fault("drop", "/log$", "PUT", times=0)
    runner = threading.Thread(target=agents.run, args=(machine,), kwargs=QUICK)
    runner.start()
    eventually(done.exists)
    time.sleep(0.3)
    assert agents.job(machine)["State"] == "running"
    assert b"50000" not in agents.log(agents.job(machine))
    agents.simulator.clear_faults()
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("chatty", "finished", "complete")
    numbers = [line for line in agents.log(agents.job(machine)).splitlines() if line.isdigit()]
    assert numbers == [str(number).encode() for number in range(1, 50001)]


def test_a_slow_server(agents: Agents) -> None:
    machine = make_job(agents)
    agents.simulator.fault("delay", "", times=0, delay=0.05)
    agents.run(machine, **QUICK)
    agents.simulator.clear_faults()
    assert_job_ran_once(agents, machine)


def test_a_server_that_refuses_the_log(agents: Agents) -> None:
    """For good, that is: the job ends all the same."""
    machine = make_job(agents)
    agents.simulator.fault("status", "/log$", "PUT", times=0, status=413, body="too large")
    agents.run(machine, **QUICK)
    (job,) = agents.jobs(machine)
    assert job["State"] == "finished"
    assert any("refuses the log" in line for line in agents.messages)


def test_lost_websockets_cost_nothing(agents: Agents) -> None:
    """Trap 22: neither INIT nor a failed job comes of it."""
    machine = agents.machine_with_tasks(agents.task("late", "true"))
    agents.client.patch(
        "machines", machine["Uuid"], [{"op": "replace", "path": "/Runnable", "from": "", "value": False}]
    )
    states: list[object] = []
    agent = agents.agent(machine, **{**QUICK, "wait_timeout": 1.0})
    agent.on_state = states.append
    runner = threading.Thread(target=agent.run)
    runner.start()
    eventually(lambda: len(states) == 2)
    time.sleep(0.1)
    agents.simulator.drop_websockets()
    agents.runnable(machine)
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("late", "finished", "complete")
    assert [int(str(state.value)) for state in states].count(0) == 1  # type: ignore[attr-defined]


def test_an_expired_token_is_taken_from_its_file(agents: Agents) -> None:
    """Trap 23: nobody renews a machine token, but whoever replaces the file helps a running agent."""
    machine = agents.machine_with_tasks(agents.task("late", "true"))
    file = agents.folder / "token"
    file.write_text(agents.simulator.machine_token(machine["Uuid"]))
    agents.simulator.expire_tokens()
    agents.client = agents._admin()
    agent = agents.agent(machine, **{**QUICK, "token": "", "token_file": str(file)})
    runner = threading.Thread(target=agent.run)
    runner.start()
    eventually(lambda: any("Write a new one there" in line for line in agents.messages))
    file.write_text(agents.simulator.machine_token(machine["Uuid"]))
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("late", "finished", "complete")


def revoke(agents: Agents, machine: Object) -> None:
    """All tokens of the machine end."""
    operations = [{"op": "replace", "path": "/Secret", "from": "", "value": f"other-{time.monotonic_ns()}"}]
    agents.client.patch("machines", machine["Uuid"], operations)


def test_a_token_that_is_revoked_while_the_agent_waits(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("late", "true"))
    file = agents.folder / "token"
    file.write_text(agents.simulator.machine_token(machine["Uuid"]))
    revoke(agents, machine)
    agent = agents.agent(machine, **{**QUICK, "token": "", "token_file": str(file)})
    runner = threading.Thread(target=agent.run)
    runner.start()
    eventually(lambda: any("was revoked" in line for line in agents.messages))
    file.write_text(agents.simulator.machine_token(machine["Uuid"]))
    runner.join(LIMIT)
    assert agents.outcome(machine) == ("late", "finished", "complete")


@pytest.mark.parametrize("systemd", [False, True], ids=["plain", "a copy by systemd"])
def test_a_token_that_is_revoked_in_the_middle_of_a_job(agents: Agents, systemd: bool) -> None:
    """The job ends and its log is whole, though nobody takes either while the token is dead."""
    go, begun = agents.folder / "go", agents.folder / "begun"
    script = f"seq 1 1000; touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; seq 1001 2000"
    machine = agents.machine_with_tasks(agents.task("long", script))
    copy, file = agents.folder / "copy", agents.folder / "token"
    token = agents.simulator.machine_token(machine["Uuid"])
    file.write_text(token)
    copy.write_text(token)
    paths = f"{copy}:{file}" if systemd else str(file)
    agent = agents.agent(machine, **{**QUICK, "token": "", "token_file": paths})
    runner = threading.Thread(target=agent.run)
    runner.start()
    eventually(begun.exists)
    revoke(agents, machine)
    refused = len([entry for entry in agents.simulator.log() if entry["status"] == 403])
    go.touch()
    eventually(
        lambda: len([entry for entry in agents.simulator.log() if entry["status"] == 403]) > refused + 3
    )
    assert agents.job(machine)["State"] == "running"
    file.write_text(agents.simulator.machine_token(machine["Uuid"]))
    runner.join(LIMIT)
    assert not runner.is_alive()
    assert agents.outcome(machine) == ("long", "finished", "complete")
    numbers = [line for line in agents.log(agents.job(machine)).decode().splitlines() if line.isdecimal()]
    assert numbers == [str(number) for number in range(1, 2001)]
