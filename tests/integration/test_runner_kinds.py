# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What v4 lets machines, clusters and resource brokers do: start, cleanup, work order mode, shared params."""

from __future__ import annotations

import threading
import typing as t

import pytest
from fake_agent import Lab
from info_tasks import add, task
from patience import eventually
from playbook_runner import PlaybookRunner, machine

from simulator.testing import Api

pytestmark = pytest.mark.needs_v4
KINDS = {"machine": "machines", "cluster": "clusters", "resource_broker": "resource_brokers"}
each_kind = pytest.mark.parametrize("name", KINDS)


def prepared(runner: PlaybookRunner) -> Api:
    api = Api(runner.simulator)
    for one in ("say", "more"):
        add(api, "tasks", Name=one)
    add(api, "stages", Name="first", Tasks=["say", "more"])
    add(api, "workflows", Name="flow", Stages=["first"])
    add(api, "workflows", Name="clean", Stages=["first"])
    return api


def work(api: Api, kind: str, name: str, state: str = "finished") -> None:
    """Do what is left of the tasks, as an agent does; with another ``state``, only the first one."""
    uuid = api("GET", f"{kind}/Name:{name}").json()["Uuid"]
    while api("GET", f"{kind}/{uuid}").status_code == 200:
        answer = api("POST", "jobs", json={"Machine": uuid})
        if answer.status_code == 201:
            job = answer.json()["Uuid"]
            patch = [{"op": "replace", "path": "/State", "value": state}]
            api("PATCH", f"jobs/{job}", json=patch).raise_for_status()
            if state != "finished":
                stop = [{"op": "replace", "path": "/Runnable", "value": False}]
                api("PATCH", f"{kind}/{uuid}", json=stop).raise_for_status()
                return
        there = api("GET", f"{kind}/{uuid}")
        if there.status_code == 200 and there.json()["WorkflowComplete"]:
            return


@each_kind
def test_life(run_tasks_v4: PlaybookRunner, name: str) -> None:
    prepared(run_tasks_v4)
    full = task(name, name="web", description="first", params={"a": 1}, workflow="flow", work_order_mode=True)
    played = run_tasks_v4(
        full,
        full,
        task(name, name="web", work_order_mode=False, params={"b": 2}, meta={"color": "blue"}),
        task(name, name="web", state="absent"),
        task(name, name="web", state="absent"),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, True, False]
    assert played[0][name]["WorkOrderMode"] is True
    assert "Secret" not in played[0][name]
    assert played[2][name]["Params"] == {"a": 1, "b": 2}


