# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for objects of one kind: drp_profile, drp_param, drp_task and their like."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from info_tasks import add, task
from playbook_runner import PlaybookRunner, Task, thing

from simulator.launch import Simulator
from simulator.testing import Api

CHECK = ["--check", "--diff"]
SCRIPT = "#!/bin/sh\nexit 0\n"
CLAIM = {"scope": "machines", "action": "list,get", "specific": "*"}


class Life(t.NamedTuple):
    """An object, a change of it, and what of the change a diff shows."""

    kind: str
    made: dict[str, t.Any]
    change: dict[str, t.Any]
    before: dict[str, t.Any]
    after: dict[str, t.Any]


LIVES = {
    "param": Life(
        "params",
        {"name": "a/number", "schema": {"type": "integer", "default": 1}},
        {"schema": {"type": "integer", "default": 2}},
        {"Schema": {"default": 1}},
        {"Schema": {"default": 2}},
    ),
    "profile": Life(
        "profiles",
        {"name": "rack-a", "params": {"one": 1, "two": [True, None]}, "meta": {"icon": "server"}},
        {"params": {"one": "1"}},
        {"Params": {"one": 1}},
        {"Params": {"one": "1"}},
    ),
    "template": Life(
        "templates",
        {"id": "motd.tmpl", "contents": "one"},
        {"contents": "two"},
        {"Contents": "one"},
        {"Contents": "two"},
    ),
    "task": Life(
        "tasks",
        {"name": "say", "templates": [{"name": "run", "contents": SCRIPT}], "optional_params": ["one"]},
        {"optional_params": []},
        {"OptionalParams": ["one"]},
        {"OptionalParams": []},
    ),
    "stage": Life(
        "stages",
        {"name": "first", "bootenv": "local", "tasks": [], "reboot": False},
        {"reboot": "yes"},
        {"Reboot": False},
        {"Reboot": True},
    ),
    "workflow": Life(
        "workflows",
        {"name": "flow", "stages": ["none"]},
        {"stages": ["none", "local"]},
        {"Stages": ["none"]},
        {"Stages": ["none", "local"]},
    ),
    "role": Life(
        "roles",
        {"name": "reader", "claims": [CLAIM]},
        {"claims": [{**CLAIM, "action": "get"}]},
        {"Claims": [CLAIM]},
        {"Claims": [{**CLAIM, "action": "get"}]},
    ),
    "tenant": Life(
        "tenants",
        {"name": "red", "members": {"profiles": ["global"]}},
        {"members": {"profiles": []}},
        {"Members": {"profiles": ["global"]}},
        {"Members": {"profiles": []}},
    ),
    "plugin": Life(
        "plugins",
        {"name": "notes", "provider": "absent", "params": {"one": 1}, "require_available": False},
        {"params": {"one": None}, "require_available": False},
        {"Params": {"one": 1}},
        {"Params": {}},
    ),
}
every_module = pytest.mark.parametrize("module", LIVES)


@pytest.fixture(scope="module")
def licensed() -> Iterator[Simulator]:
    """Roles and tenants need a license."""
    with Simulator.start(licensed=True) as simulator:
        yield simulator


@pytest.fixture
def player(licensed: Simulator, tmp_path: Path) -> PlaybookRunner:
    licensed.reset()
    return PlaybookRunner(licensed, tmp_path)


def identified(made: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in made.items() if name in ("name", "id")}


@every_module
@pytest.mark.needs_license
def test_life(player: PlaybookRunner, module: str) -> None:
    kind, made, change, before, after = LIVES[module]
    key = identified(made)
    played = player(
        task(module, **made),
        task(module, **made),
        task(module, **key, **change),
        task(module, **key, **change),
        task(module, **key, require_available=False),
        task(module, **key, state="absent"),
        task(module, **key, state="absent"),
        flags=["--diff"],
    )
    assert played.changed == [True, False, True, False, False, True, False], played.output
    assert [result.get("action") for result in played.results] == [
        *("created", "unchanged", "updated", "unchanged", "unchanged", "deleted", "unchanged")
    ]
    changed = played[2]["diff"]
    shown = {"before": before, "after": after, "before_header": f"{module} {next(iter(key.values()))}"}
    assert {name: changed[name] for name in shown} == shown
    assert set(after) <= set(played[2][module])
    assert Api(player.simulator)("GET", f"{kind}/{next(iter(key.values()))}").status_code == 404


@every_module
@pytest.mark.needs_license
def test_check_mode_writes_nothing(player: PlaybookRunner, module: str) -> None:
    _kind, made, change, before, after = LIVES[module]
    key = identified(made)
    player(task(module, **made))
    player.simulator.reset_stats()
    other = {name: f"another-{value}" for name, value in key.items()}
    played = player(
        task(module, **key, **change),
        task(module, **{**made, **other}),
        task(module, **key, state="absent"),
        flags=CHECK,
    )
    assert played.changed == [True, True, True], played.output
    assert played[0]["diff"]["before"] == before
    assert played[0]["diff"]["after"] == after
    assert player.simulator.stats()["writes"] == 0


