# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For tests of the agent: a server with machines, tasks and workflows, and agents that run right here."""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent import checkpoints
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command import commands
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.config import Config
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.connect import connect
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.machine_agent import MachineAgent
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.retry import StopSignal
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.states import State
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import jobs
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Answer, Retry
from simulator.launch import Simulator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "ansible_collections.digitalrebar.provision.plugins.module_utils.agent"
SANE = {"feature-flags": "sane-exit-codes"}
ORIGINAL = {"feature-flags": "original-exit-codes"}
Object = dict[str, Any]


@dataclasses.dataclass
class FakePower:
    """A machine that is never really rebooted."""

    enabled: bool = True
    done: list[str] = dataclasses.field(default_factory=list)
    loaded: bool = False

    def reboot(self) -> None:
        self.done.append("reboot")

    def poweroff(self) -> None:
        self.done.append("poweroff")

    def kernel_is_loaded(self) -> bool:
        return self.loaded

    def kexec(self) -> bool:
        self.done.append("kexec")
        return False


@dataclasses.dataclass
class Agents:
    """A simulator, a user's client for setting things up, and folders for agents."""

    simulator: Simulator
    folder: Path
    power: FakePower = dataclasses.field(default_factory=FakePower)
    messages: list[str] = dataclasses.field(default_factory=list)
    kind: str = "machines"

    def __post_init__(self) -> None:
        self.client = self._admin()
        self._names = itertools.count(1)
        # of agents in this process: method, path below /api/v3/, status
        self.requests: list[tuple[str, str, int]] = []

    def _admin(self) -> Client:
        return settings.connect(
            settings.Settings(
                endpoints=(self.simulator.endpoint,),
                username=self.simulator.username,
                password=self.simulator.password,
                trust=Tls.create(True, self.simulator.ca, None),
                token_cache="",
            )
        )

    # -- what is on the server

    def script(self, text: str, name: str = "", **members: Any) -> Object:
        body = text if text.startswith("#!") else f"#!/bin/bash\n{text}\n"
        return {"Name": name or f"part{next(self._names)}", "Contents": body, **members}

    def task(self, name: str, *scripts: str | Object, meta: Object | None = None, **members: Any) -> str:
        parts = [self.script(part) if isinstance(part, str) else part for part in scripts]
        self.client.create("tasks", {"Name": name, "Templates": parts, "Meta": dict(meta or SANE), **members})
        return name

    def stage(self, name: str, *tasks: str, **members: Any) -> str:
        self.client.create("stages", {"Name": name, "Tasks": list(tasks), **members})
        return name

    def bootenv(self, name: str) -> str:
        self.client.create("bootenvs", {"Name": name, "OS": {"Name": name}})
        return name

    def workflow(self, name: str, *stages: str) -> str:
        self.client.create("workflows", {"Name": name, "Stages": list(stages)})
        return name

    def machine(self, **members: Any) -> Object:
        """Or a cluster, or whatever the agents serve."""
        name = f"node{next(self._names)}.example.com"
        identity = self.simulator.identity_for_a_token()
        return self.client.create(self.kind, {"Name": name, **identity, **members})

    def machine_with_tasks(self, *tasks: str, **members: Any) -> Object:
        """A machine whose only stage has these tasks."""
        stage = self.stage(f"stage{next(self._names)}", *tasks)
        return self.machine(Stage=stage, **members)

    def blueprint(self, name: str, *tasks: str, **members: Any) -> str:
        self.client.create("blueprints", {"Name": name, "Tasks": list(tasks), **members})
        return name

    def order(self, machine: Object, blueprint: str, **members: Any) -> Object:
        return self.client.create(
            "work_orders", {"Blueprint": blueprint, "Machine": machine["Uuid"], **members}
        )

    def order_now(self, order: Object) -> Object:
        return self.client.get("work_orders", order["Uuid"])

    # -- looking at it

    def now(self, machine: Object) -> Object:
        return self.client.get(self.kind, machine["Uuid"])

    def change(self, machine: Object, **members: Any) -> Object:
        return self.change_of(self.kind, machine, **members)

    def change_of(self, kind: str, item: Object, **members: Any) -> Object:
        operations = [
            {"op": "replace", "path": f"/{name}", "from": "", "value": value}
            for name, value in members.items()
        ]
        return self.client.patch(kind, item["Uuid"], operations)

    def runnable(self, machine: Object) -> None:
        self.change(machine, Runnable=True)

    def job(self, machine: Object) -> Object:
        """The current job."""
        return self.client.get("jobs", self.now(machine)["CurrentJob"])

    def outcome(self, machine: Object) -> tuple[str, str, str]:
        job = self.job(machine)
        return job["Task"], job["State"], job["ExitState"]

    def jobs(self, machine: Object) -> list[Object]:
        """All jobs of the machine, the oldest first."""
        found = self.client.list("jobs", "Machine", "Eq", machine["Uuid"])
        return sorted(found, key=lambda job: job["StartTime"])

    def log(self, job: Object | str) -> bytes:
        target = io.BytesIO()
        jobs.job_log(self.client, job if isinstance(job, str) else job["Uuid"], target)
        return target.getvalue()

    def job_request_statuses(self, since: int = 0) -> list[int]:
        """The answers to requests for jobs of agents in this process, without the first ``since``."""
        asked = [status for method, path, status in self.requests if (method, path) == ("POST", "jobs")]
        return asked[since:]

    # -- agents in this process

    def config(self, machine: Object, /, **changes: Any) -> Config:
        """As the acceptance scenarios have it: ends when there is nothing to do, and on failures."""
        options: Object = {
            "endpoint": self.simulator.endpoint,
            "ca_path": self.simulator.ca,
            "token": self.simulator.machine_token(machine["Uuid"]),
            "kind": self.kind,
            "machine": machine["Uuid"],
            "state_dir": str(self.folder / "state"),
            "runner_dir": str(self.folder / "runner"),
            "make_runnable": False,
            "exit_on_failure": True,
            "exit_on_not_runnable": True,
            "wait_timeout": 0.3,
            "kill_grace": 1.0,
            "retry_pause": 0.05,
        }
        return Config(**{**options, **changes})

    def agent(self, machine: Object, /, **changes: Any) -> MachineAgent:
        config = self.config(machine, **changes)
        stop_signal = StopSignal()
        client = connect(config, stop_signal)
        client.transport.retry = Retry(delays=(0.02,) * 6, sleep=stop_signal.sleep)
        self._note_requests(client)
        agent = commands.make_agent(client, self.now(machine), config, stop_signal, self.power)
        agent._agent_context.report = self.messages.append
        return agent

    def _note_requests(self, client: Client) -> None:
        send = client.transport.send

        def noting(method: str, url: str, *others: Any, **options: Any) -> Answer:
            answer = send(method, url, *others, **options)
            self.requests.append((method, url.partition("/api/v3/")[2], answer.status))
            return answer

        client.transport.send = noting  # type: ignore[method-assign]

    def run(self, machine: Object, /, **changes: Any) -> list[State]:
        """Run an agent to its end; the states that it went through."""
        agent = self.agent(machine, **changes)
        states: list[State] = []
        agent.on_state = states.append
        try:
            agent.run()
        finally:
            agent._agent_context.store.unlock()
            agent._client.close()
        return states

    def run_until(self, machine: Object, checkpoint: str, /, **changes: Any) -> None:
        """Run an agent in a forked process that kills itself, with SIGKILL, at a checkpoint.

        ``name@2`` is the third time that the checkpoint is reached.
        """
        pid = os.fork()
        if not pid:
            try:
                checkpoints.hook = _die_at(checkpoint)
                # a connection of its own: ours must not be used from two processes
                Agents(self.simulator, self.folder, self.power, kind=self.kind).run(machine, **changes)
            finally:
                os._exit(0)
        _pid, status = os.waitpid(pid, 0)
        assert os.WIFSIGNALED(status), f"the agent has not come to {checkpoint}"

    # -- agents as processes

    def environment(self, machine: Object, /, **changes: Any) -> dict[str, str]:
        config = self.config(machine, **changes)
        options = {name.upper(): value for name, value in dataclasses.asdict(config).items() if value != ""}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("RS_")},
            **{f"DRP_AGENT_{name}": str(value) for name, value in options.items()},
            "PYTHONPATH": f"{ROOT / '.venv/collections'}:{ROOT / 'tests'}",
            "NO_PROXY": "*",
        }

    def spawn(
        self, machine: Object, /, *words: str, program: list[str] | None = None, **changes: Any
    ) -> subprocess.Popen[str]:
        command = program or [sys.executable, "-m", f"{PACKAGE}.command.cli"]
        return subprocess.Popen(
            [*command, *(words or ("run",))],
            env=self.environment(machine, **changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )


def labs(simulator: Simulator, folder: Path, monkeypatch: Any) -> Iterator[Agents]:
    """For fixtures: one laboratory on an empty server."""
    monkeypatch.setenv("NO_PROXY", "*")
    simulator.reset()
    lab = Agents(simulator, folder)
    yield lab
    simulator.clear_faults()
    lab.client.close()


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _die_at(wanted: str) -> Callable[[str], None]:
    name, _at, times = wanted.partition("@")
    left = int(times or 0)

    def hook(reached: str) -> None:
        nonlocal left
        if reached == name:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook
