# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that a server is too old for, and members that it is too new for: both are told in plain words."""

from __future__ import annotations

import pytest
from info_tasks import looked_up, task
from playbook_runner import PlaybookRunner, thing

from simulator.testing import Api

ASKING = [
    task("info", kind="work_orders"),
    task("info", kind="work_orders", id="x"),
    task("info", kind="work_orders", filters={"State": "failed"}),
    task("info", kind="work_orders", gather=["count"]),
    task("wait", kind="work_orders", id="x"),
    task("action_info", kind="work_orders", id="x"),
    task("action", kind="work_orders", id="x", command="y"),
    thing(kind="work_orders", spec={"Uuid": "x", "Blueprint": "y"}),
    thing(kind="work_orders", id="x", state="absent"),
    thing(resources=[{"kind": "work_orders", "spec": {"Uuid": "x", "Blueprint": "y"}}]),
    thing(kind="work_orders", filters={"State": "failed"}, state="absent", max_targets=1),
    looked_up("lookup('digitalrebar.provision.drp_object', 'x', kind='work_orders', **connection)"),
    looked_up(
        "lookup('digitalrebar.provision.drp_param', 'y', kind='work_orders', object='x', **connection)"
    ),
]


def test_a_kind_that_the_server_is_too_old_for(run_tasks: PlaybookRunner) -> None:
    tasks = [{**one, "vars": {"connection": run_tasks.defaults}} if "vars" in one else one for one in ASKING]
    played = run_tasks(*tasks)
    version = Api(run_tasks.simulator)("GET", "info").json()["version"]
    sentence = f"this server (version {version}) does not serve work_orders"
    for number, result in enumerate(played.results):
        assert result.get("failed"), (number, result)
        assert sentence in result["msg"], (number, result["msg"])
        assert "No route" not in result["msg"]


@pytest.mark.needs_v4
def test_members_of_a_newer_server(run_tasks_v4: PlaybookRunner, run_tasks: PlaybookRunner) -> None:
    ask = task("info", kind="profiles", name="global", fields=["Name", "Colour"])
    older, newer = run_tasks(ask), run_tasks_v4(ask)
    assert "profiles have no member Colour" in older[0]["msg"]
    assert newer[0]["objects"] == [{"Name": "global"}]
    assert newer[0]["warnings"] == ["fields: this server sends no member Colour of profiles"]