def test_purge_params(run_tasks: PlaybookRunner) -> None:
    both = {"params": {"one": 1, "two": 2}}
    played = run_tasks(
        task("profile", name="rack-a", **both),
        task("profile", name="rack-a", params={"three": 3}),
        task("profile", name="rack-a", params={"one": 1}, purge_params=True),
        task("profile", name="rack-a", params={"one": 1}, purge_params=True),
        task("plugin", name="notes", provider="absent", require_available=False, **both),
        task("plugin", name="notes", params={"one": 1}, purge_params=True, require_available=False),
    )
    assert played.changed == [True, True, True, False, True, True], played.output
    assert [played[step]["profile"]["Params"] for step in (1, 2)] == [
        {"one": 1, "two": 2, "three": 3},
        {"one": 1},
    ]
    assert played[5]["plugin"]["Params"] == {"one": 1}


def test_secure_params_are_never_shown(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        task("param", name="a-secret", secure=True, schema={"type": "string"}),
        task("profile", name="rack-a", params={"a-secret": "not-to-be-shown"}),
        task("profile", name="rack-a", params={"a-secret": "not-to-be-shown"}),
        task("profile", name="rack-a", params={"a-secret": "not-to-be-shown-either"}),
        flags=["--diff", "-vvv"],
    )
    assert played.changed == [True, True, False, True], played.output
    assert "not-to-be-shown" not in played.output


def test_the_text_of_a_template_may_be_secret(run_tasks: PlaybookRunner) -> None:
    """It is not shown among the options before the task is done."""
    played = run_tasks(
        task("template", id="!", contents="password=not-to-be-shown"),
        task("param", name="!", schema={"default": "not-to-be-shown"}),
        flags=["-vvv"],
    )
    assert [bool(result.get("failed")) for result in played.results] == [True, True]
    assert "not-to-be-shown" not in played.output


def test_the_same_object_as_by_drp_object(run_tasks: PlaybookRunner) -> None:
    spec = {
        "Name": "say",
        "RequiredParams": ["one"],
        "Templates": [
            {"Name": "run", "Contents": SCRIPT, "Meta": {"OS": "linux"}},
            {"Name": "motd", "Path": "/etc/motd", "Contents": "x", "Meta": {"OS": "linux"}},
        ],
        "Meta": {"icon": "cog"},
    }
    named = {
        "name": "say",
        "required_params": ["one"],
        "templates": [
            {"name": "run", "contents": SCRIPT, "meta": {"OS": "linux"}},
            {"name": "motd", "path": "/etc/motd", "contents": "x", "meta": {"OS": "linux"}},
        ],
        "meta": {"icon": "cog"},
    }
    played = run_tasks(task("task", **named), thing(kind="tasks", spec=spec))
    assert played.changed == [True, False], played.output
    assert played[0]["task"] == played[1]["object"]


WRONG: list[tuple[Task, str]] = [
    (task("profile", params={"a": 1}), "missing required arguments: name"),
    (task("template", id="motd.tmpl", name="motd.tmpl"), "Unsupported parameters for (digitalrebar."),
    (task("param", name="one", schema="{"), "argument 'schema' is of type"),
    (task("param", name="one", schema={"type": "nonsense"}), "param one"),
    (task("stage", name="first", reboot="perhaps"), "argument 'reboot' is of type"),
    (task("task", name="say", templates=[{"contents": "x"}]), "name found in templates"),
    (task("task", name="say", templates=[{"name": "run", "text": "x"}]), "templates.text"),
    (task("workflow", name="flow", stages=["absent"]), "workflow flow is stored but not available"),
    (task("role", name="reader", claims=[{"scope": "machines", "what": "x"}]), "claims.what"),
    (task("plugin", name="notes", provider="absent", params=["a"]), "argument 'params' is of type"),
]


def test_wrong_input_is_explained(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(*(wrong for wrong, _message in WRONG))
    for result, (wrong, message) in zip(played.results, WRONG, strict=True):
        assert result.get("failed"), wrong
        assert message in result["msg"], wrong
    assert "Traceback" not in played.output


@pytest.mark.needs_v4
def test_what_only_v4_servers_have(run_tasks: PlaybookRunner, run_tasks_v4: PlaybookRunner) -> None:
    wanted = task("profile", name="rack-a", profiles=["site-1"])
    add(Api(run_tasks_v4.simulator), "profiles", Name="site-1")
    new = run_tasks_v4(wanted, wanted)
    assert new.changed == [True, False], new.output
    assert new[0]["profile"]["Profiles"] == ["site-1"]
    old = run_tasks(wanted, wanted)
    assert old.changed == [True, False], old.output
    assert "profile rack-a: the server has no member Profiles; left out" in old.output.replace("\n", " ")
