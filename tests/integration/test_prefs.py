# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_prefs, and drp_event with somebody who listens."""

from __future__ import annotations

import typing as t

import pytest
from info_tasks import add, task
from patience import LIMIT
from playbook_runner import PlaybookRunner

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from simulator.launch import USERNAME
from simulator.testing import Api

SECRET = "0123456789abcdef-0123456789abcde"


@pytest.mark.needs_counters
def test_preferences(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    add(api, "bootenvs", Name="env", OS={"Name": "env"})
    add(api, "bootenvs", Name="unknowns", OS={"Name": "env"}, OnlyUnknown=True)
    add(api, "workflows", Name="flow", Stages=[])
    wanted = {
        "defaultBootEnv": "env",
        "unknownBootEnv": "unknowns",
        "defaultWorkflow": "flow",
        "knownTokenTimeout": 7200,
        "logLevel": "2",
    }
    since = len(run_tasks.simulator.log())
    played = run_tasks(
        task("prefs", prefs=wanted),
        task("prefs", prefs=wanted),
        task("prefs", prefs={"defaultWorkflow": "", "logLevel": "debug"}, others={"debugDhcpx": None}),
        task("prefs", prefs={"defaultWorkflow": ""}),
        task("prefs", prefs={"defaultWorkflow": ""}),
        flags=["--diff"],
    )
    assert played.changed[:2] == [True, False], played.output
    assert played[0]["diff"] == {
        "before": {
            "defaultBootEnv": "local",
            "unknownBootEnv": "ignore",
            "defaultWorkflow": "",
            "knownTokenTimeout": "3600",
            "logLevel": "warn",
        },
        "after": {**wanted, "knownTokenTimeout": "7200", "logLevel": "debug"},
    }
    assert played[1]["prefs"]["logLevel"] == "debug"
    assert "the value of debugDhcpx must be a string" in played[2]["msg"]
    assert played.changed[3:] == [True, False]
    log = run_tasks.simulator.log()[since:]
    assert [line["method"] for line in log if line["path"] == "prefs"].count("POST") == 2


@pytest.mark.needs_counters
def test_check_mode_writes_no_preference(run_tasks: PlaybookRunner) -> None:
    run_tasks.simulator.reset_stats()
    change = task("prefs", prefs={"defaultStage": "local", "baseTokenSecret": SECRET})
    checked = run_tasks(change, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    done = run_tasks(change, flags=["--diff"])
    assert checked.changed == done.changed == [True]
    assert checked[0]["diff"] == done[0]["diff"]
    assert checked[0]["prefs"] == done[0]["prefs"]


def test_the_secret_that_all_tokens_hang_on(run_tasks: PlaybookRunner) -> None:
    """It is compared and set, shown nowhere, and the session survives it."""
    change = task("prefs", prefs={"baseTokenSecret": SECRET, "systemGrantorSecret": "another-secret"})
    played = run_tasks(change, change, task("info", kind="machines"), flags=["--diff", "-vvv"])
    assert played.changed == [True, False, False]
    assert not played[2].get("failed"), played.output
    assert played[0]["diff"]["after"]["baseTokenSecret"] == "(hidden, new)"
    assert "baseTokenSecret" not in played[0]["prefs"]
    assert SECRET not in played.output
    assert "another-secret" not in played.output
    assert Api(run_tasks.simulator)("GET", "prefs").json()["baseTokenSecret"] == SECRET


@pytest.mark.needs_counters
def test_preferences_that_cannot_be(run_tasks: PlaybookRunner) -> None:
    run_tasks.simulator.reset_stats()
    played = run_tasks(
        task("prefs", prefs={"defaultStage": "absent", "logLevel": "debug"}),
        task("prefs", prefs={"unknownBootEnv": ""}),
        task("prefs", prefs={"defaultBootEnv": "ignore"}),
        task("prefs", prefs={"knownTokenTimeout": -1}),
        task("prefs", prefs={"baseTokenSecret": "short"}),
        task("prefs", prefs={"logLevel": "loud"}),
        task("prefs", prefs={"defaultstage": "none"}),
        task("prefs", others={"defaultStag": "none"}),
        task("prefs", others={"defaultStage": "none"}),
        task("prefs", others={"someSecret": "x"}),
        task("prefs", prefs={}),
        task("prefs"),
    )
    messages = [str(result["msg"]) for result in played.results]
    assert messages[0] == "prefs: defaultStage: no such stage: absent"
    assert messages[1] == "prefs: unknownBootEnv: must not be empty"
    assert "bootenv ignore is for unknown machines only (OnlyUnknown)" in messages[2]
    assert "knownTokenTimeout must not be negative" in messages[3]
    assert "baseTokenSecret must have 32 bytes, it has 5" in messages[4]
    assert "value of logLevel must be one of: trace, debug" in messages[5]
    assert "defaultstage" in messages[6]
    assert "the server has no preference defaultStag. Did you mean defaultStage?" in messages[7]
    assert "others: defaultStage must be set in prefs" in messages[8]
    assert "others: someSecret seems to be a secret" in messages[9]
    assert "prefs: no preference is set" in messages[10]
    assert "one of the following is required: prefs, others" in messages[11]
    assert run_tasks.simulator.stats()["writes"] == 0


@pytest.mark.needs_faults
def test_a_preference_that_the_server_ignores_is_a_failure(run_tasks: PlaybookRunner) -> None:
    body = '{"defaultStage": "none"}'
    run_tasks.simulator.fault(
        "status", "^prefs$", "POST", status=201, body=body, content_type="application/json"
    )
    played = run_tasks(task("prefs", prefs={"defaultStage": "local"}))
    run_tasks.simulator.clear_faults()
    assert played[0]["msg"] == "the server ignored the new value of defaultStage"


@pytest.fixture
def listener(run_tasks: PlaybookRunner) -> t.Iterator[t.Any]:
    """Whoever listens to all events of the type ``racks``."""
    with settings.connect(settings.resolve(run_tasks.defaults, {})) as client:
        stream = client.events()
        yield stream.register("racks.*.*")
        stream.close()


def test_events(run_tasks: PlaybookRunner, listener: t.Any) -> None:
    post = task("event", kind="racks", action="cabled", id="rack.a", object={"ports": [1, 2]})
    checked = run_tasks(post, task("event", kind="", action="b", id="c"), flags=["--check"])
    assert checked.changed == [True, False]
    assert checked[1]["msg"] == "kind: must not be empty"
    played = run_tasks(post)
    assert played.changed == [True]
    received = listener.get(timeout=LIMIT).event
    assert {name: received[name] for name in ("Type", "Action", "Key", "Object")} == played[0]["event"]
    assert received["Principal"] == f"user:{USERNAME}"
    assert not received["Time"].startswith("0001")
