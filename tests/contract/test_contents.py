# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content packs: what the client and a server agree on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    Invalid,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs import contents
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.diff import (
    compare,
    dropped_members,
)

Pack = dict[str, Any]


@pytest.fixture
def pack(client: Any, factory: Any) -> Iterator[Pack]:
    """A small pack with names of its own, gone again after the test."""
    name = factory.name()
    yield {
        "meta": {"Name": name, "Version": "v1.0.0", "Description": "of a test"},
        "sections": {
            "params": {f"{name}/p": {"Name": f"{name}/p", "Schema": {"type": "string"}}},
            "stages": {name: {"Name": name, "Templates": [{"Name": "x", "Path": "/x", "Contents": "y"}]}},
        },
    }
    with contextlib.suppress(NotFound):
        contents.delete(client, name)


def named(client: Any, name: str) -> list[Any]:
    return [layer for layer in contents.summaries(client) if layer["meta"]["Name"] == name]


def test_a_life(client: Any, pack: Pack) -> None:
    name = pack["meta"]["Name"]
    assert named(client, name) == []
    made = contents.create(client, pack)
    assert (made["meta"]["Name"], made["meta"]["Type"]) == (name, contents.UPLOADED)
    assert made["Counts"] == {"params": 1, "stages": 1}
    there = contents.get_item(client, name)
    assert not compare(there, pack, from_server=True)
    assert dropped_members(there, pack) == []
    assert client.get("stages", name)["ReadOnly"] is True
    pack["meta"]["Version"] = "v1.1.0"
    pack["sections"]["stages"][name]["Templates"][0]["Contents"] = "z"
    diff = compare(there, pack, from_server=True)
    assert (list(diff.meta[0]), list(diff.changed)) == (["Version"], [("stages", name)])
    assert contents.replace(client, pack)["meta"]["Version"] == "v1.1.0"
    assert named(client, name)[0]["meta"]["Version"] == "v1.1.0"
    assert not compare(contents.get_item(client, name), pack, from_server=True)
    contents.delete(client, name)
    assert named(client, name) == []


def test_it_is_told_how_much_is_sent(client: Any, pack: Pack) -> None:
    told: list[tuple[int, int | None]] = []
    pack["sections"]["params"][f"{pack['meta']['Name']}/p"]["Documentation"] = "é" * 300_000
    contents.create(client, pack, progress=lambda sent, total: told.append((sent, total)))
    assert not compare(contents.get_item(client, pack["meta"]["Name"]), pack, from_server=True)
    pack["meta"]["Version"] = "v1.1.0"
    contents.replace(client, pack, progress=lambda sent, total: told.append((sent, total)))
    assert named(client, pack["meta"]["Name"])[0]["meta"]["Version"] == "v1.1.0"
    (size,) = {total for _sent, total in told}
    assert size
    assert size > 600_000
    assert [sent for sent, _total in told].count(size) == 2
    assert any(sent < size for sent, _total in told)


def test_layers_have_the_known_types(client: Any) -> None:
    layers = {layer["meta"]["Name"]: layer["meta"] for layer in contents.summaries(client)}
    assert layers["BackingStore"]["Type"] == "writable"
    assert layers["BasicStore"]["Type"] == "basic"
    assert next(iter(layers)) == "BackingStore"


def test_refusals(client: Any, pack: Pack) -> None:
    name = pack["meta"]["Name"]
    with pytest.raises(NotFound):
        contents.get_item(client, name)
    with pytest.raises(NotFound):
        contents.delete(client, name)
    with pytest.raises(NotFound):
        contents.replace(client, pack)
    contents.create(client, pack)
    with pytest.raises(Conflict):
        contents.create(client, pack)
    second = {**pack, "meta": {"Name": name + "-2"}}
    with pytest.raises(Invalid, match="key restrictions"):
        contents.create(client, second)
    with pytest.raises(ApiError):
        contents.create(
            client, {"meta": {"Name": name + "-3", "RequiredFeatures": "no-such"}, "sections": {}}
        )
    for call in (contents.delete, contents.get_item):
        with pytest.raises(UsageError, match="empty name"):
            call(client, "")
    with pytest.raises(UsageError, match="needs the metadata Name"):
        contents.create(client, {"meta": {}, "sections": {}})


def test_replace_writable_is_sent_to_servers_that_know_it(client: Any, pack: Pack) -> None:
    if contents.supports_replace_writable(client):
        client.create("params", pack["sections"]["params"][pack["meta"]["Name"] + "/p"])
        assert contents.create(client, pack, replace_writable=True)
    else:
        with pytest.raises(UsageError, match="replace_writable: not supported by this server"):
            contents.create(client, pack, replace_writable=True)


def test_deleting_a_built_in_layer_does_nothing(client: Any) -> None:
    contents.delete(client, "BasicStore")
    assert named(client, "BasicStore")


@pytest.mark.needs_faults
class TestLostReplies:
    def test_create(self, endpoint: Any, client: Any, pack: Pack) -> None:
        endpoint.simulator.fault("lose_reply", "^contents$", "POST")
        made = contents.create(client, pack)
        assert made["Counts"] == {"params": 1, "stages": 1}
        assert "Warnings" not in made
        assert len(named(client, pack["meta"]["Name"])) == 1

    def test_create_of_what_somebody_else_made(self, endpoint: Any, client: Any, pack: Pack) -> None:
        contents.create(client, {**pack, "sections": {}})
        endpoint.simulator.fault("drop", "^contents$", "POST")
        with pytest.raises(Conflict):
            contents.create(client, pack)

    def test_replace_and_delete(self, endpoint: Any, client: Any, pack: Pack) -> None:
        name = pack["meta"]["Name"]
        contents.create(client, pack)
        endpoint.simulator.fault("lose_reply", f"^contents/{name}$", "PUT")
        assert contents.replace(client, pack)["Counts"] == {"params": 1, "stages": 1}
        endpoint.simulator.fault("lose_reply", f"^contents/{name}$", "DELETE")
        contents.delete(client, name)
        assert named(client, name) == []

    def test_nothing_arrives(self, endpoint: Any, client: Any, pack: Pack) -> None:
        endpoint.simulator.fault("drop", "^contents$", "POST", times=0)
        client.fail_fast = True
        with pytest.raises(ConnectionFailed):
            contents.create(client, pack)
        endpoint.simulator.clear_faults()
        assert named(client, pack["meta"]["Name"]) == []
