# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups that the plugin makes by itself."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from ansible.inventory.data import InventoryData
from unit.plugins.inventory.lab import FakeClient, Object, hosts, machine

Parse = Callable[..., InventoryData]


def children(inventory: InventoryData) -> dict[str, list[str]]:
    """Group -> its children, for those that have any."""
    return {
        name: [child.name for child in group.child_groups]
        for name, group in inventory.groups.items()
        if name != "all" and group.child_groups
    }


def members(inventory: InventoryData, group: str) -> list[str]:
    """The hosts of a group and of all below it."""
    return sorted(host.name for host in inventory.groups[group].get_hosts())


def profile(name: str, *nested: str, **params: t.Any) -> Object:
    return {"Name": name, "Params": params, "Profiles": list(nested)}


def test_by_profile_stage_workflow_and_bootenv(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["web-app", "eu"], Workflow="discover", BootEnv="sledgehammer"),
        machine("b", Profiles=["eu"], Stage=""),
    )
    assert hosts(inventory) == {
        "profile_web_app": ["a"],
        "profile_eu": ["a", "b"],
        "stage_none": ["a"],
        "workflow_discover": ["a"],
        "bootenv_sledgehammer": ["a"],
        "bootenv_local": ["b"],
    }


@pytest.mark.parametrize(
    ("family", "groups"),
    [
        ("os", {"os_ubuntu_22": ["a"]}),
        ("arch", {"arch_amd64": ["a"], "arch_arm64": ["b"]}),
        ("pool", {"pool_default": ["a"]}),
        ("runnable", {"runnable_true": ["a"], "runnable_false": ["b"]}),
        ("available", {"available_true": ["a"], "available_false": ["b"]}),
        ("tenant", {"tenant_blue": ["b"]}),
    ],
)
def test_other_families(parse: Parse, client: FakeClient, family: str, groups: dict[str, list[str]]) -> None:
    client.objects["tenants"] = [
        {"Name": "blue", "Members": {"machines": ["uuid-of-b", "uuid-of-nobody"]}},
        {"Name": "red", "Members": {"profiles": ["x"], "machines": None}},
        {"Name": "none", "Members": None},
    ]
    inventory = parse(
        machine("a", OS="ubuntu-22", Pool="default"),
        machine("b", Arch="arm64", Runnable=False, Available=False),
        groups_by=[family],
    )
    assert hosts(inventory) == groups


@pytest.mark.parametrize(
    ("value", "groups"),
    [
        ("r 1", ["rack_name_r_1"]),
        (7, ["rack_name_7"]),
        (0, ["rack_name_0"]),
        (True, ["rack_name_true"]),
        (["x", 2, "x", "", None], ["rack_name_x", "rack_name_2"]),
        ("", []),
        (None, []),
        ({"a": 1}, []),
        ("x" * 201, []),
    ],
)
def test_by_param(parse: Parse, value: t.Any, groups: list[str]) -> None:
    inventory = parse(machine("a", Params={"rack/name": value}), groups_by=[], groups_by_params=["rack/name"])
    assert hosts(inventory) == {group: ["a"] for group in groups}


def test_by_other_fields(parse: Parse) -> None:
    given = machine("a", Meta={"color": "blue"})
    assert hosts(parse(given, groups_by=[], groups_by_params=["Meta.color", "Stage"])) == {
        "Meta_color_blue": ["a"],
        "Stage_none": ["a"],
    }


def test_none(parse: Parse) -> None:
    assert hosts(parse(machine("a"), groups_by=[])) == {}


def test_prefixes(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["web-1"], Params={"rack": "r1"}),
        groups_by=["profile", "stage"],
        groups_by_params=["rack"],
        group_prefix="drp-",
        group_prefixes={"profile": "", "rack": "in_"},
    )
    assert hosts(inventory) == {"drp_web_1": ["a"], "drp_stage_none": ["a"], "drp_in_r1": ["a"]}


def test_raw_names(parse: Parse) -> None:
    inventory = parse(machine("a", Profiles=["web-1"]), groups_by=["profile"], group_names="raw")
    assert hosts(inventory) == {"profile_web-1": ["a"]}


def test_two_values_of_one_name_share_a_group(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["web-1", "web.1"]), machine("b", Profiles=["web.1"]), groups_by=["profile"]
    )
    assert hosts(inventory) == {"profile_web_1": ["a", "b"]}


