# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure params from the user's side: set like any other, and seen nowhere."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from checkout import ANSIBLE_PYTHON
from playbook_runner import PlaybookRunner, machine, thing

from simulator.testing import Api

pytest.importorskip("nacl.public")

SECRET, OTHER = "hush-hush 1f3b", "hush-hush 77aa"
DEFINITION = {"Name": "db/password", "Secure": True, "Schema": {"type": "string"}}


def value(run_tasks: PlaybookRunner, path: str) -> t.Any:
    return Api(run_tasks.simulator)("GET", f"{path}/params/db/password?decode=true").json()


@pytest.mark.parametrize("kind", ["run_tasks", pytest.param("run_tasks_v4", marks=pytest.mark.needs_v4)])
def test_a_secret_of_a_machine(kind: str, request: pytest.FixtureRequest) -> None:
    run_tasks: PlaybookRunner = request.getfixturevalue(kind)
    wanted = {"name": "m1", "params": {"db/password": SECRET, "size": 3}}
    played = run_tasks(
        thing(kind="params", spec=DEFINITION),
        machine(**wanted),
        machine(**wanted),
        machine(name="m1", params={"db/password": OTHER}),
        machine(name="m1", params={"db/password": OTHER}),
        flags=["-vvv", "--diff"],
    )
    assert played.changed == [True, True, False, True, False], played.output
    assert SECRET not in played.output
    assert OTHER not in played.output
    assert not any(result.get("warnings") for result in played.results)
    assert played[1]["machine"]["Params"] == {"db/password": "(hidden)", "size": 3}
    assert played[3]["diff"]["after"] == {"Params": {"db/password": "(hidden, another value)"}}
    assert value(run_tasks, "machines/Name:m1") == OTHER


def test_the_plain_value_is_in_no_output_of_a_module_either(run_tasks: PlaybookRunner) -> None:
    run_tasks(thing(kind="params", spec=DEFINITION))
    task = thing(kind="profiles", spec={"Name": "p1", "Params": {"db/password": SECRET}}, run_in="target")
    played = run_tasks(task, task, flags=["-vvv", "--diff"])
    assert played.changed == [True, False], played.output
    shown = "".join(line for line in played.output.splitlines() if "EXEC" not in line and "PUT" not in line)
    assert SECRET not in shown
    assert value(run_tasks, "profiles/p1") == SECRET


def test_many_at_once_with_a_definition_of_their_own(run_tasks: PlaybookRunner) -> None:
    resources = [
        {"kind": "profiles", "spec": {"Name": f"p{number}", "Params": {"db/password": SECRET}}}
        for number in range(4)
    ]
    task = thing(resources=[*resources, {"kind": "params", "spec": DEFINITION}], return_objects=True)
    checked = run_tasks(task, flags=["-vvv", "--check", "--diff"])
    played = run_tasks(task, task, flags=["-vvv", "--diff"])
    assert checked.changed == [True]
    assert played.changed == [True, False], played.output
    assert SECRET not in checked.output + played.output
    assert played[0]["results"][0]["object"]["Params"] == {"db/password": "(hidden)"}
    assert {value(run_tasks, f"profiles/p{number}") for number in range(4)} == {SECRET}


def test_a_refused_value_is_not_quoted(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        thing(kind="params", spec={**DEFINITION, "Schema": {"type": "string", "maxLength": 5}}),
        thing(kind="profiles", spec={"Name": "p1", "Params": {"db/password": SECRET}}),
        flags=["-vvv", "--diff"],
    )
    assert played[1]["failed"]
    assert "db/password" in played[1]["msg"]
    assert SECRET not in played.output


def test_without_pynacl_the_user_is_told(
    run_tasks: PlaybookRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "nacl.py").write_text("raise ImportError('hidden by a test')")
    monkeypatch.setenv("PYTHONPATH", str(hidden))
    played = run_tasks(
        thing(kind="params", spec=DEFINITION),
        machine(name="m1", params={"size": 3}),
        machine(name="m1", params={"db/password": SECRET}),
        machine(name="m2", params={"db/password": SECRET}),
    )
    assert played.changed[:3] == [True, True, False]
    told = "to set the secure param db/password of machine"
    assert (
        f"the Python package PyNaCl must be installed for {ANSIBLE_PYTHON} (pip install PyNaCl) {told} m1"
        in (played[2]["msg"])
    )
    assert f"{told} m2" in played[3]["msg"]
    assert len(Api(run_tasks.simulator)("GET", "machines").json()) == 1
    assert SECRET not in played.output


def test_bad_choices(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(machine(name="m1", update_secure="sometimes"))
    assert "update_secure must be one of: when_different, always, on_create" in played[0]["msg"]
