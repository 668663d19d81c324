# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted objects: spelling, refusals, and what they make of a present object."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource


def test_members_are_spelt_as_the_model_does() -> None:
    resource = Resource("profiles", {"name": "p", "PARAMS": {"a": 1}})
    assert resource.spec == {"Name": "p", "Params": {"a": 1}}
    assert resource.label == "profile p"


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        ("profiles", {"Name": "p", "name": "q"}, "given twice"),
        ("profiles", {"Name": "p", "Params": ["a"]}, "must be a map"),
        ("stages", {"Name": "s", "Tasks": "a"}, "must be a list"),
        ("profiles", {"Params": {}}, "has no Name"),
        ("machines", {"Params": {}}, "has no Uuid and no Name"),
        ("reservations", {"Token": "x"}, "has no Addr"),
    ],
)
def test_refused_when_made(kind: str, spec: dict[str, t.Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Resource(kind, spec)


def test_a_null_member_says_nothing() -> None:
    resource = Resource("profiles", {"Name": "p", "Params": None, "Profiles": None})
    current = {"Name": "p", "Params": {"a": 1}, "Profiles": ["q"]}
    assert resource.wanted_object(current) == current
    assert resource.creation_body() == {"Name": "p"}


def test_an_unknown_member_is_refused() -> None:
    resource = Resource("profiles", {"Name": "p", "Parms": {}})
    with pytest.raises(UsageError, match=r"no member Parms.*Known: .*Params"):
        resource.check(None)
    resource.check({"Name": "p", "Parms": {}})  # a newer server has it


def test_a_kind_of_a_plugin_has_free_members() -> None:
    resource = Resource("gadgets", {"Id": "g", "Anything": 1})
    resource.check(None)
    assert resource.lookup == "g"


@pytest.mark.parametrize("kind", ["jobs", "leases", "interfaces", "plugin_providers"])
def test_what_the_server_makes_itself_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match=r"creates .* itself"):
        Resource(kind, {}, key="x").check(None)


def test_metadata_becomes_text() -> None:
    meta = {"n": 1, "f": 1.5, "t": True, "off": False, "s": "x", "gone": None}
    assert Resource("profiles", {"Name": "p", "Meta": meta}).spec["Meta"] == {
        "n": "1",
        "f": "1.5",
        "t": "true",
        "off": "false",
        "s": "x",
        "gone": None,
    }


def test_target_changes_only_what_is_named() -> None:
    current = {"Name": "p", "Description": "old", "Params": {"a": 1, "b": 1}, "Meta": {"m": "1"}, "Extra": 1}
    resource = Resource("profiles", {"Name": "p", "Description": None, "Params": {"a": 2, "b": None}})
    assert resource.wanted_object(current) == {**current, "Params": {"a": 2}}
    resource = Resource("profiles", {"Name": "p", "Params": {"c": 1}, "Meta": {"k": 1}}, purge_params=True)
    assert resource.wanted_object(current) == {**current, "Params": {"c": 1}, "Meta": {"m": "1", "k": "1"}}


def test_profiles_are_replaced_or_added() -> None:
    current = {"Name": "m", "Uuid": "u", "Profiles": ["a", "b"]}
    spec = {"Name": "m", "Profiles": ["c", "a"]}
    assert Resource("machines", spec).wanted_object(current)["Profiles"] == ["c", "a"]
    assert Resource("machines", spec, append_profiles=True).wanted_object(current)["Profiles"] == [
        "a",
        "b",
        "c",
    ]


def test_creation_leaves_nulls_out() -> None:
    spec = {"Name": "p", "Description": None, "Params": {"a": None, "b": {"c": None}}}
    assert Resource("profiles", spec).creation_body() == {"Name": "p", "Params": {"b": {"c": None}}}


def test_structs_keep_what_the_server_filled_in() -> None:
    current = {"Name": "b", "OS": {"Name": "x", "Codename": ""}, "Templates": [{"Name": "t", "Link": ""}]}
    spec = {"Name": "b", "OS": {"Name": "x"}, "Templates": [{"Name": "t"}]}
    assert Resource("bootenvs", spec).wanted_object(current) == current
