# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging against a server: what it makes of a value, and what it calls read-only."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp.subnet import RawSubnet

KINDS = ["params", "profiles", "stages", "tasks", "workflows", "machines", "users"]


def body(kind: str, name: str) -> dict[str, Any]:
    return {"Name": name, **({"Schema": {"type": "string"}} if kind == "params" else {})}


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_only_that_a_client_has_sent_is_none(client: Any, factory: Any, kind: str) -> None:
    """The server keeps the flag, and changes and deletes the object all the same."""
    name = factory.name()
    factory.made.append((kind, f"Name:{name}" if kind == "machines" else name))
    client.create(kind, {**body(kind, name), "ReadOnly": True})
    change = {"Name": name, "Description": "changed"}
    for check in (True, False):
        assert converge(client, Resource(kind=kind, spec=change), check).action == "updated"
    assert converge(client, Resource(kind=kind, spec=change)).action == "unchanged"
    assert converge(client, Resource(kind=kind, spec={"Name": name}, state="absent")).action == "deleted"


@pytest.mark.parametrize("kind", KINDS)
def test_computed_members_are_not_sent(client: Any, factory: Any, kind: str) -> None:
    """A spec as a server has shown it, or as files of packs have it."""
    name = factory.name()
    factory.made.append((kind, f"Name:{name}" if kind == "machines" else name))
    spec = {
        **body(kind, name),
        "ReadOnly": True,
        "Available": False,
        "Validated": False,
        "Errors": ["made up"],
    }
    outcome = converge(client, Resource(kind=kind, spec=spec))
    assert outcome.item is not None
    assert (outcome.item["ReadOnly"], outcome.item["Available"]) == (False, True)
    assert converge(client, Resource(kind=kind, spec=spec)).action == "unchanged"


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("state", "spec"), [("present", {"Name": "none", "Description": "mine"}), ("absent", {"Name": "none"})]
)
def test_what_really_is_read_only(client: Any, state: str, spec: dict[str, str], check: bool) -> None:
    with pytest.raises(UsageError, match="stage none: it is read-only, because it comes from BasicStore"):
        converge(client, Resource(kind="stages", spec=spec, state=state), check)


SETTLED: dict[str, tuple[str, dict[str, Any]]] = {
    "a stage that does not wait": ("stages", {"RunnerWait": False}),
    "an integer beyond the floats": ("profiles", {"Params": {"ct/number": 2**53 + 1, "ct/big": [-(10**30)]}}),
    "a machine without a stage": ("machines", {"Stage": ""}),
    "the flags of a machine": ("machines", {"Meta": {"feature-flags": "original-change-stage"}}),
    "an address in another form": ("machines", {"Address": "::ffff:192.0.2.77"}),
    "a machine without an architecture": ("machines", {"Arch": ""}),
    "a subnet with a mask of its own": (
        "subnets",
        {"Options": [{"Code": 28, "Value": "10.93.7.1"}, {"Code": 1, "Value": "255.0.0.0"}]},
    ),
    "a subnet that is half empty": (
        "subnets",
        {"Strategy": "", "Pickers": [], "ActiveLeaseTime": 0, "ReservedLeaseTime": 0, "Options": []},
    ),
    "a subnet without the options of the server": (
        "subnets",
        {"Options": [{"Code": 3, "Value": "10.93.7.1"}]},
    ),
}
SUBNET = {"Subnet": "10.93.7.0/24", "ActiveStart": "10.93.7.10", "ActiveEnd": "10.93.7.20"}


@pytest.mark.parametrize("case", SETTLED)
def test_the_second_time_changes_nothing(client: Any, factory: Any, case: str) -> None:
    """Whatever the server makes of a value, at the creation and with a change."""
    kind, members = SETTLED[case]
    kind_class = RawSubnet if kind == "subnets" else Resource
    for existing in (False, True):
        name = factory.name()
        factory.made.append((kind, f"Name:{name}"))
        whole = {"Name": name, **(SUBNET if kind == "subnets" else {}), **members}
        if existing:
            factory.client.create(kind, {name: whole[name] for name in ("Name", *SUBNET) if name in whole})
        first = converge(client, kind_class(kind=kind, spec=whole))
        assert first.item is not None
        for check in (True, False):
            again = converge(client, kind_class(kind=kind, spec=whole), check)
            assert again.action == "unchanged", (again.before, again.planned)
        converge(client, kind_class(kind=kind, spec={"Name": name}, state="absent"))


@pytest.mark.parametrize(
    ("kind", "longest"),
    [("profiles", 236), ("plugins", 237), ("stages", 245), ("params", 245), ("users", 245)],
)
@pytest.mark.parametrize("check", [True, False])
def test_names_that_are_too_long(client: Any, factory: Any, kind: str, longest: int, check: bool) -> None:
    """The longest that the server takes, and one byte more, which is not even sent."""
    more = {"Provider": "absent"} if kind == "plugins" else {}
    for escaped, letters in (("", 1), ("é", 6)):
        name = f"{factory.name()}-{escaped}"
        name += "x" * (longest - len(name) - letters + 1 if escaped else longest - len(name))
        with pytest.raises(UsageError, match="the name is too long"):
            converge(client, Resource(kind=kind, spec={**body(kind, f"{name}x"), **more}), check)
        factory.made.append((kind, name))
        spec = {**body(kind, name), **more}
        resource = Resource(kind=kind, spec=spec, require_available=False)
        assert converge(client, resource, check).action == "created"


def test_a_machine_may_be_called_as_one_likes(client: Any, factory: Any) -> None:
    name = f"{factory.name()}-{'x' * 400}"
    factory.made.append(("machines", f"Name:{name}"))
    assert converge(client, Resource(kind="machines", spec={"Name": name})).action == "created"
