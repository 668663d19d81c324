# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks through ansible-playbook against the simulator and hands back their results."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from pathlib import Path

import warm_ansible
import yaml
from checkout import ANSIBLE_BIN, ANSIBLE_ENVIRONMENT, ANSIBLE_PYTHON
from patience import LIMIT

from simulator.launch import Simulator

COMMAND = ANSIBLE_BIN / "ansible-playbook"
Task = dict[str, t.Any]


@dataclasses.dataclass
class PlayResult:
    """What a playbook run showed, and the registered result of each of its tasks."""

    code: int
    output: str
    results: list[dict[str, t.Any]]

    def __getitem__(self, index: int) -> dict[str, t.Any]:
        return self.results[index]

    @property
    def changed(self) -> list[bool]:
        return [bool(result.get("changed")) for result in self.results]


def connection(simulator: Simulator) -> dict[str, t.Any]:
    return {
        "endpoint": simulator.endpoint,
        "username": simulator.username,
        "password": simulator.password,
        "ca_path": simulator.ca,
    }


class PlaybookRunner:
    """``run_tasks(task, task...)`` runs them in one play on localhost; a failed task does not end it."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.defaults: dict[str, t.Any] = connection(simulator)
        self._folder = folder

    def __call__(self, *tasks: Task, flags: t.Sequence[str] = (), timeout: float = LIMIT) -> PlayResult:
        steps = [
            {**task, "register": f"result_{number}", "ignore_errors": True}
            for number, task in enumerate(tasks)
        ]
        keep = ", ".join(f"result_{number}" for number in range(len(tasks)))
        target = self._folder / "results.json"
        save = {
            "keep": {"text": "{{ [" + keep + "] | to_json }}", "dest": str(target)},
            "no_log": True,
        }
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": ANSIBLE_PYTHON},
            "module_defaults": {"group/digitalrebar.provision.drp": self.defaults},
            "tasks": [*steps, save],
        }
        book = self._folder / "play.yml"
        book.write_text(_document([play]))
        environment = {
            **os.environ,
            **ANSIBLE_ENVIRONMENT,
            "ANSIBLE_ACTION_PLUGINS": str(Path(__file__).with_name("action")),
            "PYTHONHASHSEED": "0",
            "ANSIBLE_ASYNC_DIR": str(self._folder / "async"),
        }
        command = [str(COMMAND), "-i", "localhost,", "-c", "local", *flags, str(book)]
        done = warm_ansible.run(command, environment, timeout)
        output = done.stdout + done.stderr
        assert target.exists(), output
        results = json.loads(target.read_text())
        target.unlink()
        return PlayResult(done.returncode, output, results)


def _document(plays: list[dict[str, t.Any]]) -> str:
    """JSON, which is quickest, or YAML for values that JSON does not have."""
    try:
        return json.dumps(plays, allow_nan=False)
    except (TypeError, ValueError):
        return yaml.safe_dump(plays, allow_unicode=True)


def machine(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_machine": options}


def thing(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_object": options}


def content(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_content": options}


def content_fetch(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_content_fetch": options}
