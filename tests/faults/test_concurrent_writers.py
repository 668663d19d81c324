# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty writers on one machine: nothing is lost, and each is told the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome, converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

pytestmark = pytest.mark.needs_faults

WRITERS = 50
ROOT = Path(__file__).resolve().parents[2]
WRITER = Path(__file__).with_name("writer.py")


def crowd(lab: t.Any, write: Callable[[Client, int], Outcome]) -> list[Outcome]:
    """What became of all of them; they start together, each with a connection of its own."""
    outcomes: dict[int, Outcome] = {}
    start = threading.Barrier(WRITERS)

    def one(number: int) -> None:
        with lab.client() as client:
            client.token()
            start.wait(LIMIT)
            outcomes[number] = write(client, number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    return [outcomes[number] for number in range(WRITERS)]


def wanted(params: dict[str, t.Any] | None = None, state: str = "present") -> Machine:
    return Machine("machines", {"Name": "busy", "Params": params}, state=state)


def busy(client: Client) -> dict[str, t.Any]:
    return client.get("machines", "Name:busy")


@pytest.mark.parametrize("fault", ["", "lose_reply"])
def test_each_adds_a_param(client: Client, lab: t.Any, fault: str) -> None:
    converge(client, wanted())
    if fault:
        lab.simulator.fault(fault, "^machines/", "PATCH", times=10, skip=5)
    outcomes = crowd(
        lab,
        lambda own, number: converge(own, wanted({f"p{number}": 1})),
    )
    assert [outcome.action for outcome in outcomes] == ["updated"] * WRITERS
    assert busy(client)["Params"] == {f"p{number}": 1 for number in range(WRITERS)}


@pytest.mark.parametrize("fault", ["", "lose_reply"])
def test_each_appends_a_profile(client: Client, lab: t.Any, fault: str) -> None:
    """The list is replaced as a whole, so that they really get into each other's way."""
    for number in range(WRITERS):
        client.create("profiles", {"Name": f"p{number}"})
    converge(client, wanted())
    if fault:
        lab.simulator.fault(fault, "^machines/", "PATCH", times=10, skip=5)
    outcomes = crowd(
        lab,
        lambda own, number: converge(
            own, Machine("machines", {"Name": "busy", "Profiles": [f"p{number}"]}, append_profiles=True)
        ),
    )
    assert [outcome.action for outcome in outcomes] == ["updated"] * WRITERS
    assert sorted(busy(client)["Profiles"]) == sorted(f"p{number}" for number in range(WRITERS))


def test_all_create_the_same_machine(client: Client, lab: t.Any) -> None:
    outcomes = crowd(
        lab,
        lambda own, number: converge(own, wanted({f"p{number}": 1})),
    )
    assert sorted(outcome.action for outcome in outcomes) == ["created"] + ["updated"] * (WRITERS - 1)
    assert busy(client)["Params"] == {f"p{number}": 1 for number in range(WRITERS)}


def test_all_delete_the_same_machine(client: Client, lab: t.Any) -> None:
    converge(client, wanted())
    outcomes = crowd(lab, lambda own, number: converge(own, wanted(state="absent")))
    assert sorted(outcome.action for outcome in outcomes) == ["deleted"] + ["unchanged"] * (WRITERS - 1)


@pytest.mark.slow
def test_processes_share_their_login(client: Client, lab: t.Any, tmp_path: Path) -> None:
    converge(client, wanted())
    logins = lab.simulator.stats()["logins"]
    path = os.pathsep.join([str(ROOT / ".venv/collections"), str(ROOT / "tests")])
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                str(WRITER),
                lab.simulator.endpoint,
                lab.simulator.ca,
                str(tmp_path / "tokens"),
                str(number),
            ],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    told = [json.loads(process.communicate(timeout=LIMIT)[0]) for process in processes]
    assert [result["changed"] for result in told] == [True] * WRITERS, told
    assert busy(client)["Params"] == {f"writer-{number}": number for number in range(WRITERS)}
    assert 1 <= lab.simulator.stats()["logins"] - logins <= 3
