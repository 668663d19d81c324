# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acceptance scenarios: real scripts, a real (embedded) server, and the jobs that must come out."""

from __future__ import annotations

import pytest
from patience import LIMIT

from agentlab import ORIGINAL, Agents, Object, State
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.agent import agent_token


def once(marker: str, code: int) -> str:
    """A script that ends with ``code`` the first time and with 0 from then on."""
    return f"[ -e {marker} ] && exit 0; touch {marker}; exit {code}"


def step(agents: Agents, machine: Object) -> tuple[str, str, str]:
    """Runnable, one run, the outcome."""
    agents.runnable(machine)
    agents.run(machine)
    return agents.outcome(machine)


def test_sane_codes_then_original_ones(agents: Agents) -> None:
    """Scenarios 1 and 2 as one run of two tasks."""
    marks = [agents.folder / f"mark{number}" for number in range(8)]
    sane = [once(str(mark), code) for mark, code in zip(marks, (64, 32, 16, 1, 128), strict=False)]
    old = [once(str(mark), code) for mark, code in zip(marks[5:], (1, 4, 2), strict=True)]
    agents.task("task2", *sane)
    agents.task("task1", *old, meta=ORIGINAL)
    machine = agents.machine_with_tasks("task2", "task1")
    assert step(agents, machine) == ("task2", "incomplete", "reboot")
    assert step(agents, machine) == ("task2", "incomplete", "poweroff")
    assert step(agents, machine) == ("task2", "incomplete", "stop")
    assert step(agents, machine) == ("task2", "failed", "failed")
    assert step(agents, machine) == ("task2", "incomplete", "complete")
    assert agents.power.done == ["reboot", "poweroff"]
    assert step(agents, machine) == ("task1", "incomplete", "reboot")
    assert step(agents, machine) == ("task1", "failed", "failed")
    assert step(agents, machine) == ("task1", "incomplete", "complete")
    assert step(agents, machine) == ("task1", "finished", "complete")
    now = agents.now(machine)
    assert now["CurrentTask"] == len(now["Tasks"])
    assert len(agents.jobs(machine)) == 4


def staged(agents: Agents, word: str, **next_stage: object) -> Object:
    """A machine whose stage leads to ``next`` by the map."""
    agents.task("first", "echo one")
    agents.task("second", "echo two")
    agents.stage("begin", "first")
    agents.stage("next", "second", **next_stage)
    return agents.machine(Stage="begin", Params={"change-stage/map": {"begin": word}})


def test_the_map_leads_on(agents: Agents) -> None:
    """Scenario 3."""
    machine = staged(agents, "next:Success")
    states = agents.run(machine)
    assert [job["Task"] for job in agents.jobs(machine)] == ["first", "second"]
    assert agents.outcome(machine) == ("second", "finished", "complete")
    assert State.CHANGE_STAGE in states
    assert states[-1] == State.EXIT


@pytest.mark.parametrize(
    ("word", "reboot", "last"),
    [
        ("next:Reboot", False, State.REBOOT),
        ("next:Stop", False, State.EXIT),
        ("next:Shutdown", False, State.POWEROFF),
        ("next:Poweroff", False, State.POWEROFF),
        ("next", True, State.REBOOT),
        ("next:Stop", True, State.REBOOT),
    ],
)
def test_the_map_stops_here(agents: Agents, word: str, reboot: bool, last: State) -> None:
    """Scenario 4, and trap 1."""
    machine = staged(agents, word, Reboot=reboot)
    states = agents.run(machine)
    assert states[-1] == last
    assert [job["Task"] for job in agents.jobs(machine)] == ["first"]
    assert agents.now(machine)["Stage"] == "next"
    wanted = {State.REBOOT: ["reboot"], State.POWEROFF: ["poweroff"]}
    assert agents.power.done == wanted.get(last, [])


def test_unknown_words_say_nothing(agents: Agents) -> None:
    machine = staged(agents, "next:Dance")
    agents.run(machine)
    assert agents.outcome(machine) == ("second", "finished", "complete")


def test_install_is_a_matter_of_the_boot_environment(agents: Agents) -> None:
    """Scenario 5."""
    agents.task("first", "true")
    agents.stage("some-install", "first", BootEnv="local")
    machine = agents.machine(Stage="some-install")
    agents.run(machine)
    assert len(agents.jobs(machine)) == 1
    assert agents.now(machine)["Stage"] == "some-install"


def test_leaving_an_installation(agents: Agents) -> None:
    agents.bootenv("os-install")
    agents.task("first", "true")
    agents.stage("installing", "first", BootEnv="os-install")
    machine = agents.machine(Stage="installing")
    assert agents.run(machine)[-1] == State.EXIT
    now = agents.now(machine)
    assert (now["Stage"], now["BootEnv"]) == ("local", "local")
    assert agents.power.done == []


