# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a difference between two packs, and the forms in which packs are sent and written."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.diff import (
    compare,
    dropped_members,
    item_changes,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.forms import (
    normalized,
    without_defaults,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.pack import (
    by_server_key,
    server_key,
)

MODELS = pytest.importorskip("simulator.models", exc_type=ImportError).MODELS

Pack = dict[str, Any]
SEALED = {"Key": "a", "Nonce": "b", "Payload": "c"}


def pack(meta: dict[str, Any] | None = None, **sections: Any) -> Pack:
    return {"meta": {"Name": "p", **(meta or {})}, "sections": sections}


def served(content: Pack) -> Pack:
    """As a v3.12 server answers: all members that it knows, and no others."""
    content = normalized(content)
    known = ("Name", "Version", "Description", "Documentation", "Source", "RequiredFeatures")
    meta: dict[str, Any] = {field: content["meta"].get(field, "") for field in known}
    sections = {
        section: {
            key: MODELS[section].decode(item) if section in MODELS else item for key, item in items.items()
        }
        for section, items in content["sections"].items()
    }
    return {
        "meta": {**meta, "Type": "dynamic", "Writable": False, "Overwritable": False},
        "sections": sections,
    }


texts = st.text("ab/.- {}\nü", max_size=6)
names = st.lists(texts, max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
metadata = st.dictionaries(texts, texts, max_size=2)
template = st.fixed_dictionaries(
    {"Name": texts}, optional={"Path": texts, "ID": texts, "Contents": texts, "Meta": metadata, "Link": texts}
)
architecture = st.fixed_dictionaries(
    {}, optional={"Kernel": texts, "Initrds": names, "Sha256": texts, "Odd": texts}
)
system = st.fixed_dictionaries(
    {"Name": texts},
    optional={
        "Version": texts | st.integers(0, 9),
        "SupportedArchitectures": st.dictionaries(
            st.sampled_from(["amd64", "arm64"]), architecture, max_size=2
        ),
        "Unknown": texts,
    },
)
common = {
    "Description": texts,
    "Meta": metadata,
    "Errors": names,
    "Available": st.booleans(),
    "Unheard": json_values,
}
FIELDS: dict[str, dict[str, Any]] = {
    "params": {"Schema": json_values, "Secure": st.booleans()},
    "profiles": {"Params": st.dictionaries(texts, json_values, max_size=3), "Profiles": names},
    "templates": {"Contents": texts},
    "tasks": {"Templates": st.lists(template, max_size=2), "RequiredParams": names | st.none()},
    "stages": {"Tasks": names, "RunnerWait": st.booleans(), "Reboot": st.booleans(), "BootEnv": texts},
    "bootenvs": {"OS": system, "Kernel": texts, "Templates": st.lists(template, max_size=2)},
    "workflows": {"Stages": names},
}


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    content: dict[str, Any] = {}
    for section in draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=3)):
        item = st.fixed_dictionaries({}, optional={**common, **FIELDS[section]})
        keys = draw(st.lists(st.text("abc", min_size=1, max_size=2), unique=True, max_size=3))
        field = "ID" if section == "templates" else "Name"
        content[section] = {key: {field: key, **draw(item)} for key in keys}
    meta = draw(st.fixed_dictionaries({}, optional={"Version": texts, "Author": texts, "Description": texts}))
    return pack(meta, **content)


@given(packs())
@settings(max_examples=150)
def test_what_the_server_makes_of_a_pack_is_no_difference(content: Pack) -> None:
    before = copy.deepcopy(content)
    there = served(content)
    assert not compare(there, content, from_server=True)
    assert not compare(there, without_defaults(there), from_server=True)
    assert not compare(without_defaults(there), there)
    lost = {name.split(".")[-1] for name in dropped_members(there, content)}
    assert lost <= {"Unheard", "Profiles", "Link", "Odd", "Unknown"}
    assert content == before


