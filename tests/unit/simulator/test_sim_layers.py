# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content layers over and under the writable objects."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import layers, objects
from simulator.errors import ApiError
from simulator.store import Layer
from simulator.testing import Objects
from simulator.wire import Obj
from simulator.world import World


def pack(name: str, **sections: dict[str, Obj]) -> Layer:
    return Layer(name, "dynamic", {"Name": name}, sections)


def stage(name: str, **members: Any) -> dict[str, Obj]:
    return {name: {"Name": name, **members}}


def test_pack_objects_are_read_only(world: World) -> None:
    layers.install(world, pack("one", stages=stage("from-pack")))
    row = world.store["stages"].rows["from-pack"]
    assert row.data["ReadOnly"]
    assert row.data["Available"]
    with pytest.raises(ApiError) as caught:
        objects.update(world, row, row.copy(), "user:test")
    assert (caught.value.code, caught.value.model, caught.value.messages) == (400, "", ["from-pack"])
    with pytest.raises(ApiError, match="readonly: from-pack") as caught:
        objects.remove(world, row, "user:test")
    assert caught.value.code == 404


def test_default_objects_may_be_hidden_and_come_back(world: World) -> None:
    layers.install(world, pack("one", stages=stage("none", Description="mine")))
    assert world.store["stages"].rows["none"].data["Description"] == "mine"
    layers.uninstall(world, "one")
    assert world.store["stages"].rows["none"].data["Description"] != "mine"


def test_keys_of_others_must_stay_free(world: World, made: Objects) -> None:
    made.add("stages", Name="written")
    layers.install(world, pack("one", stages=stage("taken")))
    with pytest.raises(layers.KeyClash) as caught:
        layers.install(world, pack("two", stages=stage("taken") | stage("written")))
    assert len(caught.value.problems) == 2
    assert "two" not in world.store.layers


def test_replacing_a_pack_removes_what_it_no_longer_holds(world: World) -> None:
    layers.install(world, pack("one", stages=stage("old")))
    layers.install(world, pack("one", stages=stage("new")))
    assert world.store.get("stages", "new")
    assert not world.store.get("stages", "old")


def test_referrers_follow_a_pack(world: World, made: Objects) -> None:
    layers.install(world, pack("one", tasks={"job": {"Name": "job"}}))
    user = made.add("stages", Name="user", Tasks=["job"])
    assert user.data["Available"]
    layers.uninstall(world, "one")
    now = made.row("stages", "user").data
    assert not now["Available"]
    assert now["Errors"] == ["Task job does not exist"]
    assert any("job does not exist" in warning for warning in layers.warnings(world))
    made.add("tasks", Name="job")
    assert made.row("stages", "user").data["Available"]


@pytest.mark.parametrize(
    ("prefix", "obj"), [("stages", {"Name": 3}), ("templates", {"ID": "bad.tmpl", "Contents": "{{ if"})]
)
def test_packs_that_cannot_load(world: World, prefix: str, obj: Obj) -> None:
    with pytest.raises(layers.LoadError):
        layers.install(world, pack("one", **{prefix: {"key": obj}}))
    assert "one" not in world.store.layers


def test_own_key_counts_and_unknown_prefixes_are_kept(world: World) -> None:
    layers.install(world, pack("one", stages={"other": {"Name": "own"}}, nonsense={"a": {"x": 1}}))
    assert world.store.get("stages", "own")
    assert not world.store.get("stages", "other")
    assert world.store.layers["one"].sections["nonsense"] == {"a": {"x": 1}}
