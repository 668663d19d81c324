# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever fits a kind can be written twice: the second time there is nothing to change."""

from __future__ import annotations

import collections
import typing as t
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome, converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.objects import from_options

words = st.text(st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x24F), max_size=9)
# a template in the server's language has to be a right one
words = words.filter(lambda text: "{" not in text)
texts = st.one_of(words, st.booleans(), st.integers(-(2**40), 2**40), st.floats(0, 1e9, width=32))
jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e20, 1e20), words),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(words, inner, max_size=2)),
    max_leaves=4,
)
some_names = st.lists(st.sampled_from(["alpha", "beta", "gamma"]), max_size=2, unique=True)
texts_by_name = st.dictionaries(st.sampled_from(["colour", "icon", "n 1"]), texts, max_size=2)
flags = st.sampled_from([True, False, "yes", "False", 1, 0])
numbers = st.builds(
    lambda form, number: form(number), st.sampled_from([int, str, float]), st.integers(7200, 9000)
)
computed = st.fixed_dictionaries(
    {},
    optional={
        "ReadOnly": st.booleans(),
        "available": st.booleans(),
        "Validated": st.booleans(),
        "Errors": st.just([]),
        "Bundle": st.just("x"),
    },
)
common = {"Description": texts, "Documentation": texts, "Meta": texts_by_name}
extra_in_struct = st.fixed_dictionaries({}, optional={"Colour": texts, "link": words})
address = st.integers(1, 250).map("198.51.100.{}".format)


def struct(**members: st.SearchStrategy[t.Any]) -> st.SearchStrategy[dict[str, t.Any]]:
    """A struct with some of its members, one or two that it has not, in any letter case."""
    known = st.fixed_dictionaries({}, optional=members)
    return either_case(st.builds(lambda one, two: {**two, **one}, known, extra_in_struct))


def either_case(specs: st.SearchStrategy[dict[str, t.Any]]) -> st.SearchStrategy[dict[str, t.Any]]:
    change = st.sampled_from([str, str.lower, str.upper])
    return st.builds(lambda spec, how: {how(name): value for name, value in spec.items()}, specs, change)


