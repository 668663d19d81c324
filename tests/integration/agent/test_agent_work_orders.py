# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work order mode: one work order after the other, and the workflow again when the mode ends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
from patience import LIMIT, NEVER, eventually

from agentlab import Agents, Object, State
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.states import AgentFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users

pytestmark = pytest.mark.needs_v4
GOES_ON = {"exit_on_failure": False}


@pytest.fixture(params=["machines", "clusters"])
def agents(request: pytest.FixtureRequest, agents_v4: Agents) -> Agents:
    """The server picks for machines; for clusters, and so for resource brokers, the agent itself does."""
    agents_v4.kind = request.param
    return agents_v4


def in_mode(agents: Agents, **members: object) -> Object:
    return agents.machine(WorkOrderMode=True, **members)


def noting(agents: Agents, name: str, then: str = "exit 0") -> str:
    """A task that leaves its name in ``trace``."""
    return agents.task(name, f"echo {name} >> {agents.folder}/trace; {then}")


def trace(agents: Agents) -> list[str]:
    return (agents.folder / "trace").read_text().split()


def states(agents: Agents, *orders: Object) -> list[str]:
    return [agents.order_now(order)["State"] for order in orders]


def test_one_after_the_other(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("first", noting(agents, "aa"), noting(agents, "bb"))
    agents.blueprint("second", noting(agents, "cc"))
    orders = [agents.order(machine, name) for name in ("first", "second", "first")]
    passed = agents.run(machine)
    assert trace(agents) == ["aa", "bb", "cc", "aa", "bb"]
    assert states(agents, *orders) == ["finished"] * 3
    assert State.PICK_WORKORDER in passed
    assert passed[-2:] == [State.WAIT_FOR_WORKORDER, State.EXIT]
    jobs = agents.jobs(machine)
    assert [job["WorkOrder"] for job in jobs] == [orders[n]["Uuid"] for n in (0, 0, 1, 2, 2)]
    assert {job["State"] for job in jobs} == {"finished"}
    assert agents.now(machine)["Runnable"] is True
    assert f"Work order {orders[0]['Uuid']}: finished" in agents.messages


def test_a_task_sees_the_params_of_its_work_order(agents: Agents) -> None:
    machine = in_mode(agents, Params={"days": 1})
    agents.task("show", f'echo {{{{.Param "days"}}}} >> {agents.folder}/trace')
    agents.blueprint("rotate", "show", Params={"days": 30})
    agents.order(machine, "rotate", Params={"days": 90})
    agents.order(machine, "rotate")
    agents.run(machine)
    assert trace(agents) == ["90", "30"]


def test_a_failed_task_ends_its_work_order_and_no_other(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("bad", noting(agents, "break", "exit 1"), noting(agents, "never"))
    agents.blueprint("good", noting(agents, "work"))
    orders = [agents.order(machine, name) for name in ("bad", "good")]
    agents.run(machine, **GOES_ON)
    assert states(agents, *orders) == ["failed", "finished"]
    assert trace(agents) == ["break", "work"]
    assert agents.now(machine)["Runnable"] is True
    log = agents.log(agents.jobs(machine)[0]).decode()
    assert f"Marked work order {orders[0]['Uuid']} as not runnable" in log


def test_exit_on_failure(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("bad", noting(agents, "break", "exit 1"))
    orders = [agents.order(machine, "bad") for _number in range(2)]
    assert agents.run(machine)[-1] == State.EXIT
    assert states(agents, *orders) == ["failed", "created"]


def test_what_is_incomplete_goes_on_when_it_is_runnable_again(agents: Agents) -> None:
    machine = in_mode(agents)
    again = f"test -e {agents.folder}/go || exit 128"
    agents.blueprint("slow", noting(agents, "try", again), noting(agents, "end"))
    order, later = (agents.order(machine, "slow") for _number in range(2))
    agents.run(machine, **GOES_ON)
    assert states(agents, order, later) == ["running", "created"]
    assert agents.order_now(order)["Runnable"] is False
    (agents.folder / "go").touch()
    agents.change_of("work_orders", order, Runnable=True)
    agents.run(machine, **GOES_ON)
    assert states(agents, order, later) == ["finished", "finished"]
    assert trace(agents) == ["try", "try", "end", "try", "end"]
    assert len(agents.jobs(machine)) == 4


def test_held_foreign_and_cancelled_ones_are_left_alone(agents: Agents) -> None:
    agents.client.create("contexts", {"Name": "other"})
    machine = in_mode(agents)
    agents.blueprint("work", noting(agents, "work"))
    held = agents.order(machine, "work", SchedulingHold=True)
    foreign = agents.order(machine, "work", Context="other")
    cancelled = agents.order(machine, "work")
    agents.change_of("work_orders", cancelled, State="cancelled")
    agents.run(machine)
    assert states(agents, held, foreign, cancelled) == ["created", "created", "cancelled"]
    agents.run(machine, context="other")
    assert states(agents, held, foreign) == ["created", "finished"]
    agents.change_of("work_orders", held, SchedulingHold=False)
    agents.run(machine)
    assert states(agents, held) == ["finished"]


def test_entries_that_only_move_it(agents: Agents) -> None:
    """assumes: the server does them in a job of its own, and says nothing to the request for one."""
    machine = in_mode(agents)
    agents.stage("there")
    agents.blueprint("moves", noting(agents, "aa"), "stage:there", noting(agents, "bb"))
    order = agents.order(machine, "moves")
    agents.run(machine)
    assert states(agents, order) == ["finished"]
    assert trace(agents) == ["aa", "bb"]
    assert agents.order_now(order)["Stage"] == "there"


def test_a_context_that_another_agent_serves(agents: Agents) -> None:
    agents.client.create("contexts", {"Name": "other"})
    machine = in_mode(agents)
    agents.blueprint("both", noting(agents, "aa"), "context:other", noting(agents, "bb"))
    order = agents.order(machine, "both")
    agents.run(machine)
    assert trace(agents) == ["aa"]
    assert states(agents, order) == ["running"]
    agents.run(machine, context="other")
    assert trace(agents) == ["aa", "bb"]
    assert states(agents, order) == ["finished"]


@contextlib.contextmanager
def in_the_first_task(agents: Agents, machine: Object) -> Iterator[list[str]]:
    """Work orders of the blueprint ``long`` are served; the first task goes on at the end of the block.

    The list has what the agent has said, once there is nothing that it may do any more.
    """
    go, said = agents.folder / "go", [""]
    until = f"while [ ! -e {go} ]; do sleep 0.05; done"
    agents.blueprint("long", noting(agents, "first", until), noting(agents, "second"))
    agent = agents.spawn(machine, "run", wait_timeout=NEVER, **GOES_ON)
    try:
        yield said
        go.touch()
        eventually(lambda: status(agents, machine)["state"].startswith("WAIT_FOR"))
    finally:
        agent.terminate()
        said[0] = agent.communicate(timeout=LIMIT)[0]


def test_cancelled_while_a_task_runs(agents: Agents) -> None:
    """The script goes on to its end, and no further task of the work order begins."""
    machine = in_mode(agents)
    with in_the_first_task(agents, machine) as said:
        orders = [agents.order(machine, "long") for _number in range(2)]
        eventually((agents.folder / "trace").exists)
        for order in orders:
            agents.change_of("work_orders", order, State="cancelled")
    assert trace(agents) == ["first"]
    assert [job["State"] for job in agents.jobs(machine)] == ["finished"]
    assert f"Work order {orders[0]['Uuid']}: cancelled" in said[0]


def test_nothing_begins_while_the_machine_is_not_runnable(agents: Agents) -> None:
    machine = in_mode(agents)
    with in_the_first_task(agents, machine):
        orders = [agents.order(machine, "long") for _number in range(2)]
        eventually((agents.folder / "trace").exists)
        agents.change(machine, Runnable=False)
    assert trace(agents) == ["first"]
    assert states(agents, *orders) == ["running", "created"]
    agents.runnable(machine)
    agents.run(machine, **GOES_ON)
    assert states(agents, *orders) == ["finished", "finished"]
    assert trace(agents) == ["first", "second"] * 2


def test_the_mode_ends_while_a_task_runs(agents: Agents) -> None:
    """A work order that has begun is done to its end; then the workflow goes on, and the next one waits."""
    machine = in_mode(agents, Stage=agents.stage("work", noting(agents, "of-stage")))
    with in_the_first_task(agents, machine):
        orders = [agents.order(machine, "long") for _number in range(2)]
        eventually((agents.folder / "trace").exists)
        agents.change(machine, WorkOrderMode=False)
    agents.run(machine, **GOES_ON)
    assert states(agents, *orders) == ["finished", "created"]
    assert trace(agents) == ["first", "second", "of-stage"]


def test_while_the_agent_runs(agents: Agents) -> None:
    """New work orders, the end of the mode and its return are seen by a waiting agent."""
    machine = in_mode(agents, Stage=agents.stage("work", noting(agents, "of-stage")))
    agents.blueprint("work", noting(agents, "of-order"))
    agent = agents.spawn(machine, "run", wait_timeout=NEVER, **GOES_ON)
    try:
        for mode in (True, False, True):
            agents.change(machine, WorkOrderMode=mode)
            eventually(lambda: status(agents, machine)["state"].startswith("WAIT_FOR"))
            order = agents.order(machine, "work")
            if mode:
                eventually(lambda: states(agents, order) == ["finished"])  # noqa: B023  used right here
            else:
                eventually(lambda: agents.now(machine)["CurrentTask"] == 1)
                assert states(agents, order) == ["created"]
        assert status(agents, machine)["state"] in ("WAIT_FOR_WORKORDER", "PICK_WORKORDER")
    finally:
        agent.terminate()
        agent.communicate(timeout=LIMIT)
    assert trace(agents) == ["of-order", "of-stage", "of-order", "of-order"]


def test_a_stopped_agent_goes_on_with_its_work_order(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("long", noting(agents, "wait", f"test -e {agents.folder}/go || exec sleep 900"))
    order = agents.order(machine, "long")
    agent = agents.spawn(machine, "run", wait_timeout=NEVER, make_runnable=True, **GOES_ON)
    eventually((agents.folder / "trace").exists)
    agent.terminate()
    agent.communicate(timeout=LIMIT)
    stopped = agents.order_now(order)
    assert (stopped["State"], stopped["Runnable"]) == ("running", False)
    assert agents.now(machine)["Runnable"] is True
    (agents.folder / "go").touch()
    agents.run(machine, make_runnable=True, **GOES_ON)
    assert states(agents, order) == ["finished"]
    (job,) = agents.jobs(machine)
    assert job["State"] == "finished"


def test_the_mode_of_workflows_is_not_served_and_that_is_said(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("work", noting(agents, "work"))
    order = agents.order(machine, "work", Mode="workflow", OnFailure="stop")
    told = f"work order {order['Uuid']} has the mode workflow, of which the rules are not known"
    agents.run(machine)
    assert f"Not served: {told}" in agents.messages
    assert states(agents, order) == ["created"]
    assert status(agents, machine)["work_orders_not_served"] == told
    found = check(agents, machine)
    assert not found["ok"]
    assert found["told"] == f"in work order mode (1 wait, 0 run); not served: {told}"


def test_what_check_says_otherwise(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("work", noting(agents, "work"))
    agents.order(machine, "work")
    found = check(agents, machine)
    assert (found["ok"], found["told"]) == (True, "in work order mode (1 wait, 0 run)")


def test_a_token_that_may_not_see_them(agents: Agents) -> None:
    machine = in_mode(agents)
    agents.blueprint("work", noting(agents, "work"))
    order = agents.order(machine, "work")
    scopes = f"{agents.kind},jobs,tasks,stages,params,info,events"
    claims = [{"scope": scopes, "action": "*", "specific": "*"}]
    agents.client.create("roles", {"Name": "narrow", "Claims": claims})
    agents.client.create("users", {"Name": "narrow", "Roles": ["narrow"]})
    token = users.mint_with_new_password(agents.client, "narrow", 3600)
    found = check(agents, machine, token=token)
    assert not found["ok"]
    assert "work_orders" in found["told"]
    assert found["advice"] == "mint a token with the claims to list, get and update work_orders"
    with contextlib.suppress(AgentFailed):
        agents.run(machine, token=token)
    assert any("work_orders" in line for line in agents.messages)
    assert states(agents, order) == ["created"]


def check(agents: Agents, machine: Object, **changes: object) -> Object:
    checked = agents.spawn(machine, "check", "--json", **changes).communicate(timeout=LIMIT)[0]
    return {one["what"]: one for one in json.loads(checked)}["work_orders"]


def status(agents: Agents, machine: Object) -> Object:
    said = json.loads(agents.spawn(machine, "status", "--json").communicate(timeout=LIMIT)[0])
    return {"state": "", **{name: value for name, value in said.items() if value is not None}}
