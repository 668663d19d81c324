# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent serves: how jobs and events name it, and where its requests go."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.config import Config, load
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.command.connect import find_machine
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.served import (
    KINDS,
    Served,
    check_kind,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError

BROKER = Served("resource_brokers", "r")
ORDER = BROKER.work_order("w")


def test_how_jobs_and_events_name_them() -> None:
    assert BROKER.job_members == {"Machine": "r"}
    assert ORDER.job_members == {"Machine": "r", "WorkOrder": "w"}
    assert ORDER.events == ("work_orders.update.w", "work_orders.save.w", "work_orders.delete.w")
    assert BROKER.events[0] == "resource_brokers.update.r"


def test_whose_task_a_job_runs() -> None:
    assert BROKER.owner_of({"Machine": "r"}) == BROKER
    assert BROKER.owner_of({"Machine": "r", "WorkOrder": ""}) == BROKER
    assert BROKER.owner_of({"Machine": "r", "WorkOrder": "w"}) == ORDER


def test_requests_go_to_the_right_object(client: Any) -> None:
    client.objects["work_orders", "w"] = {"Uuid": "w"}
    assert ORDER.read(client) == {"Uuid": "w"}
    ORDER.patch(client, [])
    BROKER.patch(client, [])
    assert [(kind, key) for kind, key, _operations in client.patches] == [
        ("work_orders", "w"),
        ("resource_brokers", "r"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kinds(kind: str) -> None:
    assert check_kind(kind) == kind
    assert Served(kind, "x").boots is (kind == "machines")


@pytest.mark.parametrize("kind", ["machine", "work_orders", "", "Clusters"])
def test_any_other_kind_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match=r"kind: .* machines, clusters, resource_brokers"):
        load({"kind": kind}, {})


def test_a_server_without_clusters_is_named(client: Any) -> None:
    with pytest.raises(UsageError, match="kind: this server has no clusters"):
        find_machine(client, Config(kind="clusters", machine="Name:x"))


def test_scripts_ask_for_the_params_of_what_is_served() -> None:
    assert Config(kind="clusters").script_variables()["DRP_AGENT_KIND"] == "clusters"
    assert "DRP_AGENT_KIND" not in Config().script_variables()
