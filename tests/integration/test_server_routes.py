# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of servers that have no object of their own: rendering, acknowledging, providers, purging."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from info_tasks import add, run_jobs, task
from playbook_runner import PlaybookRunner, machine, thing

from simulator.testing import Api


@pytest.mark.needs_v4
def test_renders_for_a_machine(run_tasks_v4: PlaybookRunner) -> None:
    add(Api(run_tasks_v4.simulator), "templates", ID="hello.tmpl", Contents="Hello {{.Machine.Name}}")
    one = {"gather": ["render"], "kind": "machines", "name": "m1"}
    played = run_tasks_v4(
        machine(name="m1"),
        task("info", **one, template="hello.tmpl"),
        task("info", **one, template_text="{% raw %}{{.Machine.Name}}!{% endraw %}"),
        task("info", **one, template="absent"),
        task("info", **one),
        task("info", gather=["render"], kind="machines", template="hello.tmpl"),
        task("info", gather=["connections"], kind="machines", name="m1"),
        task("info", gather=["connections"], kind="profiles", name="global"),
    )
    assert [played[1]["rendered"], played[2]["rendered"]] == ["Hello m1", "m1!"], played.output
    assert "no such template: absent" in played[3]["msg"]
    assert "requires one of template and template_text" in played[4]["msg"]
    assert "requires name or id" in played[5]["msg"]
    assert played[6]["connections"] == []
    assert "requires kind to be one of machines" in played[7]["msg"]


@pytest.mark.needs_v4
def test_tells_which_machine_it_is(run_tasks_v4: PlaybookRunner) -> None:
    played = run_tasks_v4(
        machine(name="m1", hardware_addrs=["52:54:00:00:00:01"]),
        task("info", gather=["whoami"], hardware_addrs=["52:54:00:00:00:01"]),
        task("info", gather=["whoami"], hardware_addrs=["52:54:00:00:00:02"]),
        task("info", gather=["whoami"]),
    )
    assert played[1]["whoami"]["Uuid"] == played[0]["machine"]["Uuid"], played.output
    assert not played[2]["whoami"].get("Uuid")
    assert "requires hardware_addrs" in played[3]["msg"]


def test_older_servers_have_none_of_it(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        machine(name="m1"),
        task("info", gather=["render"], kind="machines", name="m1", template_text="x"),
        task("info", gather=["whoami"], hardware_addrs=["52:54:00:00:00:01"]),
    )
    for result in played.results[1:]:
        assert "not supported by this server" in result["msg"]


@pytest.mark.needs_v4
def test_acknowledges_alerts_once(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    keys = [add(api, "alerts", Name=name, Level="WARN")["Uuid"] for name in ("one", "two")]
    some = {"kind": "alerts", "command": "acknowledge", "objects": keys}
    checked = run_tasks_v4(task("action", **some), flags=["--check"])
    assert not api("GET", f"alerts/{keys[0]}").json()["Acknowledged"]
    played = run_tasks_v4(task("action", **some), task("action", **some))
    assert (checked.changed, played.changed) == ([True], [True, False]), played.output
    assert api("GET", f"alerts/{keys[1]}").json()["Acknowledged"]


@pytest.mark.needs_v4
def test_restarts_batches(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    batch = add(api, "batches", SetupWorkOrderTemplate={"Blueprint": "b"})["Uuid"]
    restart = task("action", kind="batches", command="restart", id=batch)
    early = run_tasks_v4(restart)
    patch = [{"op": "replace", "path": "/State", "value": "failed"}]
    api("PATCH", f"batches/{batch}", json=patch).raise_for_status()
    played = run_tasks_v4(restart)
    assert "cannot be restarted" in early[0]["msg"]
    assert played.changed == [True], played.output
    assert api("GET", f"batches/{batch}").json()["State"] == "created"


@pytest.mark.needs_v4
def test_what_the_server_does_for_subnets_and_boot_environments(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    active = {"ActiveStart": "192.0.2.10", "ActiveEnd": "192.0.2.20"}
    leases = {"ActiveLeaseTime": 60, "ReservedLeaseTime": 7200, "Strategy": "MAC"}
    add(api, "subnets", Name="net", Subnet="192.0.2.0/24", **active, **leases)

    def act(kind: str, name: str, command: str, **params: t.Any) -> t.Any:
        return task("action", kind=kind, name=name, command=command, params=params)

    played = run_tasks_v4(
        act("subnets", "net", "allocate", Token="52:54:00:00:00:01", Strategy="MAC"),
        act("subnets", "net", "release", address="192.0.2.10"),
        act("subnets", "net", "release"),
        act("subnets", "net", "release", addr="x", address="y"),
        act("bootenvs", "local", "purgeLocal", arches=["amd64"], reexplodeIsos=True),
        act("bootenvs", "local", "purgeLocal"),
        task("info", gather=["upgrade"]),
    )
    assert played[0]["result"]["Addr"] == "192.0.2.10", played.output
    assert played.changed[1]
    assert api("GET", "reservations").json() == []
    assert "release requires address" in played[2]["msg"]
    assert "release has no param addr" in played[3]["msg"]
    assert (played[4]["result"], played.changed[4]) == (True, True)
    assert "purgeLocal requires arches" in played[5]["msg"]
    assert played[6].get("upgrade", {}).get("Name") == "upgrade-status", played[6]


def test_deletes_jobs(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    _machine, jobs = run_jobs(api, "one", "two")
    played = run_tasks(
        thing(kind="jobs", id=jobs[1], state="absent"),
        thing(kind="jobs", filters={"State": "finished"}, state="absent", max_targets=1),
    )
    assert played.changed == [True, True], played.output
    assert api("GET", "jobs").json() == []


def provider(path: Path, version: str) -> str:
    path.write_text(json.dumps({"Name": "power", "Version": version, "AvailableActions": []}))
    return str(path)


@pytest.mark.needs_v4
@pytest.mark.parametrize("state", ["v4", "old"])
def test_plugin_providers(
    run_tasks: PlaybookRunner, run_tasks_v4: PlaybookRunner, tmp_path: Path, state: str
) -> None:
    play = run_tasks_v4 if state == "v4" else run_tasks
    first = task("plugin_provider", name="power", src=provider(tmp_path / "one", "v1"), version="v1")
    second = task("plugin_provider", name="power", src=provider(tmp_path / "two", "v2"), version="v2")
    checked = play(first, flags=["--check"])
    played = play(
        first,
        first,
        second,
        task("info", kind="plugin_providers", name="power"),
        task("plugin_provider", name="power", state="absent"),
        task("plugin_provider", name="power", state="absent"),
        task("plugin_provider", name="power", src=str(tmp_path / "absent")),
        task("plugin_provider", name="a/b", state="absent"),
    )
    assert checked.changed == [True]
    assert played.changed[:6] == [True, False, True, False, True, False], played.output
    assert played[3]["objects"][0]["Version"] == "v2"
    assert "cannot be read" in played[6]["msg"]
    assert "cannot be the name" in played[7]["msg"]
