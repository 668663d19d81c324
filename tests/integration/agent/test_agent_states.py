# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states and their traps: what is noticed when, and against which snapshot."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from patience import LIMIT, eventually

from agentlab import Agents, Object, State
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.host.power import PowerFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.machine_agent import AgentFailed


def change(agents: Agents, machine: Object, **members: Any) -> None:
    operations = [
        {"op": "replace", "path": f"/{name}", "from": "", "value": value} for name, value in members.items()
    ]
    agents.client.patch("machines", machine["Uuid"], operations, force=True)


class Background:
    """An agent in a thread, and the states that it has been in."""

    def __init__(self, agents: Agents, machine: Object, **changes: Any) -> None:
        self.states: list[State] = []
        self.agent = agents.agent(machine, **{"wait_timeout": 5.0, **changes})
        self.agent.on_state = self.states.append
        self._thread = threading.Thread(target=self.agent.run)
        self._thread.start()

    def wait_for_state(self, state: State) -> None:
        eventually(lambda: self.states and self.states[-1] == state)

    def end(self) -> list[State]:
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()
        return self.states


def test_the_stage_changes_during_the_request(agents: Agents) -> None:
    """Traps 2 and 3: 204 does not mean done, and the snapshot from before it is what shows that."""
    agents.task("first", "true")
    agents.task("second", "true")
    agents.stage("one", "first")
    agents.stage("two", "second")
    agents.workflow("flow", "one", "two")
    machine = agents.machine(Workflow="flow")
    states = agents.run(machine)
    assert agents.job_request_statuses() == [201, 204, 201, 204, 204]
    assert agents.outcome(machine)[:2] == ("second", "finished")
    assert State.WAIT_FOR_CHANGE_STAGE in states


def test_the_agent_never_makes_a_machine_runnable(agents: Agents) -> None:
    """Trap 4: with change-stage-v2 that is for whoever launches it."""
    machine = agents.machine_with_tasks(agents.task("first", "true"))
    change(agents, machine, Runnable=False)
    agents.run(machine)
    assert agents.job_request_statuses() == []
    assert agents.now(machine)["Runnable"] is False


def test_the_service_does_so_once_per_boot(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("first", "true"))
    change(agents, machine, Runnable=False)
    agents.run(machine, make_runnable=True)
    assert agents.outcome(machine) == ("first", "finished", "complete")
    change(agents, machine, Runnable=False)
    agents.run(machine, make_runnable=True)
    assert agents.now(machine)["Runnable"] is False, "an operator's decision outlives a restart of the agent"


def test_machines_of_the_old_way_are_made_runnable(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("first", "true"))
    legacy = [{"op": "add", "path": "/Meta/feature-flags", "value": "original-change-stage"}]
    agents.client.patch("stages", machine["Stage"], legacy)
    change(agents, machine, Runnable=False)  # at each save the server takes the flags of the stage
    assert agents.now(machine)["Meta"]["feature-flags"] == "original-change-stage"
    agents.run(machine)
    assert agents.outcome(machine) == ("first", "finished", "complete")


def test_a_boot_environment_changes_under_a_waiting_agent(agents: Agents) -> None:
    """Trap 5: WAIT_FOR_CHANGE_STAGE notices at once; WAIT_FOR_RUNNABLE only when the machine may run."""
    agents.bootenv("other-env")
    machine = agents.machine()
    waiting = Background(agents, machine)
    waiting.wait_for_state(State.WAIT_FOR_CHANGE_STAGE)
    change(agents, machine, BootEnv="other-env")
    assert waiting.end()[-1] == State.REBOOT
    waiting.agent._agent_context.store.unlock()


def test_but_not_while_it_is_not_runnable(agents: Agents) -> None:
    agents.bootenv("other-env")
    machine = agents.machine()
    change(agents, machine, Runnable=False)
    waiting = Background(agents, machine)
    waiting.wait_for_state(State.WAIT_FOR_RUNNABLE)
    change(agents, machine, BootEnv="other-env")
    assert agents.now(machine)["Runnable"] is False
    time.sleep(0.6)
    assert State.REBOOT not in waiting.states
    change(agents, machine, Runnable=True)
    assert waiting.end()[-1] == State.REBOOT
    waiting.agent._agent_context.store.unlock()


