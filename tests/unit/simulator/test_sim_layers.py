# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content layers over and under the writable objects."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import layers, objects
from simulator.errors import ApiError
from simulator.server import Server
from simulator.store import Layer
from simulator.testing import Objects
from simulator.wire import Obj


def pack(name: str, **sections: dict[str, Obj]) -> Layer:
    return Layer(name, "dynamic", {"Name": name}, sections)


def stage(name: str, **members: Any) -> dict[str, Obj]:
    return {name: {"Name": name, **members}}


def test_pack_objects_are_read_only(server: Server) -> None:
    layers.install(server, pack("one", stages=stage("from-pack")))
    row = server.store["stages"].rows["from-pack"]
    assert row.data["ReadOnly"]
    assert row.data["Available"]
    with pytest.raises(ApiError) as caught:
        objects.update(server, row, row.copy(), "user:test")
    assert (caught.value.code, caught.value.model, caught.value.messages) == (400, "", ["from-pack"])
    with pytest.raises(ApiError, match="readonly: from-pack") as caught:
        objects.remove(server, row, "user:test")
    assert caught.value.code == 404


def test_default_objects_may_be_hidden_and_come_back(server: Server) -> None:
    layers.install(server, pack("one", stages=stage("none", Description="mine")))
    assert server.store["stages"].rows["none"].data["Description"] == "mine"
    layers.uninstall(server, "one")
    assert server.store["stages"].rows["none"].data["Description"] != "mine"


def test_keys_of_others_must_stay_free(server: Server, made: Objects) -> None:
    made.add("stages", Name="written")
    layers.install(server, pack("one", stages=stage("taken")))
    with pytest.raises(layers.KeyClash) as caught:
        layers.install(server, pack("two", stages=stage("taken") | stage("written")))
    assert len(caught.value.problems) == 2
    assert "two" not in server.store.layers


def test_replacing_a_pack_removes_what_it_no_longer_holds(server: Server) -> None:
    layers.install(server, pack("one", stages=stage("old")))
    layers.install(server, pack("one", stages=stage("new")))
    assert server.store.get("stages", "new")
    assert not server.store.get("stages", "old")


def test_referrers_follow_a_pack(server: Server, made: Objects) -> None:
    layers.install(server, pack("one", tasks={"job": {"Name": "job"}}))
    user = made.add("stages", Name="user", Tasks=["job"])
    assert user.data["Available"]
    layers.uninstall(server, "one")
    now = made.row("stages", "user").data
    assert not now["Available"]
    assert now["Errors"] == ["Task job does not exist"]
    assert any("job does not exist" in warning for warning in layers.warnings(server))
    # the missing task alone does not help: only a write of the stage makes the server look again
    made.add("tasks", Name="job")
    assert not made.row("stages", "user").data["Available"]
    assert made.change(user, Description="again").data["Available"]


@pytest.mark.parametrize(
    ("prefix", "obj"), [("stages", {"Name": 3}), ("templates", {"ID": "bad.tmpl", "Contents": "{{ if"})]
)
def test_packs_that_cannot_load(server: Server, prefix: str, obj: Obj) -> None:
    with pytest.raises(layers.LoadError):
        layers.install(server, pack("one", **{prefix: {"key": obj}}))
    assert "one" not in server.store.layers


def test_own_key_counts_and_unknown_prefixes_are_kept(server: Server) -> None:
    layers.install(server, pack("one", stages={"other": {"Name": "own"}}, nonsense={"a": {"x": 1}}))
    assert server.store.get("stages", "own")
    assert not server.store.get("stages", "other")
    assert server.store.layers["one"].sections["nonsense"] == {"a": {"x": 1}}
