# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server makes of a value is not asked away."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.patch import gen_patch
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge import server_values
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp.subnet import RawSubnet

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def as_floats(value: t.Any) -> t.Any:
    """The value as a reader of JSON has it whose numbers are all 64-bit floats.

    It is compared by ``==``, which is exact between int and float: same_json() compares floats.
    """
    return json.loads(json.dumps(value), parse_int=float)


@given(values)
@example([{"a": 2**53 + 1}, -(2**53) - 1, 2**53, 2**64 - 1])
def test_numbers_are_as_the_server_keeps_them(value: t.Any) -> None:
    assert server_values.rounded(value) == as_floats(value)
    assert server_values.rounded(server_values.rounded(value)) == server_values.rounded(value)


@given(values)
@example(2**53 + 1)
@example(2**53 + 2)
@example([{"a": -(2**53) - 1}])
def test_what_a_float_can_hold_stays(value: t.Any) -> None:
    spec = {"Name": "p", "Params": {"a": value}}
    resource = Resource(kind="profiles", spec=spec)
    assert bool(resource.spec_warnings) is (value != as_floats(value))
    if not resource.spec_warnings:
        assert resource.spec == spec


def test_a_number_that_no_float_is_near_to() -> None:
    assert server_values.rounded(10**400) == 10**400


def test_who_is_told_about_rounded_numbers() -> None:
    spec = {"Name": "p", "Params": {"a": {"b": [2**53 + 1]}, "c": 2**53, "d": "9007199254740993", "e": True}}
    resource = Resource(kind="profiles", spec=spec)
    assert resource.spec["Params"] == {**spec["Params"], "a": {"b": [2**53]}}
    (note,) = resource.spec_warnings
    assert note.startswith(
        "profile p: Params: a: the server keeps integers beyond 9007199254740992 as rounded"
    )


@pytest.mark.parametrize(
    ("kind", "member", "current", "wanted", "same"),
    [
        ("stages", "RunnerWait", True, False, True),
        ("stages", "Reboot", True, False, False),
        ("machines", "Stage", "none", "", True),
        ("machines", "Stage", "first", "", False),
        ("machines", "Workflow", "none", "", False),
        ("machines", "Arch", "amd64", "", True),
        ("machines", "Arch", "arm64", "", False),
        ("machines", "Address", "192.0.2.1", "::ffff:192.0.2.1", True),
        ("machines", "Address", "2001:db8::1", "2001:DB8:0::1", True),
        ("machines", "Address", "192.0.2.1", "192.0.2.2", False),
        ("machines", "Address", "", "x", False),
        ("machines", "Address", "192.0.2.1", "", False),
        ("machines", "Description", "2001:db8::1", "2001:DB8::1", False),
        ("subnets", "Strategy", "MAC", "", True),
        ("subnets", "Pickers", ["none"], [], True),
        ("subnets", "Pickers", ["hint"], [], False),
        ("subnets", "ActiveLeaseTime", 60, 0, True),
        ("subnets", "ReservedLeaseTime", 7200, 0, True),
        ("subnets", "ReservedLeaseTime", 7201, 0, False),
    ],
)
def test_what_is_as_good_as_wanted(kind: str, member: str, current: t.Any, wanted: t.Any, same: bool) -> None:
    there = {"Name": "x", "Uuid": "u", "Subnet": "192.0.2.0/24", member: current}
    resource = Resource(kind=kind, spec={"Name": "x", member: wanted})
    assert (gen_patch(there, resource.wanted_object(there)) == []) is same


@pytest.mark.parametrize(
    ("kind", "spec", "changes"),
    [
        ("machines", {"BootEnv": ""}, []),
        ("machines", {"Secret": ""}, []),
        ("users", {"Secret": ""}, []),
        ("machines", {"Stage": ""}, []),
        ("machines", {"Stage": "", "Workflow": "other"}, ["/Workflow"]),
        ("machines", {"Stage": "", "Workflow": ""}, ["/Stage", "/Workflow"]),
        ("machines", {"BootEnv": "other"}, ["/BootEnv"]),
        ("machines", {"OS": ""}, ["/OS"]),
        ("stages", {"BootEnv": ""}, ["/BootEnv"]),
    ],
)
def test_empty_members_that_the_server_chooses(kind: str, spec: dict[str, t.Any], changes: list[str]) -> None:
    there = {"BootEnv": "env", "Secret": "s", "Stage": "first", "Workflow": "flow", "OS": "linux"}
    wanted = Resource(kind=kind, spec={"Name": "x", **spec}).wanted_object({"Name": "x", **there})
    changed = [name for name, value in there.items() if wanted[name] != value]
    assert [f"/{name}" for name in sorted(changed)] == changes


@pytest.mark.parametrize("kind", ["machines", "tasks"])
def test_the_flags_of_machines_are_computed(kind: str) -> None:
    resource = Resource(kind=kind, spec={"Name": "x", "Meta": {"feature-flags": "mine", "color": "red"}})
    there = {"Name": "x", "Meta": {"feature-flags": "change-stage-v2", "color": "red"}}
    is_machine = kind == "machines"
    assert (gen_patch(there, resource.wanted_object(there)) == []) is is_machine
    assert bool(resource.spec_warnings) is is_machine


@pytest.mark.parametrize("cidr", ["192.0.2.0/24", "192.0.2.7/24"])
@pytest.mark.parametrize(
    "options",
    [
        [{"Code": 1, "Value": "255.255.0.0"}],
        [{"Code": 28, "Value": "192.0.2.1"}, {"Code": 1, "Value": ""}],
        [{"Code": 3, "Value": "192.0.2.1"}],
        [],
    ],
)
def test_netmask_and_broadcast_are_those_of_the_network(cidr: str, options: list[t.Any]) -> None:
    router = [option for option in options if option["Code"] == 3]
    stored = [*router, {"Code": 1, "Value": "255.255.255.0"}, {"Code": 28, "Value": "192.0.2.255"}]
    there = {"Name": "n", "Subnet": cidr, "Options": stored}
    resource = RawSubnet(kind="subnets", spec={"Name": "n", "Options": options})
    assert gen_patch(there, resource.wanted_object(there)) == []
