# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays the agents of machines, and whoever else acts while a task waits."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pty
import subprocess
import threading
import typing as t
from collections.abc import Callable
from pathlib import Path

from checkout import ANSIBLE_ENVIRONMENT
from patience import LIMIT, eventually
from playbook_runner import COMMAND

from simulator.launch import Simulator
from simulator.testing import Api

Object = dict[str, t.Any]


class Lab:
    """The raw API of a fresh server with a workflow of two tasks, and machines in it."""

    def __init__(self, simulator: Simulator, machines: int) -> None:
        self.simulator = simulator
        self.api = Api(simulator)
        for task in ("say", "more"):
            self.make("tasks", Name=task)
        self.make("stages", Name="first", Tasks=["say", "more"])
        self.make("workflows", Name="flow", Stages=["first"])
        self.machines = [self.make("machines", Name=f"m{n}", Workflow="flow") for n in range(machines)]

    def make(self, kind: str, **members: t.Any) -> Object:
        made: Object = self.api("POST", kind, json=members).json()
        return made

    def patch(self, kind: str, key: str, **members: t.Any) -> None:
        operations = [
            {"op": "replace", "path": f"/{name}", "value": value} for name, value in members.items()
        ]
        assert self.api("PATCH", f"{kind}/{key}", json=operations).status_code == 200

    def delete(self, kind: str, key: str) -> None:
        assert self.api("DELETE", f"{kind}/{key}").status_code == 200

    def agent(self, name: str) -> Agent:
        return Agent(self, self.api("GET", f"machines/Name:{name}").json()["Uuid"])


@dataclasses.dataclass
class Agent:
    """Does the tasks of one machine as its agent would."""

    lab: Lab
    machine: str

    def finish(self) -> None:
        """All that is left to do."""
        while self.work():
            pass

    def work(self, state: str = "finished", log: bytes = b"") -> bool:
        """The next task; False when there is none."""
        job = self._next_job()
        if job is None:
            return False
        self.lab.patch("jobs", job, State="running")
        self._log(job, log)
        if state == "failed":
            self.lab.patch("machines", self.machine, Runnable=False)
        self.lab.patch("jobs", job, State=state, ExitState="complete" if state == "finished" else state)
        return True

    def start(self, log: bytes) -> None:
        """Begin the next task and leave it running."""
        job = self._next_job()
        assert job is not None
        self.lab.patch("jobs", job, State="running")
        self._log(job, log)

    def _next_job(self) -> str | None:
        while True:
            answer = self.lab.api("POST", "jobs", json={"Machine": self.machine})
            if answer.status_code == 201:
                return str(answer.json()["Uuid"])
            assert answer.status_code == 204, answer.text
            machine = self.lab.api("GET", f"machines/{self.machine}").json()
            if machine["CurrentTask"] >= len(machine["Tasks"]):
                return None

    def _log(self, job: str, log: bytes) -> None:
        url = f"{self.lab.simulator.endpoint}/api/v3/jobs/{job}/log"
        headers = {"Content-Type": "application/octet-stream"}
        assert self.lab.api.session.put(url, data=log, headers=headers).status_code == 204


class BackgroundSteps:
    """Does one step after the other, each as soon as the next task waits on its event stream."""

    def __init__(self, simulator: Simulator, *steps: Callable[[], t.Any]) -> None:
        self._simulator = simulator
        self._steps = steps
        self._before = simulator.stats()["websockets_opened"]
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> BackgroundSteps:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._thread.join(LIMIT)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for number, step in enumerate(self._steps, 1):
                self._wait_for_stream(number)
                step()
        except BaseException as error:
            self._error = error

    def _wait_for_stream(self, number: int) -> None:
        """Returns when the stream of the task that is the ``number``th to open one has registered."""

        def registered() -> bool:
            stats = self._simulator.stats()
            opened = stats["websockets_opened"] - self._before
            return opened >= number and stats["websockets"] == 1 and stats["registrations"] > 0

        eventually(registered, f"that task number {number} waits")


def run_playbook(book: Path, in_terminal: bool) -> str:
    """What ansible-playbook writes to a terminal, or into a pipe."""
    command = [str(COMMAND), "-i", "localhost,", "-c", "local", str(book)]
    environment = {
        **os.environ,
        **ANSIBLE_ENVIRONMENT,
        "COLUMNS": "400",
    }
    if not in_terminal:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
        )
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    pieces = []
    with contextlib.suppress(OSError):  # how a pty says that its other side is gone
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    os.close(ours)
    process.wait(LIMIT)
    return b"".join(pieces).decode()