@given(packs(), packs())
@settings(max_examples=150)
def test_a_difference_is_found_and_a_repeated_upload_settles_it(one: Pack, two: Pack) -> None:
    there, wanted = served(one), served(two)
    diff = compare(there, two, from_server=True)
    assert bool(diff) == (not_computed(there) != not_computed(wanted))
    if diff:
        assert not compare(wanted, two, from_server=True)


def not_computed(content: Pack) -> Any:
    """What is left of a server's answer when everything that does not count is taken away."""
    kept = without_defaults(content)
    for items in kept["sections"].values():
        for item in items.values():
            item.pop("RunnerWait", None)
            item.pop("Contents", None) if item.get("Contents") == "" else None
    return kept["meta"], {section: items for section, items in kept["sections"].items() if items}


def test_one_changed_field_is_one_difference() -> None:
    old = pack(
        {"Version": "v1"},
        stages={"s": {"Name": "s", "Tasks": ["a", "b"], "Templates": [{"Name": "x", "Contents": "1"}]}},
        profiles={"p": {"Name": "p", "Params": {"a": 1, "b": 2}}},
        params={"gone": {"Name": "gone"}},
    )
    new = copy.deepcopy(old)
    new["meta"]["Version"] = "v2"
    new["sections"]["stages"]["s"]["Tasks"] = ["b", "a"]
    new["sections"]["profiles"]["p"]["Params"]["b"] = "2"
    new["sections"]["params"] = {"new": {"Name": "new"}}
    diff = compare(served(old), new, from_server=True)
    assert diff.meta == ({"Version": "v1"}, {"Version": "v2"})
    assert diff.changed == {
        ("stages", "s"): ({"Tasks": ["a", "b"]}, {"Tasks": ["b", "a"]}),
        ("profiles", "p"): ({"Params": {"a": 1, "b": 2}}, {"Params": {"a": 1, "b": "2"}}),
    }
    assert (list(diff.added), list(diff.removed)) == ([("params", "new")], [("params", "gone")])


@pytest.mark.parametrize(
    ("kind", "there", "wanted"),
    [
        ("tasks", {"Meta": {"feature-flags": "original-exit-codes"}}, {}),
        ("tasks", {"Meta": {"feature-flags": "a,sane-exit-codes"}}, {"Meta": {"feature-flags": "a"}}),
        ("stages", {"RunnerWait": True}, {"RunnerWait": False}),
        ("params", {"Schema": None, "Secure": False}, {}),
        ("subnets", {"Options": [{"Code": 3, "Value": "1"}]}, {"options": [{"code": 3, "value": 1}]}),
        ("tasks", {"Templates": [{"Name": "x", "Meta": None, "ID": ""}]}, {"Templates": [{"name": "x"}]}),
        ("profiles", {"Name": "x", "Params": {}}, {"NAME": "x", "Profiles": ["dropped by v3.12"]}),
    ],
)
def test_equal(kind: str, there: Any, wanted: Any) -> None:
    content = pack(**{kind: {"k": {"Name": "k", **wanted}}})
    assert not compare(pack(**{kind: {"k": {"Name": "k", **there}}}), content, from_server=True)


@pytest.mark.parametrize(
    ("kind", "there", "wanted"),
    [
        ("tasks", {"Meta": {"feature-flags": "a,original-exit-codes"}}, {}),
        (
            "tasks",
            {"Meta": {"feature-flags": "sane-exit-codes"}},
            {"Meta": {"feature-flags": "original-exit-codes"}},
        ),
        ("profiles", {"Params": {"x": 1}}, {"Params": {"x": True}}),
        ("profiles", {"Params": {"x": ""}}, {"Params": {}}),
        ("stages", {"Reboot": True}, {}),
        (
            "bootenvs",
            {"OS": {"SupportedArchitectures": {}}},
            {"OS": {"SupportedArchitectures": {"amd64": {}}}},
        ),
        ("tasks", {"Name": "k", "Prerequisites": []}, {"ExtraClaims": [{"scope": "*"}]}),
        ("profiles", {"Params": {"x": SEALED}}, {"Params": {"x": {**SEALED, "Key": "other"}}}),
    ],
)
def test_different(kind: str, there: Any, wanted: Any) -> None:
    content = pack(**{kind: {"k": {"Name": "k", **wanted}}})
    assert compare(pack(**{kind: {"k": {"Name": "k", **there}}}), content, from_server=True)


