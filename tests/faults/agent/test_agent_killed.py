# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at every step of a job: the next agent goes on, repeats nothing and leaves nothing open."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from patience import LIMIT, eventually

from agentlab import Agents, Object, alive
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import checkpoints

pytestmark = pytest.mark.needs_faults

QUICK = {"wait_timeout": 0.2, "exit_on_failure": False}


def job_with_three_actions(agents: Agents, last: str = "exit 0") -> Object:
    """A machine with that one task."""
    return agents.machine_with_tasks(task_with_three_actions(agents, last))


def task_with_three_actions(agents: Agents, last: str = "exit 0") -> str:
    """A script, a file and a script, each of which leaves a trace."""
    trace = agents.folder / "trace"
    return agents.task(
        "work",
        agents.script(f"echo one >> {trace}; echo from one", name="one"),
        {"Name": "file", "Path": f"{agents.folder}/written", "Contents": "content\n", "Meta": {}},
        agents.script(f"echo two >> {trace}; echo from two; {last}", name="two"),
    )


def run_until_killed(agents: Agents, machine: Object, where: str, **changes: object) -> None:
    agents.run_until(machine, where, **{**QUICK, **changes})


def run_next_agent(agents: Agents, machine: Object, **changes: object) -> list[str]:
    """The agent that comes after it, to its own end; what it did to the power."""
    agents.run(machine, **{**QUICK, **changes})
    return agents.power.done


def trace(agents: Agents) -> list[str]:
    return (agents.folder / "trace").read_text().split()


def occurrences(log: bytes, text: str) -> int:
    return len(re.findall(re.escape(text), log.decode()))


@pytest.mark.parametrize("where", checkpoints.NAMES)
def test_killed_at(agents: Agents, where: str) -> None:
    machine = job_with_three_actions(agents)
    run_until_killed(agents, machine, where)
    run_next_agent(agents, machine)
    assert trace(agents) == ["one", "two"], "an action was repeated, or lost"
    (job,) = agents.jobs(machine)
    assert (job["State"], job["ExitState"]) == ("finished", "complete")
    assert agents.now(machine)["CurrentTask"] == 1
    log = agents.log(job)
    for text in ("from one", "from two", "Action one finished", "Action two finished", "Task work finished"):
        assert occurrences(log, text) == 1, log.decode()
    assert occurrences(log, "Starting task") == 1
    assert log.index(b"from one") < log.index(b"from two") < log.index(b"Task work finished")
    assert not list((agents.folder / "state/jobs").iterdir())


@pytest.mark.needs_v4
@pytest.mark.parametrize("kind", ["machines", "clusters"])
@pytest.mark.parametrize("where", [*checkpoints.NAMES, *checkpoints.OF_WORK_ORDERS])
def test_killed_at_work_orders(agents_v4: Agents, where: str, kind: str) -> None:
    """Two work orders, each with one task of three actions: nothing is repeated, and none is left open."""
    agents_v4.kind = kind
    agents_v4.blueprint("work", task_with_three_actions(agents_v4))
    machine = agents_v4.machine(WorkOrderMode=True)
    orders = [agents_v4.order(machine, "work") for _number in range(2)]
    run_until_killed(agents_v4, machine, where)
    run_next_agent(agents_v4, machine)
    assert trace(agents_v4) == ["one", "two"] * 2, "an action was repeated, or lost"
    assert [agents_v4.order_now(order)["State"] for order in orders] == ["finished"] * 2
    jobs = agents_v4.jobs(machine)
    assert [(job["WorkOrder"], job["State"]) for job in jobs] == [
        (order["Uuid"], "finished") for order in orders
    ]
    for job in jobs:
        log = agents_v4.log(job)
        for text in ("from one", "from two", "Starting task", "Task work finished"):
            assert occurrences(log, text) == 1, log.decode()
    assert not list((agents_v4.folder / "state/jobs").iterdir())


