# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a v4 server: clusters and resource brokers as hosts and as groups of their machines."""

from __future__ import annotations

import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import inventory_tool
import pytest
import yaml
from info_tasks import add
from inventory_tool import read

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

pytestmark = pytest.mark.needs_v4
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def runner(server: Simulator, folder: Path) -> Run:
    def run(*arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        path = folder / "lab.drp.yml"
        document = {
            "plugin": "digitalrebar.provision.drp",
            "endpoint": server.endpoint,
            "username": USERNAME,
            "password": PASSWORD,
            "ca_path": server.ca,
            **options,
        }
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return inventory_tool.run(path, *arguments)

    return run


def listed(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    assert done.returncode == 0, done.stderr
    return t.cast("dict[str, t.Any]", read(done.stdout))


@pytest.fixture
def inventory(v4_simulator: Simulator, tmp_path: Path) -> Run:
    v4_simulator.reset()
    api = Api(v4_simulator)
    add(api, "clusters", Name="web", Params={"size": 2})
    add(api, "resource_brokers", Name="cloud")
    add(api, "machines", Name="web-1", Profiles=["web", "cloud"])
    add(api, "machines", Name="other")
    return runner(v4_simulator, tmp_path)


def test_hosts_and_groups(inventory: Run) -> None:
    kinds = ["machines", "clusters", "resource_brokers"]
    found = listed(inventory("--list", kinds=kinds, groups_by=["kind", "cluster", "resource_broker"]))
    hosts = found["_meta"]["hostvars"]
    assert set(hosts) == {"web", "cloud", "web-1", "other"}
    assert hosts["web"]["drp_params"] == {"size": 2}
    assert "Secret" not in hosts["web"]["drp"]
    assert found["kind_clusters"]["hosts"] == ["web"]
    assert found["cluster_web"]["hosts"] == found["resource_broker_cloud"]["hosts"] == ["web-1"]


def test_groups_without_their_hosts(inventory: Run) -> None:
    found = listed(inventory("--list", groups_by=["cluster"], filters={"Name": {"Ne": "other"}}))
    assert set(found["_meta"]["hostvars"]) == {"web-1"}
    assert found["cluster_web"]["hosts"] == ["web-1"]


def test_filters_apply_to_all_kinds(inventory: Run) -> None:
    found = listed(inventory("--list", kinds=["clusters"], filters={"size": 2, "Meta.nothing": {"Ne": "x"}}))
    assert set(found["_meta"]["hostvars"]) == {"web"}


def test_the_machine_of_the_server_is_left_out(inventory: Run, v4_simulator: Simulator) -> None:
    add(Api(v4_simulator), "machines", Name="endpoint", Meta={"machine-self-runner": "true"})
    found = listed(inventory("--list", exclude_self_runner=True))
    assert set(found["_meta"]["hostvars"]) == {"web-1", "other"}


def test_older_servers_have_no_clusters(simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    add(Api(simulator), "machines", Name="old")
    run = runner(simulator, tmp_path)
    refused = run("--list", kinds=["clusters"])
    assert "does not serve clusters" in " ".join(refused.stderr.split())
    assert set(listed(run("--list", exclude_self_runner=True))["_meta"]["hostvars"]) == {"old"}
    refused = run("--list", named_filter="mine")
    assert "named_filter: not supported by this server" in " ".join(refused.stderr.split())


def test_the_server_puts_params_together(inventory: Run, v4_simulator: Simulator) -> None:
    api = Api(v4_simulator)
    add(api, "profiles", Name="rack", Params={"where": "rack", "height": 42})
    add(api, "machines", Name="web-2", Profiles=["rack"], Params={"where": "here"})
    before = len(v4_simulator.log())
    found = listed(inventory("--list", params="aggregated", groups_by=[]))
    assert found["_meta"]["hostvars"]["web-2"]["drp_params"] == {"where": "here", "height": 42}
    asked = [line["path"] for line in v4_simulator.log()[before:] if line["method"] == "GET"]
    assert "machines" in asked
    assert "stages" not in asked


def test_a_filter_of_the_server_selects_hosts(inventory: Run, v4_simulator: Simulator) -> None:
    api = Api(v4_simulator)
    queries = [{"Name": "Name", "Op": "Re", "Value": "^web-"}]
    add(api, "filters", Id="web", Object="machines", Queries=queries)
    add(api, "machines", Name="web-2", Meta={"machine-self-runner": "true"})
    kinds = ["machines", "clusters"]
    found = listed(inventory("--list", named_filter="web", kinds=kinds))
    # it is for machines, so that all clusters stay
    assert set(found["_meta"]["hostvars"]) == {"web-1", "web-2", "web"}
    found = listed(inventory("--list", named_filter="web", filters={"Name": {"Ne": "web-1"}}))
    assert set(found["_meta"]["hostvars"]) == {"web-2"}
    add(api, "filters", Id="for-all", Queries=[{"Name": "Name", "Op": "Eq", "Value": "web"}])
    found = listed(inventory("--list", named_filter="for-all", kinds=kinds))
    assert set(found["_meta"]["hostvars"]) == {"web"}
    add(api, "filters", Id="others", Object="machines", ExcludeSelf=True)
    assert set(listed(inventory("--list", named_filter="others"))["_meta"]["hostvars"]) == {"web-1", "other"}


def test_a_filter_of_the_server_that_cannot_select_hosts(inventory: Run, v4_simulator: Simulator) -> None:
    api = Api(v4_simulator)
    add(api, "filters", Id="jobs", Object="jobs")
    add(api, "filters", Id="groups", Object="machines", GroupBy=["Stage"])
    add(api, "filters", Id="few", Object="machines", ParamSet="a,b")
    for name, text in (
        ("absent", "the server has no filter absent"),
        ("jobs", "jobs is for jobs, and kinds are machines"),
        ("groups", "groups cannot select hosts: with GroupBy"),
        ("few", "few cannot select hosts: with ParamSet"),
    ):
        refused = inventory("--list", named_filter=name)
        assert f"named_filter: {text}" in " ".join(refused.stderr.split())


def test_params_that_are_compared_here_are_put_together_by_the_server(
    inventory: Run, v4_simulator: Simulator
) -> None:
    api = Api(v4_simulator)
    add(api, "profiles", Name="base", Params={"size": 7, "where": "base"})
    add(api, "pipelines", Name="rack", Profiles=["base"], Params={"where": "pipeline"})
    add(api, "machines", Name="piped", Pipeline="rack")
    # servers do not compare numbers, so the plugin does
    before = len(v4_simulator.log())
    found = listed(inventory("--list", filters={"size": 7}, groups_by=[]))
    assert set(found["_meta"]["hostvars"]) == {"piped"}
    assert found["_meta"]["hostvars"]["piped"].get("drp_params", {}) == {}
    asked = [line["path"] for line in v4_simulator.log()[before:] if line["method"] == "GET"]
    assert asked.count("machines") == 2
    assert not {"profiles", "stages"} & set(asked)
    found = listed(inventory("--list", filters={"Params.size": 7}, params="aggregated", groups_by=[]))
    assert found["_meta"]["hostvars"]["piped"]["drp_params"] == {"size": 7, "where": "pipeline"}
