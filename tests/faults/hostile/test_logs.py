# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other users of a target, and readers of a play's output, get to see of what goes into objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from checkout import ANSIBLE_ENVIRONMENT
from faults.conftest import Lab
from patience import LIMIT

from simulator.launch import PASSWORD, USERNAME

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
PLANTED = "planted-value"
STAND_IN = """
import os
import syslog as _real


def _note(*words):
    with open(os.environ["SYSLOG_STAND_IN"], "a", encoding="utf-8") as target:
        target.write(repr(words) + "\\n")


_real.syslog = _note
"""
"""Imported at the start of each Python that a test runs: what would go to syslog goes to a file."""

pytestmark = pytest.mark.timeout(600)

TASKS: dict[str, dict[str, t.Any]] = {
    "params": {"drp_machine": {"name": "web-1", "params": {"rack/pin": PLANTED}}},
    "params of an action": {
        "drp_action": {"kind": "machines", "objects": ["web-1"], "action": "none", "params": {"pin": PLANTED}}
    },
    "spec": {"drp_object": {"kind": "users", "spec": {"Name": "guest", "PasswordHash": PLANTED}}},
    "resources": {
        "drp_object": {
            "resources": [{"kind": "machines", "spec": {"Name": "web-1", "Params": {"rack/pin": PLANTED}}}]
        }
    },
    "content": {
        "drp_content": {
            "content": {
                "meta": {"Name": "lab"},
                "sections": {"profiles": {"p-1": {"Name": "p-1", "Params": {"rack/pin": PLANTED}}}},
            }
        }
    },
    "object": {"drp_event": {"kind": "racks", "action": "cabled", "id": "a", "object": {"pin": PLANTED}}},
    "a text as object": {"drp_event": {"kind": "racks", "action": "cabled", "id": "a", "object": PLANTED}},
    "a file": {"drp_blob": {"path": "a/b", "content": PLANTED}},
}


def mark(name: str) -> str:
    """What is hidden in the task of that name."""
    return f"planted-in-{name.replace(' ', '-')}-"


def is_finished(job_file: Path) -> bool:
    try:
        return json.loads(job_file.read_text()).get("finished", 1) == 1
    except ValueError:
        return False


def planted(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(TASKS[name]).replace(PLANTED, mark(name))))


@pytest.fixture
def play(lab: Lab, tmp_path: Path) -> t.Callable[..., tuple[str, str, str]]:
    """Run tasks: the output at -vvvv --diff, what went to syslog, and what async jobs left behind."""
    with lab.client() as client:
        client.create("params", {"Name": "rack/pin", "Secure": True, "Schema": {"type": "string"}})
        client.create("machines", {"Name": "web-1"})
    site, log, jobs = tmp_path / "site", tmp_path / "syslog", tmp_path / "async"
    site.mkdir()
    (site / "sitecustomize.py").write_text(STAND_IN)

    def run(*tasks: dict[str, t.Any], endpoint: str = lab.simulator.endpoint) -> tuple[str, str, str]:
        defaults = {
            "endpoint": endpoint,
            "username": USERNAME,
            "password": PASSWORD,
            "ca_path": lab.simulator.ca,
        }
        steps = [
            {
                f"digitalrebar.provision.{name}" if name.startswith("drp_") else name: value
                for name, value in task.items()
            }
            for task in tasks
        ]
        book = tmp_path / "play.yml"
        book.write_text(json.dumps([{
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/digitalrebar.provision.drp": {**defaults, "request_timeout": 5}},
            "tasks": [{**step, "ignore_errors": True} for step in steps],
        }]))  # fmt: skip
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "localhost,", "-c", "local", "-vvvv", "--diff", str(book)],
            env={
                **os.environ, **ANSIBLE_ENVIRONMENT, "PYTHONPATH": str(site), "SYSLOG_STAND_IN": str(log),
                "ANSIBLE_ASYNC_DIR": str(jobs),
            },
            capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        # the jobs outlive the play
        lab.eventually(lambda: all(is_finished(path) for path in jobs.glob("*")), 300.0)
        left = "".join(path.read_text() for path in jobs.glob("*"))
        return done.stdout + done.stderr, log.read_text() if log.exists() else "", left

    return run


def test_nothing_of_it_reaches_syslog_output_or_job_files(
    play: t.Callable[..., tuple[str, str, str]],
) -> None:
    tasks = [planted(name) for name in TASKS]
    on_target = [{module: {**options, "run_in": "target"}} for ((module, options),) in map(dict.items, tasks)]
    in_async = [{**task, "async": 300, "poll": 0} for task in tasks]
    output, syslog, left = play(*tasks, *on_target, *in_async)
    assert syslog.count("Invoked with") >= 2 * len(tasks), "the stand-in has not seen all"
    assert left.count('"invocation"') == len(tasks)
    for name in TASKS:
        # drp_event returns the event that it has sent, which is its documented result
        places = (syslog,) if "object" in name else (output, syslog, left)
        assert [where for where in places if mark(name) in where] == [], name


def test_a_task_that_fails_at_once_shows_nothing_either(play: t.Callable[..., tuple[str, str, str]]) -> None:
    tasks = []
    for ((module, options),) in map(dict.items, map(planted, TASKS)):
        # a server that is not the right one is not asked again, as one that is away would be
        nobody = {**options, "cert_fingerprint": "0" * 64, "token": "x"}
        broken = {**options, "no_such_option": 1}
        tasks += [
            {module: {**one, "run_in": place}}
            for one in (nobody, broken)
            for place in ("controller", "target")
        ]
    as_list = {"name": "web-1", "params": [mark("params")]}
    tasks += [{"drp_machine": {**as_list, "run_in": place}} for place in ("controller", "target")]
    output, syslog, _left = play(*tasks)
    assert output.count("FAILED!") == len(tasks)
    for name in TASKS:
        assert [where for where in (output, syslog) if mark(name) in where] == [], name


def test_what_is_known_not_to_be_secret_is_shown(play: t.Callable[..., tuple[str, str, str]]) -> None:
    plain = {"drp_machine": {"name": "web-1", "params": {"rack/name": "shown-value"}}}
    output, syslog, _left = play(plain, {"drp_machine": {**plain["drp_machine"], "run_in": "target"}})
    assert output.count('"rack/name": "shown-value"') >= 4  # invocation and object, twice
    assert "shown-value" not in syslog