def test_metadata_that_nobody_gave() -> None:
    there = pack({"Version": "v0.0.0", "Description": "Unspecified", "Type": "dynamic", "Source": "x"})
    assert not compare(there, pack({"Source": "x", "Author": "unknown to v3.12"}), from_server=True)
    assert compare(there, pack(), from_server=True).meta == ({"Source": "x"}, {"Source": ""})


def test_sealed_values_are_left_to_the_server() -> None:
    there = pack(profiles={"p": {"Name": "p", "Params": {"s": SEALED, "x": 1}}})
    wanted = pack(profiles={"p": {"Name": "p", "Params": {"s": "clear", "x": 1}}})
    diff = compare(there, wanted, from_server=True)
    assert not diff
    assert diff.sealed == {("profiles", "p"): {"s": "clear"}}
    wanted["sections"]["profiles"]["p"]["Params"]["x"] = 2
    assert compare(there, wanted, from_server=True).changed


def test_keys() -> None:
    assert server_key("params", {"name": "x"}) == "x"
    assert server_key("templates", {"ID": "x", "Name": "y"}) == "x"
    assert server_key("leases", {"Addr": "192.168.100.103"}) == "C0A86467"
    assert server_key("reservations", {"Addr": "nonsense"}) == "nonsense"
    assert server_key("racks", {"Id": "x", "Name": "y"}) == "x"
    assert server_key("racks", {"Name": "y"}) == "y"
    assert server_key("params", {}) == ""
    assert by_server_key(pack(params={"a": {"Name": "b"}}, racks={"c": {}}, stages={})) == {
        "params": {"b": {"Name": "b"}},
        "racks": {"c": {}},
    }
    with pytest.raises(UsageError, match="params 'a' has no Name"):
        by_server_key(pack(params={"a": {}}))


def test_fitting_is_that_of_the_original_tool() -> None:
    content = pack(
        {"Version": 1.5, "Order": 100},
        bootenvs={
            "b": {
                "name": "b",
                "OS": {"name": 7, "Version": 7.6},
                "Initrds": [1],
                "ONLYUNKNOWN": True,
                "New": 1,
            }
        },
        params={"p": {"Name": "p", "Schema": {"default": 5}, "Meta": {"order": 5, "Name": True}}},
    )
    assert normalized(content) == pack(
        {"Version": "1.5", "Order": "100"},
        bootenvs={
            "b": {
                "Name": "b",
                "OS": {"Name": "7", "Version": "7.6"},
                "Initrds": ["1"],
                "OnlyUnknown": True,
                "New": 1,
            }
        },
        params={"p": {"Name": "p", "Schema": {"default": 5}, "Meta": {"order": "5", "Name": "true"}}},
    )


def test_trimming_keeps_what_a_person_would_write() -> None:
    assert without_defaults(
        {
            "meta": {"Name": "p", "Type": "dynamic", "Writable": False, "Overwritable": False, "Source": ""},
            "sections": {
                "templates": {"t": MODELS["templates"].decode({"ID": "t"})},
                "tasks": {
                    "t": MODELS["tasks"].decode(
                        {"Name": "t", "Templates": [{"Name": "x", "Meta": {"a": ""}}]}
                    )
                },
            },
        }
    ) == pack(
        templates={"t": {"ID": "t", "Contents": ""}},
        tasks={"t": {"Name": "t", "Templates": [{"Name": "x", "Meta": {"a": ""}}]}},
    )


def test_members_of_one_object() -> None:
    assert item_changes("params", {"Name": "x", "Available": True}, {"Name": "x", "Errors": ["y"]}) == (
        {},
        {},
    )
