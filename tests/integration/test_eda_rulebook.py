# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook for real: its engine loads our source, and our rulebook starts our playbook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import ANSIBLE_ENVIRONMENT
from eda_listener import change, create, job_of
from patience import LIMIT, eventually

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

COMMAND = Path(sys.executable).with_name("ansible-rulebook")
SAMPLE = "digitalrebar.provision.job_failed"


def missing() -> str:
    """Why the engine cannot run here; "" if it can."""
    if not COMMAND.exists():
        return "ansible-rulebook is not installed"
    java = shutil.which("java")
    if java is None:
        return "ansible-rulebook needs Java 17"
    emitted = subprocess.run(
        [java, "-version"], capture_output=True, text=True, timeout=LIMIT, check=False
    ).stderr
    version = re.search(r'version "(\d+)', emitted)
    return "" if version and int(version[1]) >= 17 else "ansible-rulebook needs Java 17"


WHY_NOT = missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT),
]


class Engine:
    """A running ansible-rulebook, and what it has written."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def plays(self) -> list[str]:
        """The hosts of the plays that have ended."""
        return re.findall(r"^(\S+) +: ok=", re.sub(r"\x1b\[[\d;]*m", "", self.output), re.MULTILINE)

    def until(self, condition: Callable[[], Any]) -> None:
        """Wait for what the engine, or a playbook that it started, is to do."""
        try:
            eventually(condition)
        except AssertionError as problem:
            raise AssertionError(f"{problem}:\n{self.output}") from None

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


Start = Callable[..., Engine]


@pytest.fixture
def api(simulator: Simulator) -> Api:
    simulator.clear_faults()
    simulator.reset()
    return Api(simulator)


@pytest.fixture
def start(simulator: Simulator, api: Api, tmp_path: Path) -> Iterator[Start]:
    """Run a rulebook; everything that was started is ended."""
    engines: list[Engine] = []
    (tmp_path / "lab.drp.yml").write_text(
        json.dumps({"plugin": "digitalrebar.provision.drp", "ca_path": simulator.ca})
    )
    environment = {
        **os.environ,
        "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}",
        **ANSIBLE_ENVIRONMENT,
        "RS_ENDPOINT": simulator.endpoint,
        "RS_KEY": f"{USERNAME}:{PASSWORD}",
    }

    def run(rulebook: str, **variables: Any) -> Engine:
        (tmp_path / "vars.yml").write_text(json.dumps({"drp_ca_path": simulator.ca, **variables}))
        command = [str(COMMAND), "-r", rulebook, "-i", "lab.drp.yml", "-e", "vars.yml"]
        log = tmp_path / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        engines.append(Engine(process, log))
        return engines[-1]

    yield run
    for engine in engines:
        if engine.process.poll() is None:
            engine.end()


def listening(simulator: Simulator, engine: Engine, registrations: int) -> None:
    """Until the source has read the state, so that what comes now is news."""

    def has_read() -> bool:
        assert engine.process.poll() is None, engine.output
        read = {entry["path"] for entry in simulator.log() if entry["status"] == 200}
        ready = simulator.stats()["registrations"] >= registrations
        return ready and any(path.startswith("machines") for path in read)

    engine.until(has_read)


def failed_task(api: Api, name: str) -> str | None:
    meta = api("GET", f"machines/Name:{name}").json()["Meta"]
    task: str | None = meta.get("failed-task")
    return task


@pytest.mark.needs_counters
@pytest.mark.needs_faults
def test_a_failed_job_starts_the_playbook(simulator: Simulator, api: Api, start: Start) -> None:
    _machine, one = job_of(api, "one")
    _machine, two = job_of(api, "two")
    create(api, "machines", Name="other")
    simulator.reset_stats()
    engine = start(SAMPLE)
    listening(simulator, engine, 6)

    change(api, f"jobs/{one['Uuid']}", State="failed")
    engine.until(lambda: failed_task(api, "one") == "one-task")
    change(api, f"jobs/{one['Uuid']}", ExitState="failed")  # the job is failed still, and not again

    simulator.drop_websockets()  # and what fails now is told when the websocket is back
    change(api, f"jobs/{two['Uuid']}", State="failed")
    engine.until(lambda: failed_task(api, "two") == "two-task")
    engine.until(lambda: len(engine.plays()) >= 2)

    assert engine.plays() == ["one", "two"]
    assert failed_task(api, "other") is None
    assert f"Task two-task in stage two-stage has failed on two, job {two['Uuid']}" in " ".join(
        engine.output.split()
    )
    assert PASSWORD not in engine.output
    engine.end()
    assert "Traceback" not in engine.output


@pytest.mark.needs_counters
def test_texts_of_the_server_are_not_templates_in_playbooks(
    simulator: Simulator, api: Api, start: Start, tmp_path: Path
) -> None:
    """A machine may write its own description; it must not run commands where the rulebook runs."""
    victim = tmp_path / "victim"
    play = {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.debug": {"msg": "seen: {{ ansible_eda.event.object.Description }}"}}],
    }
    rule = {
        "name": "described",
        "condition": "event.machine == 'm1' and event.changed contains 'Description'",
        "action": {"run_playbook": {"name": "show.yml"}},
    }
    ruleset = {
        "name": "descriptions",
        "hosts": "all",
        "sources": [{"digitalrebar.provision.drp_events": {"ca_path": "{{ drp_ca_path }}"}}],
        "rules": [rule],
    }
    (tmp_path / "show.yml").write_text(json.dumps([play]))
    (tmp_path / "rules.yml").write_text(json.dumps([ruleset]))
    machine = create(api, "machines", Name="m1")
    simulator.reset_stats()
    engine = start("rules.yml")
    listening(simulator, engine, 8)
    attack = "{{ lookup('ansible.builtin.pipe', 'touch " + str(victim) + "') }}"
    change(api, f"machines/{machine['Uuid']}", Description=attack)
    engine.until(lambda: engine.plays() == ["m1"])
    assert "seen: { { lookup(" in engine.output
    assert not victim.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"events": ["machines.update"]},
            "ArgumentError: Source plugin failed with error message: 'events: ",
        ),
        (
            {"password": "wrong", "username": "eda"},
            "refused the login of 'eda': unknown user or wrong password",
        ),
    ],
)
def test_what_a_user_sees_of_an_error(
    start: Start, tmp_path: Path, arguments: dict[str, Any], text: str
) -> None:
    given = {"ca_path": "{{ drp_ca_path }}", **arguments}
    rule = {"name": "any", "condition": "event.type is defined", "action": {"debug": {"msg": "x"}}}
    ruleset = {
        "name": "errors",
        "hosts": "all",
        "sources": [{"digitalrebar.provision.drp_events": given}],
        "rules": [rule],
    }
    (tmp_path / "rules.yml").write_text(json.dumps([ruleset]))
    engine = start("rules.yml")
    assert engine.process.wait(LIMIT) != 0
    assert text in engine.output
