# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Params from profiles, stage and the global profile, in the order of the server."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.inventory.data import InventoryData
from unit.plugins.inventory.lab import SEALED, FakeClient, Object, hosts, machine, variables

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.params import Aggregator

Parse = Callable[..., InventoryData]


def profile(name: str, *nested: str, **params: t.Any) -> Object:
    return {"Name": name, "Params": params, "Profiles": list(nested)}


def params_of(item: Object, profiles: list[Object], stages: t.Sequence[Object] = ()) -> dict[str, t.Any]:
    return Aggregator(profiles, stages).params_of(item)


def test_the_first_that_sets_a_param_wins() -> None:
    profiles = [profile("p", x="p", y="p"), profile("q", x="q", z="q"), profile("global", z="g", last="g")]
    profiles.append(profile("s", last="s", from_stage="s"))
    stages = [{"Name": "stage", "Profiles": ["s"], "Params": {"from_stage": "stage", "y": "stage"}}]
    found = params_of(machine("a", Profiles=["p", "q"], Stage="stage", Params={"x": "own"}), profiles, stages)
    assert found == {"x": "own", "y": "p", "z": "q", "last": "s", "from_stage": "stage"}


def test_profiles_in_profiles_come_right_behind_them() -> None:
    profiles = [
        profile("p", "in", x="p"),
        profile("in", "deep", x="in", y="in"),
        profile("deep", y="d", z="d"),
    ]
    profiles.append(profile("q", y="q", z="q", w="q"))
    assert params_of(machine("a", Profiles=["p", "q"]), profiles) == {"x": "p", "y": "in", "z": "d", "w": "q"}


def test_circles_and_what_is_not_there() -> None:
    profiles = [profile("p", "q", x="p"), profile("q", "p", "gone", x="q", y="q")]
    found = params_of(machine("a", Profiles=["nowhere", "p"], Stage="nowhere"), profiles)
    assert found == {"x": "p", "y": "q"}


def test_machines_do_not_share_what_they_add() -> None:
    aggregator = Aggregator([profile("p", x=1)], ())
    one = aggregator.params_of(machine("a", Profiles=["p"]))
    one["x"] = 2
    assert aggregator.params_of(machine("b", Profiles=["p"])) == {"x": 1}


def test_in_the_inventory(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [
        profile("p", rack="from p", pin=SEALED, **{"the/password": "hidden"}),
        profile("global", dns="192.0.2.53"),
    ]
    client.objects["stages"] = [{"Name": "none", "Profiles": [], "Params": {"token": "hidden", "s": 1}}]
    inventory = parse(
        machine("a", Profiles=["p"], Params={"own": 1}),
        machine("b", Params={"rack": "own"}),
        params="aggregated",
        groups_by=[],
        groups_by_params=["rack"],
    )
    assert variables(inventory, "a")["drp_params"] == {
        "rack": "from p",
        "dns": "192.0.2.53",
        "own": 1,
        "s": 1,
    }
    assert hosts(inventory) == {"rack_from_p": ["a"], "rack_own": ["b"]}
    assert client.asked == [("info",), ("machines",), ("profiles",), ("stages",)]
