# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of hosts and groups."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from ansible.inventory.data import InventoryData
from unit.plugins.inventory.lab import SEALED, FakeClient, hosts, machine, variables

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.names import (
    VariableNames,
    identifier,
    is_identifier,
)

Parse = Callable[..., InventoryData]


def without_files(known: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in known.items() if name not in ("inventory_file", "inventory_dir")}


def test_one_for_the_machine_and_one_for_its_params(parse: Parse) -> None:
    inventory = parse(machine("a", Address="192.0.2.7", Params={"rack/name": "r1"}))
    known = variables(inventory, "a")
    assert list(without_files(known)) == ["drp", "drp_params", "ansible_host"]
    assert known["ansible_host"] == "192.0.2.7"
    assert known["drp_params"] == {"rack/name": "r1"}
    assert known["drp"]["Uuid"] == "uuid-of-a"
    assert (known["inventory_file"], known["inventory_dir"]) == (None, None)


def test_secrets_stay_away(parse: Parse) -> None:
    params = {"pin": SEALED, "ssh/Password": "p1", "join-TOKEN": "p2", "plain": "x"}
    known = variables(parse(machine("a", Params=params), flatten=["machine", "params"]), "a")
    assert known["drp_params"] == {"plain": "x"}
    assert not {"Secret", "Params", "Profile"} & known["drp"].keys()
    for secret in ("machine-secret", "cGF5bG9hZA", "p1", "p2", "double"):
        assert secret not in repr(known)


def test_ones_own_patterns_for_secrets(parse: Parse) -> None:
    params = {"my/pin": 1, "ssh/password": "known"}
    known = variables(parse(machine("a", Params=params), secret_params=["*PIN"]), "a")
    assert known["drp_params"] == {"ssh/password": "known"}


@pytest.mark.parametrize(
    "value", [{"Key": 1, "Nonce": 2}, {**SEALED, "More": 4}, ["Key", "Nonce", "Payload"], None]
)
def test_only_what_looks_exactly_encrypted_is_left_out(parse: Parse, value: t.Any) -> None:
    assert variables(parse(machine("a", Params={"almost": value})), "a")["drp_params"] == {"almost": value}


def test_no_address_no_ansible_host(parse: Parse) -> None:
    assert "ansible_host" not in variables(parse(machine("a")), "a")


@pytest.mark.parametrize(
    ("params", "address"),
    [
        ({"cloud/public-ipv4": "198.51.100.1", "cloud/ip": "198.51.100.2"}, "198.51.100.1"),
        ({"cloud/public-ipv4": "", "cloud/ip": "198.51.100.2"}, "198.51.100.2"),
        ({}, "192.0.2.7"),
    ],
)
def test_a_choice_of_addresses(parse: Parse, params: dict[str, t.Any], address: str) -> None:
    given = machine("a", Address="192.0.2.7", Params=params)
    inventory = parse(given, ansible_host=["cloud/public-ipv4", "cloud/ip", "Address"])
    assert variables(inventory, "a")["ansible_host"] == address


def test_variables_from_fields(parse: Parse) -> None:
    inventory = parse(
        machine("a", Params={"ssh/user": "admin", "ssh/port": 2222}),
        machine("b"),
        host_variables={
            "ansible_user": {"fields": ["own/user", "ssh/user"], "default": "root"},
            "ansible_port": "ssh/port",
            "arch": ["Arch"],
            "ansible_connection": {"default": "ssh"},
        },
    )
    one, two = variables(inventory, "a"), variables(inventory, "b")
    assert (one["ansible_user"], one["ansible_port"], one["arch"]) == ("admin", 2222, "amd64")
    assert (two["ansible_user"], two["ansible_connection"]) == ("root", "ssh")
    assert "ansible_port" not in two


def test_other_names_and_none(parse: Parse) -> None:
    inventory = parse(machine("a", Params={"x": 1}), machine_variable="node", params_variable="")
    assert list(without_files(variables(inventory, "a"))) == ["node"]
    inventory = parse(machine("a", Params={"x": 1}), machine_variable="", params_variable="p")
    assert without_files(variables(inventory, "a")) == {"p": {"x": 1}}


def test_params_that_are_shown(parse: Parse) -> None:
    params = {"rack/name": "r1", "rack/unit": 4, "gohai-inventory": {"big": 1}, "other": 2}
    given = machine("a", Params=params)
    assert variables(parse(given), "a")["drp_params"].keys() == params.keys() - {"gohai-inventory"}
    inventory = parse(given, include_params=["rack/*", "gohai*"], exclude_params=["*/unit"])
    assert variables(inventory, "a")["drp_params"].keys() == {"rack/name", "gohai-inventory"}


def test_params_that_are_not_shown_can_still_be_used(parse: Parse) -> None:
    given = machine("a", Params={"rack": "r1"})
    inventory = parse(given, exclude_params=["*"], groups_by=[], groups_by_params=["rack"])
    assert hosts(inventory) == {"rack_r1": ["a"]}
    assert variables(inventory, "a")["drp_params"] == {}