@each_kind
def test_start_begins_the_workflow_again(run_tasks_v4: PlaybookRunner, name: str) -> None:
    api = prepared(run_tasks_v4)
    run_tasks_v4(task(name, name="web", workflow="flow"), task(name, name="new", start=True, workflow="flow"))
    work(api, KINDS[name], "web")
    checked = run_tasks_v4(task(name, name="web", start=True), flags=["--check", "--diff"])
    assert checked.changed == [True]
    assert api("GET", f"{KINDS[name]}/Name:web").json()["WorkflowComplete"]
    played = run_tasks_v4(
        task(name, name="web", start=True, params={"a": 1}, runnable=False),
        task(name, name="web", start=True, workflow="clean"),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    for result, workflow in zip(played.results, ["flow", "clean"], strict=True):
        started = result[name]
        assert (result["action"], result["changed"]) == ("started", True)
        assert (started["Workflow"], started["CurrentTask"], started["Runnable"]) == (workflow, -1, True)
    assert played[0][name]["Params"]["a"] == 1
    assert checked[0]["diff"]["after"]["CurrentTask"] == played[0]["diff"]["after"]["CurrentTask"] == -1


def test_start_waits_for_the_new_run(run_tasks_v4: PlaybookRunner) -> None:
    api = prepared(run_tasks_v4)
    run_tasks_v4(machine(name="web", workflow="flow"))
    work(api, "machines", "web", state="failed")

    def agent() -> None:
        eventually(lambda: api("GET", "machines/Name:web").json()["Runnable"])
        work(api, "machines", "web")

    thread = threading.Thread(target=agent, daemon=True)
    thread.start()
    played = run_tasks_v4(machine(name="web", start=True, wait=True))
    thread.join()
    assert played.code == 0, played.output
    assert played[0]["machine"]["WorkflowComplete"]


def test_start_on_servers_without_the_route(run_tasks: PlaybookRunner) -> None:
    lab = Lab(run_tasks.simulator, 1)
    lab.agent("m0").finish()
    played = run_tasks(machine(name="m0", start=True), machine(name="m0", start=True, workflow="flow"))
    assert played.code == 0, played.output
    assert played.changed == [True, True]
    assert (played[0]["machine"]["CurrentTask"], played[0]["machine"]["Runnable"]) == (-1, True)


def test_start_refuses_what_makes_no_sense(run_tasks_v4: PlaybookRunner) -> None:
    prepared(run_tasks_v4)
    played = run_tasks_v4(
        machine(name="web"),
        machine(name="web", start=True),
        machine(name="web", start=True, stage="none"),
        machine(name="web", start=True, state="absent"),
        machine(name="web", workflow="flow", locked=True),
        machine(name="web", start=True),
        machine(name="web", cleanup=True),
    )
    assert "in no workflow" in played[1]["msg"]
    assert "the workflow decides stage" in played[2]["msg"]
    assert "cannot be combined with state: absent" in played[3]["msg"]
    assert "set locked: false" in played[5]["msg"]
    assert "requires state: absent" in played[6]["msg"]


@each_kind
def test_cleanup_without_a_workflow_deletes(run_tasks_v4: PlaybookRunner, name: str) -> None:
    gone = task(name, name="web", state="absent", cleanup=True, include_locked=True)
    run_tasks_v4(task(name, name="web", locked=True))
    checked = run_tasks_v4(gone, flags=["--check"])
    played = run_tasks_v4(task(name, name="web", state="absent", cleanup=True), gone, gone)
    assert checked.changed == [True]
    assert "it is locked" in played[0]["msg"]
    assert played.changed[1:] == [True, False]
    assert played[1]["action"] == "deleted"


@each_kind
@pytest.mark.parametrize("fails", [False, True], ids=["finished", "failed"])
def test_cleanup_waits_until_its_workflow_is_done(
    run_tasks_v4: PlaybookRunner, name: str, fails: bool
) -> None:
    api, kind = prepared(run_tasks_v4), KINDS[name]
    run_tasks_v4(task(name, name="web", params={"on-delete-workflow": "clean"}))

    def agent() -> None:
        eventually(lambda: api("GET", f"{kind}/Name:web").json()["Workflow"] == "clean")
        work(api, kind, "web", state="failed" if fails else "finished")

    thread = threading.Thread(target=agent, daemon=True)
    thread.start()
    played = run_tasks_v4(task(name, name="web", state="absent", cleanup=True, wait=True))
    thread.join()
    assert played[0]["changed"]
    assert bool(played[0].get("failed")) is fails, played.output
    if fails:
        assert "task say of stage first failed" in played[0]["msg"]
        assert played[0]["action"] == "cleanup_started"
    else:
        assert (played[0]["action"], played[0]["wait"]["outcome"]) == ("deleted", "complete")
        assert api("GET", f"{kind}/Name:web").status_code == 404


def test_cleanup_without_waiting(run_tasks_v4: PlaybookRunner) -> None:
    api = prepared(run_tasks_v4)
    played = run_tasks_v4(
        machine(name="web", params={"on-delete-workflow": "clean"}),
        machine(name="web", state="absent", cleanup=True),
    )
    assert (played[1]["action"], played[1]["changed"]) == ("cleanup_started", True)
    assert api("GET", "machines/Name:web").json()["Workflow"] == "clean"


def test_cleanup_on_servers_without_the_route(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        machine(name="web"),
        machine(name="web", state="absent", cleanup=True),
        machine(name="web2", state="absent", cleanup=True),
        task("cluster", name="web"),
        machine(name="web", work_order_mode=True),
    )
    assert "this server offers no cleanup" in played[1]["msg"]
    assert not played[1]["changed"]
    assert played.changed[2] is False
    assert "drp_cluster: not supported by this server" in played[3]["msg"]
    assert "work_order_mode: not supported by this server" in played[4]["msg"]


@pytest.mark.parametrize("name", ["cluster", "resource_broker"])
def test_params_that_members_share(run_tasks_v4: PlaybookRunner, name: str) -> None:
    api = Api(run_tasks_v4.simulator)

    def shared(group: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
        return task(name, name="web", group_params=group, **options)

    checked = run_tasks_v4(shared({"aa": 1}), flags=["--check"])
    played = run_tasks_v4(
        shared({"aa": 1, "bb": [True]}),
        shared({"aa": 1}),
        shared({"bb": None, "cc": "text"}),
        shared({"aa": 2}, purge_group_params=True),
        shared({"aa": 2}, purge_group_params=True),
        flags=["--diff"],
    )
    assert checked.changed == [True]
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, True, False]
    assert played[2]["group_params"] == {"aa": 1, "cc": "text"}
    assert played[3]["diff"]["after"]["group_params"] == {"aa": 2}
    assert api("GET", "profiles/web").json()["Params"] == {"aa": 2}