@pytest.mark.needs_v4
@pytest.mark.parametrize("where", ["outcome saved", "job ended", "outcome applied"])
def test_killed_after_a_task_of_a_work_order_has_failed(agents_v4: Agents, where: str) -> None:
    agents_v4.blueprint("work", task_with_three_actions(agents_v4, last="exit 1"))
    machine = agents_v4.machine(WorkOrderMode=True)
    order = agents_v4.order(machine, "work")
    run_until_killed(agents_v4, machine, where)
    run_next_agent(agents_v4, machine, make_runnable=True)
    assert trace(agents_v4) == ["one", "two"]
    assert agents_v4.order_now(order)["State"] == "failed"


@pytest.mark.needs_v4
@pytest.mark.parametrize("where", ["outcome saved", "job ended"])
def test_a_work_order_goes_on_after_the_reboot_that_it_asked_for(agents_v4: Agents, where: str) -> None:
    agents_v4.task("after", f"echo after >> {agents_v4.folder / 'trace'}")
    agents_v4.blueprint("work", task_with_three_actions(agents_v4, last="exit 64"), "after")
    machine = agents_v4.machine(WorkOrderMode=True)
    order = agents_v4.order(machine, "work")
    run_until_killed(agents_v4, machine, where)
    assert run_next_agent(agents_v4, machine) == ["reboot"]
    new_boot(agents_v4)
    run_next_agent(agents_v4, machine, make_runnable=True)
    assert trace(agents_v4) == ["one", "two", "after"]
    assert agents_v4.power.done == ["reboot"]
    assert agents_v4.order_now(order)["State"] == "finished"


@pytest.mark.parametrize("where", ["script started@1", "action done@1", "log chunk sent"])
def test_killed_at_the_second_action(agents: Agents, where: str) -> None:
    machine = job_with_three_actions(agents, last="sleep 0.3")
    run_until_killed(agents, machine, where)
    run_next_agent(agents, machine)
    assert trace(agents) == ["one", "two"]
    (job,) = agents.jobs(machine)
    assert job["State"] == "finished"
    assert occurrences(agents.log(job), "from two") == 1


@pytest.mark.parametrize("where", ["outcome saved", "machine not runnable", "log complete", "job ended"])
def test_a_reboot_that_was_asked_for_is_not_forgotten(agents: Agents, where: str) -> None:
    machine = job_with_three_actions(agents, last="exit 64")
    run_until_killed(agents, machine, where)
    assert run_next_agent(agents, machine) == ["reboot"]
    (job,) = agents.jobs(machine)
    assert (job["State"], job["ExitState"]) == ("finished", "reboot")
    assert agents.now(machine)["Runnable"] is False
    assert trace(agents) == ["one", "two"]


@pytest.mark.parametrize("where", ["outcome saved", "job ended"])
def test_but_not_done_twice(agents: Agents, where: str) -> None:
    """The agent was ended, and then the machine was: what the task asked for has happened."""
    machine = job_with_three_actions(agents, last="exit 64")
    run_until_killed(agents, machine, where)
    new_boot(agents)
    assert run_next_agent(agents, machine) == []
    (job,) = agents.jobs(machine)
    assert (job["State"], job["ExitState"]) == ("finished", "reboot")


def new_boot(agents: Agents) -> None:
    """Make what the agent has noted look as if it were from before a reboot."""
    for file in (agents.folder / "state").glob("*.[js]*"):
        if file.suffix in (".job", ".state"):
            file.write_text(re.sub(r'"boot": "[^"]*"', '"boot": "earlier"', file.read_text()))


def test_a_reboot_in_the_middle_of_a_job(agents: Agents) -> None:
    """With the task directory still there the finished actions are not repeated."""
    machine = job_with_three_actions(agents)
    run_until_killed(agents, machine, "action done")
    new_boot(agents)
    run_next_agent(agents, machine)
    assert trace(agents) == ["one", "two"]
    assert agents.outcome(machine) == ("work", "finished", "complete")