# -- flattened


def test_flattened(parse: Parse) -> None:
    given = machine("a", Params={"rack/name": "r1", "2nd": 2})
    known = variables(parse(given, flatten=["machine", "params"]), "a")
    assert (known["drp_rack_name"], known["drp_2nd"], known["drp_Stage"]) == ("r1", 2, "none")
    assert known["drp_params"] == {"rack/name": "r1", "2nd": 2}
    known = variables(parse(given, flatten=["params"], flatten_prefix=""), "a")
    assert (known["rack_name"], known["_2nd"]) == ("r1", 2)
    assert "Stage" not in known
    known = variables(parse(given, flatten=["params"], flatten_prefix="", flatten_names="raw"), "a")
    assert (known["rack/name"], known["2nd"]) == ("r1", 2)


def test_clashes_are_decided_for_all_hosts_and_told_once(parse: Parse, warnings: list[str]) -> None:
    inventory = parse(
        machine("a", Params={"x/y": 1}),
        machine("b", Params={"x-y": 2, "x/y": 3}),
        machine("c", Params={"x.y": 4}),
        flatten=["params"],
    )
    assert variables(inventory, "b")["drp_x_y"] == 2
    assert "drp_x_y" not in variables(inventory, "a")
    assert "drp_x_y" not in variables(inventory, "c")
    assert warnings == [
        "flatten: x.y does not become a variable: drp_x_y is already set from x-y",
        "flatten: x/y does not become a variable: drp_x_y is already set from x-y",
    ]


def test_nothing_is_told_that_nobody_asked_for(parse: Parse, warnings: list[str]) -> None:
    parse(machine("a", Params={"x/y": 1, "x-y": 2}), flatten_prefix="")
    assert warnings == []


@pytest.mark.parametrize(
    "name",
    [
        *("ansible_connection", "ansible_ssh_common_args", "ansible_become_password"),
        *("inventory_hostname", "groups", "hostvars", "environment", "vars", "lookup", "play_hosts"),
    ],
)
@pytest.mark.parametrize("names", ["identifier", "raw"])
def test_params_never_decide_how_ansible_works(
    parse: Parse, warnings: list[str], name: str, names: str
) -> None:
    given = machine("a", Params={name: "evil"})
    known = variables(
        parse(given, flatten=["params"], flatten_prefix="", flatten_names=names, secret_params=[]), "a"
    )
    assert name not in known
    assert known["drp_params"] == {name: "evil"}
    assert warnings == [f"flatten: {name} does not become a variable: {name} is reserved by Ansible"]


def test_params_do_not_replace_variables_of_the_inventory(parse: Parse, warnings: list[str]) -> None:
    given = machine("a", Params={"drp": 1, "site": 2})
    known = variables(
        parse(given, flatten=["params"], flatten_prefix="", host_variables={"site": "Stage"}), "a"
    )
    assert (known["drp"]["Name"], known["site"]) == ("a", "none")
    assert warnings == [
        "flatten: drp does not become a variable: this inventory already sets drp",
        "flatten: site does not become a variable: this inventory already sets site",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *[("a", "a"), ("a/b-c.d", "a_b_c_d"), ("1a", "_1a"), ("", "_")],
        *[("if", "if_"), ("true", "true_"), ("\u00e4", "_")],
    ],
)
def test_identifiers(text: str, name: str) -> None:
    assert identifier(text) == name
    assert is_identifier(name)
    assert is_identifier(text) is (text == name)


def test_names_learnt_later_stand_behind() -> None:
    names = VariableNames("", raw=False, taken=[])
    names.assign(["x/y"])
    names.assign(["x-y", "x/y"])
    assert names.variables({"x/y": 1, "x-y": 2}) == {"x_y": 1}


# -- of groups


def test_of_profiles(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [
        {"Name": "web", "Params": {"http/port": 80, "token": "t1", "pin": SEALED, "gohai-inventory": {}}},
        {"Name": "unused", "Params": {"x": 1}},
        {"Name": "global", "Params": {"y": 1}},
    ]
    inventory = parse(machine("a", Profiles=["web"], Params={"http/port": 8080}), profile_variables=True)
    assert inventory.groups["profile_web"].vars == {"drp_http_port": 80}
    assert "drp_http_port" not in variables(inventory, "a")
    assert "profile_unused" not in inventory.groups


def test_of_profiles_only_when_asked_for(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [{"Name": "web", "Params": {"x": 1}}]
    assert parse(machine("a", Profiles=["web"])).groups["profile_web"].vars == {}


def test_a_profile_cannot_set_the_priority_of_its_group(
    parse: Parse, client: FakeClient, warnings: list[str]
) -> None:
    client.objects["profiles"] = [{"Name": "web", "Params": {"ansible_group_priority": 9, "ok": 1}}]
    inventory = parse(machine("a", Profiles=["web"]), profile_variables=True, flatten_prefix="")
    group = inventory.groups["profile_web"]
    assert (group.vars, group.priority) == ({"ok": 1}, 1)
    assert len(warnings) == 1