def test_a_machine_without_tasks(agents: Agents) -> None:
    """Scenario 6."""
    machine = agents.machine()
    agents.run(machine, wait_timeout=0.5)
    assert agents.job_request_statuses() == [204, 204]
    assert agents.now(machine)["CurrentTask"] == 0


def test_another_workflow_in_the_middle_of_a_job(agents: Agents) -> None:
    """Scenario 7."""
    agents.task("second", "echo two")
    agents.stage("after", "second")
    agents.workflow("later", "after")
    agents.task("first", f"while [ ! -e {agents.folder}/go ]; do sleep 0.02; done")
    agents.stage("before", "first", "second")
    agents.workflow("early", "before")
    machine = agents.machine(Workflow="early")
    agent = agents.spawn(machine, "once", wait_timeout=1.0)
    while agents.now(machine)["CurrentTask"] != 1:
        pass
    change = [{"op": "replace", "path": "/Workflow", "from": "", "value": "later"}]
    agents.client.patch("machines", machine["Uuid"], change)
    (agents.folder / "go").touch()
    assert agent.wait(LIMIT) == 0
    done = [(job["Task"], job["State"], job["CurrentIndex"]) for job in agents.jobs(machine)]
    assert done == [("first", "finished", 1), ("second", "finished", 1)]


@pytest.mark.needs_incrementer
def test_actions_of_the_server(agents: Agents) -> None:
    """Scenario 8, and trap 21."""
    agents.client.create("plugins", {"Name": "counter", "Provider": "incrementer"})
    agents.task("first", "true")
    machine = agents.machine(Tasks=["action:increment", "first", "action:nobody-knows-this"])
    states = agents.run(machine)
    outcomes = [(job["Task"], job["State"]) for job in agents.jobs(machine)]
    assert outcomes == [
        ("action:increment", "finished"),
        ("first", "finished"),
        ("action:nobody-knows-this", "failed"),
    ]
    assert agents.now(machine)["Runnable"] is False
    assert states[-2:] == [State.WAIT_FOR_RUNNABLE, State.EXIT]


def test_the_worked_example(agents: Agents) -> None:
    """A[bootenv X; t1], B[-; t2], C[Y-install; t3], D[local; -]: four agents, as after each reboot."""
    for name in ("X1", "Y-install"):
        agents.bootenv(name)
    for number in (1, 2, 3):
        agents.task(f"t{number}x", "true")
    agents.stage("AA", "t1x", BootEnv="X1")
    agents.stage("BB", "t2x")
    agents.stage("CC", "t3x", BootEnv="Y-install")
    agents.stage("DD", BootEnv="local")
    agents.workflow("flow", "AA", "BB", "CC", "DD")
    machine = agents.machine(Workflow="flow")

    def boot() -> tuple[State, list[int]]:
        """A run in a new boot; where it ended, and the answers to POST."""
        for file in (agents.folder / "state").glob("*.state"):
            file.unlink()
        agents.runnable(machine)
        before = len(agents.job_request_statuses())
        last = agents.run(machine)[-1]
        return last, agents.job_request_statuses(before)

    assert boot() == (State.REBOOT, [201, 204, 201, 204])
    now = agents.now(machine)
    assert (now["CurrentTask"], now["Stage"], now["BootEnv"], now["Runnable"]) == (
        5,
        "CC",
        "Y-install",
        False,
    )
    assert boot() == (State.EXIT, [201, 204])
    now = agents.now(machine)
    assert (now["CurrentTask"], now["Stage"], now["BootEnv"], now["Runnable"]) == (8, "DD", "local", False)
    assert boot() == (State.EXIT, [204, 204])
    assert agents.now(machine)["CurrentTask"] == 10
    assert agents.power.done == ["reboot"]
    tasks = [job["Task"] for job in agents.jobs(machine) if ":" not in job["Task"]]
    assert tasks == ["t1x", "t2x", "t3x"]


def test_with_a_token_of_the_role_that_the_collection_makes(agents: Agents) -> None:
    """An unlicensed server takes that role from a content pack at least."""
    agents.task("report", ". ./helper; set_param seen 1 && [ $(get_param seen) = 1 ]")
    machine = agents.machine_with_tasks("report", Address="192.0.2.7", Params={"seen": 0})
    name = agent_token.user_name_for(machine["Uuid"])
    role = {"Name": name, "Claims": agent_token.claims_for(machine["Uuid"], machine["Address"])}
    pack = {"meta": {"Name": "agent-roles"}, "sections": {"roles": {name: role}}}
    agents.client.req().post(pack).url_for("contents").do()
    stored = agents.client.get("roles", name)
    assert (stored["Available"], stored["Errors"]) == (True, [])
    agents.client.create("users", {"Name": name, "Roles": [name]})
    token = users.mint_with_new_password(agents.client, name, 600)
    agents.run(machine, token=token)
    assert agents.outcome(machine) == ("report", "finished", "complete")
    assert agents.now(machine)["Params"] == {"seen": 1}