def templates(path_required: bool) -> st.SearchStrategy[list[dict[str, t.Any]]]:
    def named(entries: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
        return [
            {**entry, "name": f"t{number}", "contents": entry.get("x", "text")}
            | ({"Path": f"p{number}"} if path_required else {})
            for number, entry in enumerate(entries)
        ]

    optional = {"meta": texts_by_name, "Colour": texts, "LINK": words}
    return st.lists(st.fixed_dictionaries({}, optional=optional), max_size=2).map(named)


architecture = struct(
    IsoFile=words,
    Sha256=words,
    IsoUrl=words,
    Initrds=st.lists(words, max_size=2),
    BootParams=words,
    Loader=words,
).map(lambda one: {**one, "kernel": "vmlinuz"})
system = struct(
    Family=texts,
    Codename=texts,
    Version=texts,
    IsoFile=texts,
    IsoUrl=texts,
    SupportedArchitectures=st.dictionaries(st.sampled_from(["x86_64", "arm64"]), architecture, max_size=2),
).map(lambda one: {**one, "Name": "typed-os"})
dhcp_options = st.lists(
    st.tuples(st.sampled_from([3, 6, 15, 42]), texts, extra_in_struct),
    max_size=3,
    unique_by=lambda one: one[0],
).map(lambda rows: [{"code": code, "VALUE": value, **extra} for code, value, extra in rows])

MEMBERS: dict[str, dict[str, st.SearchStrategy[t.Any]]] = {
    "profiles": {
        **common,
        "Params": st.dictionaries(st.sampled_from(["one", "two/2"]), jsons, max_size=2),
        "Profiles": st.just([]),
    },
    "params": {
        **common,
        "Secure": st.just("false"),
        "Schema": st.sampled_from([{"type": "string"}, {}, {"type": "integer", "default": 1.0}]),
    },
    "templates": {"Description": texts, "Contents": texts, "Meta": texts_by_name},
    "tasks": {
        **common,
        "Templates": templates(False),
        "RequiredParams": some_names,
        "OptionalParams": some_names,
        "Prerequisites": st.just([]),
    },
    "stages": {
        **common,
        "Templates": templates(True),
        "RequiredParams": some_names,
        "Reboot": flags,
        "Params": st.just({"x": 1}),
    },
    "bootenvs": {
        **common,
        "OS": system,
        "Initrds": st.lists(texts, max_size=2),
        "BootParams": words,
        "OnlyUnknown": st.just("no"),
        "Loaders": texts_by_name,
    },
    "workflows": {**common, "Stages": st.just([])},
    "users": {"Description": texts, "Meta": texts_by_name},
    "subnets": {
        **common,
        "Subnet": st.just("198.51.100.0/24"),
        "ActiveStart": st.just("198.51.100.10"),
        "ActiveEnd": st.just("198.51.100.20"),
        "ActiveLeaseTime": numbers,
        "ReservedLeaseTime": numbers,
        "NextServer": address,
        "Enabled": flags,
        "OnlyReservations": flags,
        "Strategy": st.just("MAC"),
        "Options": dhcp_options,
    },
    "machines": {
        **common,
        "Address": address,
        "Params": st.dictionaries(st.sampled_from(["one", "two/2"]), jsons, max_size=2),
        "Arch": st.sampled_from(["amd64", "arm64"]),
        "HardwareAddrs": st.just(["52:54:00:00:00:01"]),
        "Runnable": flags,
    },
    "reservations": {
        **common,
        "NextServer": address,
        "Duration": numbers,
        "Options": dhcp_options,
    },
}
REQUIRED: dict[str, dict[str, t.Any]] = collections.defaultdict(
    dict,
    subnets={"Subnet": "198.51.100.0/24", "ActiveStart": "198.51.100.10", "ActiveEnd": "198.51.100.20"},
    reservations={"Addr": "198.51.100.99", "Token": "52:54:00:00:00:09", "Strategy": "MAC"},
)
KEYS = {"templates": "ID", "reservations": ""}


@st.composite
def specs(draw: st.DrawFn, kind: str) -> dict[str, t.Any]:
    members = draw(st.fixed_dictionaries({}, optional=MEMBERS[kind]))
    spec = draw(either_case(st.just({**REQUIRED[kind], **members})))
    identity = {KEYS.get(kind, "Name"): "typed-odd"} if KEYS.get(kind, "Name") else {}
    return {**identity, **spec, **draw(computed)}


def written(client: Client, kind: str, spec: dict[str, t.Any]) -> Outcome:
    options = {
        "kind": kind,
        "spec": spec,
        "state": "present",
        "resources": None,
        "update_secure": "when_different",
        **dict.fromkeys(("force", "purge_params", "append_profiles", "include_locked"), False),
        "require_available": False,
        "confirm": "",
    }
    (resource,) = from_options(options, client)
    return converge(client, resource)


@pytest.mark.parametrize("kind", sorted(MEMBERS))
def test_a_second_time_there_is_nothing_to_change(kind: str, connect: Callable[..., Client]) -> None:
    client = connect()

    @settings(
        max_examples=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    @given(st.lists(specs(kind), min_size=1, max_size=2))
    def twice(rounds: list[dict[str, t.Any]]) -> None:
        outcome = None
        try:
            for spec in rounds:
                outcome = written(client, kind, spec)
                again = written(client, kind, spec)
                assert again.action == "unchanged", (again.before, again.planned, again.warnings)
        finally:
            if outcome is not None and outcome.item is not None:
                client.delete(kind, models.key_of(kind, outcome.item))

    twice()


def test_members_that_the_server_lacks_are_told_once_and_left_out(connect: Callable[..., Client]) -> None:
    client = connect()
    spec = {
        "Name": "typed-net",
        "Subnet": "198.51.100.0/27",
        "ActiveStart": "198.51.100.16",
        "ActiveEnd": "198.51.100.20",
        "Options": [{"code": "3", "value": "198.51.100.1", "Description": "the gateway", "Colour": 1}],
    }
    try:
        first, second = written(client, "subnets", spec), written(client, "subnets", spec)
        assert first.item is not None
        assert {"Code": 3, "Value": "198.51.100.1"} in first.item["Options"]
        assert (first.action, second.action) == ("created", "unchanged")
        text = (
            "subnet typed-net: the server has no member Options[0].Description, Options[0].Colour; left out"
        )
        assert first.warnings == second.warnings == [text]
    finally:
        client.delete("subnets", "typed-net")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"Description": {"a": 1}}, "Description must be text"),
        ({"Meta": [1]}, "Meta must be a map of names to values"),
        ({"Meta": {"a": [1]}}, "Meta.a must be text"),
        ({"Initrds": "one"}, "Initrds must be a list"),
        ({"OnlyUnknown": "perhaps"}, "OnlyUnknown must be true or false"),
        ({"OS": {"SupportedArchitectures": {"x": []}}}, "OS.SupportedArchitectures.x must be a map"),
        ({"Templates": [{"Name": "a", "name": "b"}]}, "Templates[0].Name is given twice"),
    ],
)
def test_what_cannot_be_stored_is_named(
    spec: dict[str, t.Any], message: str, connect: Callable[..., Client]
) -> None:
    with pytest.raises(UsageError) as refused:
        written(connect(), "bootenvs", {"Name": "typed-env", **spec})
    assert message in str(refused.value)