def test_parents(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["p"], Params={"rack/name": "r1"}),
        machine("b", Stage="x"),
        groups_by=["profile", "stage"],
        groups_by_params=["rack/name"],
        group_prefix="lab_",
        group_parents=True,
    )
    assert children(inventory) == {
        "lab_by_profile": ["lab_profile_p"],
        "lab_by_stage": ["lab_stage_none", "lab_stage_x"],
        "lab_by_rack_name": ["lab_rack_name_r1"],
    }
    assert members(inventory, "lab_by_stage") == ["a", "b"]


def test_ansibles_own_groups_are_not_hurt(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["all", "ungrouped"]),
        groups_by=["profile"],
        group_prefixes={"profile": ""},
    )
    inventory.reconcile_inventory()
    assert members(inventory, "all") == ["a"]


# -- profiles


def test_excluded_and_empty_profiles(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [profile("global"), profile("rackn-license"), profile("idle"), profile("p")]
    given = machine("a", Profiles=["p", "global"])
    assert hosts(parse(given, groups_by=["profile"])) == {"profile_p": ["a"]}
    assert hosts(parse(given, groups_by=["profile"], empty_profiles=True)) == {
        "profile_p": ["a"],
        "profile_idle": [],
    }
    assert hosts(parse(given, groups_by=["profile"], exclude_profiles=["p"])) == {"profile_global": ["a"]}


def test_a_profile_that_the_user_may_not_see(parse: Parse) -> None:
    assert hosts(parse(machine("a", Profiles=["p"]), groups_by=["profile"])) == {"profile_p": ["a"]}


def test_machines_of_the_outer_profile_have_the_inner_one(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [
        profile("outer", "inner", "global"),
        profile("inner", "core", "gone"),
        profile("core"),
        profile("idle", "core"),
    ]
    inventory = parse(
        machine("a", Profiles=["outer"]), machine("b", Profiles=["core"]), groups_by=["profile"]
    )
    assert members(inventory, "profile_inner") == ["a"]
    assert members(inventory, "profile_core") == ["a", "b"]
    assert members(inventory, "profile_gone") == ["a"]
    assert "profile_idle" not in inventory.groups
    assert "profile_global" not in inventory.groups
    depths = [inventory.groups[f"profile_{name}"].depth for name in ("core", "inner", "outer")]
    assert depths == sorted(depths)  # the outer one is deepest, so its variables win
    assert len(set(depths)) == 3


def test_inner_profiles_as_children(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [profile("cluster", "node", "rackn-license"), profile("node")]
    inventory = parse(machine("a", Profiles=["node"]), groups_by=["profile"], nested_profiles="children")
    assert children(inventory) == {"profile_cluster": ["profile_node"]}
    assert members(inventory, "profile_cluster") == ["a"]


def test_inner_profiles_ignored(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [profile("outer", "inner"), profile("inner")]
    given = machine("a", Profiles=["outer"])
    inventory = parse(given, groups_by=["profile"], nested_profiles="ignore")
    assert hosts(inventory) == {"profile_outer": ["a"]}


def test_children_by_param(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [
        profile("site", **{"ansible/children": ["web", "db", "global", 7]}),
        profile("web"),
        profile("odd", **{"ansible/children": "web"}),
    ]
    given = machine("a", Profiles=["web"])
    inventory = parse(given, groups_by=["profile"])
    assert children(inventory) == {"profile_site": ["profile_web", "profile_db"]}
    assert members(inventory, "profile_site") == ["a"]
    assert hosts(parse(given, groups_by=["profile"], children_param="")) == {"profile_web": ["a"]}
    inventory = parse(given, groups_by=["profile"], children_param="my/children")
    assert children(inventory) == {}


@pytest.mark.parametrize("nested", ["inherit", "children"])
def test_circles_are_told_and_cut(parse: Parse, client: FakeClient, warnings: list[str], nested: str) -> None:
    client.objects["profiles"] = [profile("p", "q"), profile("q", "p", "q")]
    inventory = parse(machine("a", Profiles=["p"]), groups_by=["profile"], nested_profiles=nested)
    assert members(inventory, "profile_p") == ["a"]
    assert len(warnings) == 2
    assert all("the groups would form a loop" in text for text in warnings)
