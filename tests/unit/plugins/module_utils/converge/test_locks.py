# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locked objects: what a v4 server refuses, and how the engine gets around it when it may."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import Invalid, UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource

from .fake import FakeClient, Object


class LockingClient(FakeClient):
    """Takes nothing of a locked object but its unlocking, as a v4 server does."""

    def __init__(self, **members: t.Any) -> None:
        item = {"Name": "m1", "Uuid": "u1", "Locked": True, "Description": "", "Stage": "none", **members}
        super().__init__(machines=[item])
        self.rule = self._refuse
        self.before["DELETE"] = [self._refuse_delete]

    def _refuse(self, old: Object | None, new: Object) -> None:
        if old and old["Locked"] and {**old, "Locked": False} != new:
            raise Invalid("locked", code=422)

    def _refuse_delete(self, client: FakeClient, kind: str, key: str) -> None:
        if self.store[kind][key]["Locked"]:
            raise Invalid("locked", code=422)


def machine(include_locked: bool = False, state: str = "present", **spec: t.Any) -> Resource:
    return Resource("machines", {"Name": "m1", **spec}, key="u1", state=state, include_locked=include_locked)


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_locked_object_is_not_touched(check: bool, state: str) -> None:
    client = LockingClient()
    with pytest.raises(UsageError, match="it is locked. Unlock it first, or set include_locked: true"):
        converge(client, machine(state=state, Description="x"), check)  # type: ignore[arg-type]
    assert client.writes == []


def test_what_is_right_already_needs_no_unlocking() -> None:
    client = LockingClient(Description="x")
    assert converge(client, machine(Description="x")).action == "unchanged"  # type: ignore[arg-type]


def test_unlocked_for_the_change_and_locked_again() -> None:
    client = LockingClient()
    outcome = converge(client, machine(True, Description="x"))  # type: ignore[arg-type]
    assert outcome.action == "updated"
    assert outcome.warnings == []
    assert client.one("machines") == {**client.one("machines"), "Description": "x", "Locked": True}
    assert len(client.writes) == 3
    assert outcome.planned is not None
    assert outcome.planned["Locked"] is True


def test_unlocked_for_good() -> None:
    client = LockingClient()
    outcome = converge(client, machine(Locked=False, Description="x"))  # type: ignore[arg-type]
    assert outcome.item is not None
    assert (outcome.item["Locked"], outcome.item["Description"]) == (False, "x")
    assert len(client.writes) == 2


def test_only_unlocked() -> None:
    client = LockingClient()
    assert converge(client, machine(Locked=False)).action == "updated"  # type: ignore[arg-type]
    assert len(client.writes) == 1


def test_changed_and_locked_at_once() -> None:
    client = LockingClient(Locked=False)
    converge(client, machine(Locked=True, Description="x"))  # type: ignore[arg-type]
    assert len(client.writes) == 1
    assert client.one("machines")["Locked"] is True


@pytest.mark.parametrize("allowed", [{"include_locked": True}, {"Locked": False}])
def test_unlocked_to_be_deleted(allowed: dict[str, t.Any]) -> None:
    client = LockingClient()
    outcome = converge(client, machine(state="absent", **allowed))  # type: ignore[arg-type]
    assert outcome.action == "deleted"
    assert [entry[0] for entry in client.writes] == ["PATCH", "DELETE"]
    assert client.store["machines"] == {}


@pytest.mark.parametrize("state", ["present", "absent"])
def test_check_mode_tells_the_change_and_not_the_unlocking(state: str) -> None:
    client = LockingClient()
    outcome = converge(client, machine(True, state, Description="x"), check=True)  # type: ignore[arg-type]
    assert outcome.action == ("updated" if state == "present" else "deleted")
    assert client.writes == []
    if state == "present":
        assert outcome.item == {**client.one("machines"), "Description": "x"}
