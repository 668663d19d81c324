# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content and servers that try to wedge the agent, or to lead it astray."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import hostile
import pytest
from patience import LIMIT, eventually

from agentlab import Agents
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import context, served
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job import (
    job_requests,
    task_runner,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.machine_agent import AgentFailed
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import scripts
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.state import Store
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    UnreadableAnswer,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import jobs

UUID = "3e7031fe-0000-4000-8000-000000000001"
GOOD: dict[str, t.Any] = {"Name": "part", "Path": "", "Content": "#!/bin/sh\nexit 0\n", "Meta": {}}
BAD_ACTIONS: dict[str, dict[str, t.Any]] = {
    "a NUL in the path": {"Path": "a\0b"},
    "a NUL in an absolute path": {"Path": "/tmp/a\0b"},
    "a path of 3,000 folders": {"Path": "a/" * 3000 + "f"},
    "a path of 1,900 folders and a NUL": {"Path": "a/" * 1900 + "\0"},
    "a name that is too long": {"Path": "x" * 300},
    "half a surrogate pair": {"Path": "\udfff"},
    "a device's folder": {"Path": "/dev/null/x"},
    "a folder": {"Path": "/"},
    "a NUL in the interpreter": {"Meta": {"Interpreter": "/bin/sh\0"}},
    "a list for an interpreter": {"Meta": {"Interpreter": ["a", {"b": 1}]}},
    "an interpreter that is nobody's": {"Meta": {"Interpreter": "/"}},
    "a NUL in the first line": {"Content": "#!/bin/sh\0x\nexit 0\n"},
    "a first line of NULs": {"Content": "#!\0\0\0\n"},
    "no content": {"Content": None},
    "a list as meta": {"Meta": ["x"], "OS": 7},
    "a number as meta": {"Meta": 7},
}
BAD_LISTS: dict[str, t.Any] = {
    "no name": [{"Path": "x", "Content": "y"}],
    "a text": ["x"],
    "a list in a list": [[]],
    "null": [None],
    "a map": {"Name": "x"},
}


@pytest.fixture
def plays(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """What the server says a job is to do, instead of what it is."""

    def play(actions: t.Any) -> None:
        def told(_client: Client, _job: str, _system: str) -> t.Any:
            return actions

        monkeypatch.setattr(task_runner, "job_actions", told)

    return play


def failed_job(agents: Agents, machine: dict[str, t.Any], **options: t.Any) -> str:
    """The log of the job, which must have failed, and the agent must have come to its end."""
    with pytest.raises(AgentFailed):
        agents.run(machine, **options)
    job = agents.job(machine)
    assert job["State"] == "failed"
    return agents.log(job).decode("utf-8", "replace")


@pytest.mark.parametrize("name", BAD_ACTIONS)
def test_a_bad_action_fails_its_job_with_the_reason(agents: Agents, plays: t.Any, name: str) -> None:
    plays([GOOD, {**GOOD, "Name": "wicked", **BAD_ACTIONS[name]}])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    states = []
    with contextlib.suppress(AgentFailed):
        states = agents.run(machine)
    job = agents.job(machine)
    log = agents.log(job).decode("utf-8", "replace")
    if job["State"] == "finished":  # it could be run after all
        assert states
        return
    assert job["State"] == "failed"
    assert "Cannot" in log or "cannot" in log


def test_hostile_names_are_names(agents: Agents, plays: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts of any name run from within the task directory, and nothing else runs, is made or is obeyed."""
    mark = agents.folder / "mark"
    monkeypatch.setenv(hostile.MARK, str(mark))
    no_hosts = (name for name in hostile.NO_HOSTS.values() if isinstance(name, str))
    tables = (hostile.TEXTS.values(), hostile.TERMINAL.values(), hostile.OPTIONS_OF_SSH.values())
    texts = [text for table in tables for text in table] + [*hostile.NO_KEYS, *no_hosts]
    names = [text.replace("{mark}", str(mark)) for text in texts]
    kept = '#!/bin/sh\ncase $0 in ./*/*) exit 1;; esac\n[ -f "$RS_TASK_DIR/${0#./}" ]\n'
    plays([{**GOOD, "Name": name, "Content": kept} for name in names])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    before = {path for path in agents.folder.rglob("*") if "runner" not in path.parts}
    agents.run(machine)
    assert agents.outcome(machine) == ("one", "finished", "complete"), agents.log(agents.job(machine))
    assert not mark.exists()
    made = {path for path in agents.folder.rglob("*") if "runner" not in path.parts} - before
    assert not [path for path in made if "state" not in path.parts]
    assert not set("".join(agents.messages)) & set("\x1b\x07\x9b\u202e\x00\r")


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_bad_list_of_actions_fails_the_job(agents: Agents, plays: t.Any, name: str) -> None:
    plays(BAD_LISTS[name])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    assert "cannot be" in failed_job(agents, machine)


@pytest.mark.parametrize("plant", ["fifo", "fifo with a reader", "socket"])
@pytest.mark.parametrize("relative", [True, False])
def test_a_named_pipe_in_the_way(
    agents: Agents, plays: t.Any, tmp_path: Path, plant: str, relative: bool
) -> None:
    target = tmp_path / "pipe"
    if plant == "socket":
        os.mknod(target, 0o140600)
    else:
        os.mkfifo(target)
    reader = os.open(target, os.O_RDONLY | os.O_NONBLOCK) if plant == "fifo with a reader" else -1
    path = f"../../{target.relative_to(agents.folder)}" if relative else str(target)
    plays([{**GOOD, "Path": path, "Content": "x" * (1 << 20)}])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    assert "not a file" in failed_job(agents, machine)
    if reader >= 0:
        os.close(reader)


def test_a_script_that_plants_pipes_for_the_next_one(agents: Agents) -> None:
    names = ("helper", "one-second")
    plants = "; ".join(f"rm -f $RS_TASK_DIR/{name}; mkfifo $RS_TASK_DIR/{name}" for name in names)
    task = agents.task("one", agents.script(plants, "first"), agents.script("exit 0", "second"))
    assert "not a file" in failed_job(agents, agents.machine_with_tasks(task))


def test_a_script_that_leaves_a_maze_behind(agents: Agents) -> None:
    loop = "import os\nfor number in range(2500): os.mkdir('d'); os.chdir('d')"
    deep = f'cd $RS_TASK_DIR; {sys.executable} -c "{loop}"'
    machine = agents.machine_with_tasks(agents.task("one", deep))
    try:
        agents.run(machine)
        assert agents.outcome(machine) == ("one", "finished", "complete")
        assert not [path for path in (agents.folder / "runner").iterdir() if path.name.startswith("one-")]
    finally:  # what is left would be too deep for pytest, which ends with a traceback then
        subprocess.run(["rm", "-rf", str(agents.folder / "runner")], check=True)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file system hangs, as one over a network may that is away."""
    monkeypatch.setattr(scripts, "make_folders", lambda _path: time.sleep(3600))


def test_task_timeout_holds_while_a_file_is_written(agents: Agents, plays: t.Any, hanging: None) -> None:
    plays([{**GOOD, "Path": "deep/file"}])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    assert "longer than 0.5 s (task_timeout)" in failed_job(agents, machine, task_timeout=0.5)


def test_sigterm_holds_while_a_file_is_written(agents: Agents, plays: t.Any, hanging: None) -> None:
    plays([{**GOOD, "Path": "deep/file"}])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    agent = agents.agent(machine, kill_grace=0.5)
    stop = agent._agent_context.stop_signal
    before = signal.signal(signal.SIGALRM, lambda *_args: setattr(stop, "requested", True))
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        agent.run()
    finally:
        signal.signal(signal.SIGALRM, before)
        agent._agent_context.store.unlock()
        agent._client.close()
    assert agents.outcome(machine)[1] == "incomplete"


def test_the_next_agent_goes_on(agents: Agents, plays: t.Any) -> None:
    """No crash loop: what was killed in the middle of a bad file fails its job at the next start."""
    plays([{**GOOD, "Path": "a\0b"}])
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    agents.run_until(machine, "action saved")
    assert "Cannot write" in failed_job(agents, machine)


@pytest.mark.parametrize("seconds", [1e308, 10**400, float("inf")])
def test_a_timeout_that_no_clock_can_hold(
    agents: Agents, monkeypatch: pytest.MonkeyPatch, seconds: t.Any
) -> None:
    monkeypatch.setattr(
        served.params, "get", lambda *args, **_o: seconds if args[3] == context.TASK_TIMEOUT else None
    )
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    agents.run(machine)
    assert agents.outcome(machine)[1] == "finished"


# -- the server


BAD_UUIDS = [
    "../../victim",
    "/etc",
    "..",
    ".",
    "",
    "a/b",
    f"{UUID}/..",
    f"{UUID}\n",
    None,
    7,
    ["x"],
    {"a": 1},
]


@pytest.mark.parametrize("uuid", BAD_UUIDS)
def test_the_uuid_of_a_job_is_no_path(tmp_path: Path, uuid: t.Any) -> None:
    class Rogue:
        def request_job(self, wanted: t.Any) -> t.Any:
            return {"Uuid": uuid, "State": "created", "Task": "x"}

    with pytest.raises(UnreadableAnswer, match="Uuid"):
        job_requests.next_job(t.cast(Client, Rogue()), served.Served("machines", UUID), UUID)
    store = Store(str(tmp_path / "state"), UUID)
    for use in (store.job_dir, store.spool_dir, store.run_dir):
        with pytest.raises(UsageError, match="not a UUID"):
            use(str(uuid) if isinstance(uuid, str) else "../x")
    with pytest.raises(UsageError, match="not a UUID"):
        Store(str(tmp_path / "state"), str(uuid) if isinstance(uuid, str) else "../x")


def test_nothing_is_removed_for_a_job_with_the_uuid_of_a_path(
    agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = agents.folder / "victim"
    victim.mkdir()
    (victim / "precious").touch()
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    request = Client.request_job

    def lie(self: Client, wanted: t.Any) -> t.Any:
        return {**(request(self, wanted) or {}), "Uuid": "../../../victim", "State": "created"}

    monkeypatch.setattr(Client, "request_job", lie)
    with pytest.raises(AgentFailed, match="Uuid"):
        agents.run(machine)
    assert (victim / "precious").exists()


def test_a_lost_acknowledgement_costs_seconds(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    agents.simulator.lose_events(1, "websocket", "register")
    agents.run(machine)
    assert agents.outcome(machine)[1] == "finished"
    assert not [line for line in agents.messages if "acknowledge" in line]


def test_it_also_costs_seconds_after_a_reconnect(agents: Agents) -> None:
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    with agents.client.events() as stream:
        subscription = stream.register(f"machines.update.{machine['Uuid']}")
        agents.simulator.lose_events(1, "websocket", "register")
        agents.simulator.drop_websockets()
        eventually(lambda: subscription.get(LIMIT) is not None)


def test_actions_come_from_where_they_say(agents: Agents) -> None:
    """The double of these tests stands in the right place."""
    machine = agents.machine_with_tasks(agents.task("one", "exit 0"))
    agents.run(machine)
    assert jobs.job_actions(agents.client, agents.job(machine)["Uuid"], "linux")
