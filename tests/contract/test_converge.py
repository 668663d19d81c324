# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converging against a server: what it makes of a value, and what it calls read-only."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource

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