def test_a_reboot_that_took_the_task_directory(agents: Agents) -> None:
    """What earlier actions have left there is gone: they have to run again."""
    machine = job_with_three_actions(agents)
    runner = agents.folder / "runner"
    run_until_killed(agents, machine, "action done", runner_dir=str(runner))
    new_boot(agents)
    for folder in runner.glob("work-*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    run_next_agent(agents, machine, runner_dir=str(runner))
    assert trace(agents) == ["one", "one", "two"]
    assert agents.outcome(machine) == ("work", "finished", "complete")


def test_without_notes_the_open_job_fails(agents: Agents) -> None:
    """As the reference does: nobody works at it any more, and a new job is made when the machine may run."""
    machine = job_with_three_actions(agents)
    run_until_killed(agents, machine, "action done")
    for file in (agents.folder / "state").glob("*.job"):
        file.unlink()
    run_next_agent(agents, machine)
    assert [job["State"] for job in agents.jobs(machine)] == ["failed", "finished"]


def test_the_script_survives_its_agent(agents: Agents) -> None:
    """The agent is killed while the script runs; the next one waits for it and loses none of its output."""
    go = agents.folder / "go"
    machine = agents.machine_with_tasks(
        agents.task(
            "long", f"echo begin; while [ ! -e {go} ]; do sleep 0.05; echo tick; done; echo end; exit 0"
        )
    )
    run_until_killed(agents, machine, "script started")
    job = agents.job(machine)
    assert job["State"] == "running"
    agent = agents.spawn(machine, "run", **QUICK)
    eventually(lambda: b"tick" in agents.log(job))
    assert agents.job(machine)["State"] == "running"
    go.touch()
    agent.communicate(timeout=LIMIT)
    assert agents.outcome(machine) == ("long", "finished", "complete")
    log = agents.log(job)
    assert occurrences(log, "begin") == 1
    assert log.index(b"end\nCommand exited with status 0") > 0
    assert len(agents.jobs(machine)) == 1


def test_the_job_was_taken_away_meanwhile(agents: Agents) -> None:
    """The server has failed the job: its script is ended, and nothing of it is taken up again."""
    machine = agents.machine_with_tasks(agents.task("long", f"echo $$ > {agents.folder}/pid; exec sleep 60"))
    run_until_killed(agents, machine, "script started")
    eventually((agents.folder / "pid").exists)
    job = agents.job(machine)
    agents.client.patch(
        "jobs", job["Uuid"], [{"op": "replace", "path": "/State", "from": "", "value": "failed"}]
    )
    change = [{"op": "replace", "path": "/Stage", "from": "", "value": "none"}]
    agents.client.patch("machines", machine["Uuid"], change, force=True)
    run_next_agent(agents, machine)
    pid = int((agents.folder / "pid").read_text())
    eventually(lambda: not alive(pid))


def test_the_supervisor_is_killed(agents: Agents) -> None:
    """Nobody knows how the script would have ended: it is ended with it, and the job fails."""
    machine = agents.machine_with_tasks(
        agents.task("long", f"echo $$ > {agents.folder}/pid; sleep 900 & wait")
    )
    agent = agents.spawn(machine, "run", **QUICK)
    eventually(lambda: (agents.folder / "pid").exists() and (agents.folder / "pid").read_text().strip())
    (pids,) = (agents.folder / "state/jobs").glob("*/run/pids")
    eventually(lambda: pids.read_text().strip())
    os.kill(int(json.loads(pids.read_text())["supervisor"]), signal.SIGKILL)
    agent.communicate(timeout=LIMIT)
    assert_lost(agents, machine)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("agent_too", [False, True], ids=["supervisor", "agent too"])
def test_a_script_kills_its_parents(agents: Agents, agent_too: bool, number: int) -> None:
    """Before or after its supervisor has noted which process it is: it runs once, and is ended."""
    agents_pid = "$(cut -d' ' -f4 /proc/$PPID/stat)" if agent_too else ""
    script = f"echo $$ >> {agents.folder}/pid; kill -9 {agents_pid} $PPID; sleep 900 & wait"
    machine = agents.machine_with_tasks(agents.task("murder", script))
    agent = agents.spawn(machine, "run", **QUICK)
    agent.communicate(timeout=LIMIT)
    if agent_too:
        assert agent.returncode == -signal.SIGKILL
        run_next_agent(agents, machine)
    assert_lost(agents, machine)


def assert_lost(agents: Agents, machine: Object) -> None:
    """The script was started once, and is gone; its job has failed."""
    assert agents.outcome(machine)[1:] == ("failed", "failed")
    assert occurrences(agents.log(agents.job(machine)), "was killed together with its supervisor") == 1
    script = int((agents.folder / "pid").read_text())
    eventually(lambda: not alive(script))
