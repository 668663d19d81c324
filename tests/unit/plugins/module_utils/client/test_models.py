# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of kinds."""

from __future__ import annotations

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("machines", "Uuid"),
        ("jobs", "Uuid"),
        ("templates", "ID"),
        ("reservations", "Addr"),
        ("profiles", "Name"),
    ],
)
def test_key_of(kind: str, key: str) -> None:
    assert models.key_of(kind, {key: "k", "Name": "n"} if key != "Name" else {"Name": "k"}) == "k"
    assert models.key_of(kind, {key: None}) == ""
    assert models.key_of(kind, {}) == ""


def test_label_is_the_name_where_there_is_one() -> None:
    assert models.label_of("machines", {"Uuid": "u", "Name": "n"}) == "n"
    assert models.label_of("templates", {"ID": "t"}) == "t"


@pytest.mark.parametrize(
    ("kind", "meant"),
    [("machine", "machines"), ("profile", "profiles"), ("bootenv", "bootenvs"), ("Machines", "machines")],
)
def test_an_unknown_kind_gets_a_suggestion(kind: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"unknown kind '{kind}'. Did you mean {meant}\\?"):
        models.require(kind)


def test_nonsense_gets_the_list_only() -> None:
    with pytest.raises(UsageError) as caught:
        models.require("qqqqqq")
    assert "Did you mean" not in str(caught.value)
    assert "machines" in str(caught.value)


def test_kinds_of_plugins() -> None:
    model = models.require("ipam_networks", ["machines", "ipam_networks"])
    assert (model.prefix, model.key, model.has_params) == ("ipam_networks", "Id", True)
    assert models.key_of("ipam_networks", {"Id": "x"}) == "x"
    assert models.find("ipam_networks") is None
    with pytest.raises(UsageError, match="Did you mean ipam_networks"):
        models.require("ipam_network", ["ipam_networks"])


@pytest.mark.parametrize(
    ("unique", "key"),
    [
        (["Key", "Id"], "Id"),
        (["Key", "Uuid", "Name"], "Uuid"),
        (["Name", "Key", "Serial"], "Name"),
        (["Key", "Serial"], "Serial"),
        (["Key"], "Id"),
        (["Key", "Serial", "Label"], ""),
    ],
)
def test_a_newer_kind_is_keyed_by_its_unique_indexes(unique: list[str], key: str) -> None:
    kind = "newer-" + "-".join(unique)
    indexes = {name: {"Type": "string", "Unique": name in unique} for name in [*unique, "Valid", "Available"]}
    assert models.learn(kind, indexes).key == key
    assert models.get(kind).key == key
    assert models.key_of(kind, {"Id": "i", "Uuid": "u", "Name": "n", "Serial": "s"}) == key[:1].lower()
    assert set(models.get(kind).unique) == {*unique} - {"Key", key}


@pytest.mark.parametrize(
    ("kind", "item"), [("connections", {"RemoteAddr": "x"}), ("work_orders", {"Name": "x"})]
)
def test_an_object_without_a_readable_key_is_no_object_to_work_on(kind: str, item: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=f"kind: {kind}: an object is known by its key"):
        models.require_key(kind, item)


@pytest.mark.parametrize("name", sorted(models.NOT_MODELS))
def test_what_looks_like_a_kind_and_is_none(name: str) -> None:
    with pytest.raises(UsageError):
        models.require(name, ["machines", name])


def test_the_table_agrees_with_itself() -> None:
    for prefix, model in models.MODELS.items():
        assert model.prefix == prefix
        assert model.key in model.fields or prefix == "connections"
        assert set(model.unique) <= set(model.fields)
        assert set(model.references) <= set(model.fields)
        assert set(model.references.values()) <= set(models.MODELS)
        assert len({name.lower() for name in model.fields}) == len(model.fields)


def test_spelling() -> None:
    machines = models.get("machines")
    assert machines.spelling("hardwareaddrs") == "HardwareAddrs"
    assert machines.spelling("nope") is None
    assert machines.singular == "machine"