def test_a_stage_names_the_boot_environment(agents: Agents) -> None:
    """Trap 6: it changes at the stage entry; the bootenv entry that follows is skipped."""
    agents.bootenv("other-env")
    agents.task("first", "true")
    agents.stage("one", "first", BootEnv="local")
    agents.stage("two", BootEnv="other-env")
    agents.workflow("flow", "one", "two")
    machine = agents.machine(Workflow="flow")
    agents.run(machine)
    now = agents.now(machine)
    assert now["Tasks"][now["CurrentTask"]] == "stage:two"
    assert now["BootEnv"] == "other-env"
    assert agents.power.done == ["reboot"]


def test_a_restarted_agent_sees_what_has_changed_meanwhile(agents: Agents) -> None:
    agents.bootenv("other-env")
    machine = agents.machine()
    agents.run(machine)
    change(agents, machine, BootEnv="other-env")
    assert agents.run(machine) == [State.REBOOT]
    assert agents.power.done == ["reboot"]


def test_without_the_power_switch(agents: Agents) -> None:
    agents.power.enabled = False
    machine = agents.machine_with_tasks(agents.task("boots", "exit 64"))
    assert agents.run(machine)[-1] == State.REBOOT
    assert agents.power.done == []


def test_kexec_obeys_the_power_switch_and_ends_in_a_reboot(agents: Agents) -> None:
    """Trap 19."""
    agents.power.loaded = True
    machine = agents.machine_with_tasks(agents.task("boots", "exit 64"))
    assert agents.run(machine)[-2:] == [State.KEXEC, State.REBOOT]
    assert agents.power.done == ["kexec", "reboot"]
    agents.power.enabled = False
    agents.power.done.clear()
    agents.runnable(machine)
    agents.run(machine)
    assert agents.power.done == []


def test_a_reboot_that_does_not_work(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise PowerFailed("Failed to reboot")

    monkeypatch.setattr(agents.power, "reboot", fails, raising=False)
    machine = agents.machine_with_tasks(agents.task("boots", "exit 64"))
    with pytest.raises(PowerFailed, match="Failed to reboot"):
        agents.run(machine)


def test_an_error_of_its_own_ends_it_where_failures_do(agents: Agents) -> None:
    machine = agents.machine(Params={"change-stage/map": {"none": "no-such-stage"}})
    with pytest.raises(AgentFailed, match="stages/no-such-stage"):
        agents.run(machine)
    assert agents.now(machine)["Stage"] == "none"


def test_a_map_of_the_wrong_shape(agents: Agents) -> None:
    machine = agents.machine(Params={"change-stage/map": {"none": 7}})
    with pytest.raises(AgentFailed, match="must be a map of strings"):
        agents.run(machine)


def test_somebody_elses_open_job_fails(agents: Agents) -> None:
    """INIT reads the machine anew for this: the snapshot may not know the job."""
    machine = agents.machine_with_tasks(agents.task("first", "true"))
    agents.client.create("jobs", {"Machine": machine["Uuid"]})
    agents.run(machine)
    assert [job["State"] for job in agents.jobs(machine)] == ["failed", "finished"]


def test_log_lines_of_the_agent(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("first", "true"))
    agents.run(machine)
    for line in (
        "Agent in init",
        "Agent waiting for tasks",
        "Waiting on machine to become runnable",
        "Wait: finished with complete",
        "Agent running task",
        "Current tasks finished, check to see if stage needs to change",
        "Agent changing stage",
        "Agent waiting stage change",
        "Waiting for system to be runnable and for stage or current tasks to change",
        "Wait: finished with timeout",
        "Agent exiting",
    ):
        assert line in agents.messages
