# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known about machines before the server is asked."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import (
    Machine,
    from_options,
)

CURRENT = {"Name": "m", "Uuid": "u", "Workflow": "install", "Stage": "one", "BootEnv": "local", "Params": {}}
OPTIONS = {
    "state": "present",
    "force": False,
    "purge_params": False,
    "append_profiles": False,
    "require_available": True,
    "include_locked": False,
    "update_secure": "when_different",
}


def machine(key: str = "", force: bool = False, **spec: t.Any) -> Machine:
    return Machine("machines", {"Name": "m", **spec} if not key else spec, key=key, force=force)


@pytest.mark.parametrize("place", [{"Stage": "two"}, {"BootEnv": "x"}], ids=str)
class TestPlaces:
    def test_a_workflow_decides_them(self, place: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="workflow install decides"):
            machine(Workflow="install", **place).check(None)

    def test_they_do_not_change_within_a_workflow(self, place: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="it is in workflow install"):
            machine(**place).check(CURRENT)

    def test_unless_it_is_taken_out(self, place: dict[str, str]) -> None:
        wanted = machine(Workflow="", **place)
        wanted.check(CURRENT)
        assert wanted.wanted_object(CURRENT) == {**CURRENT, **place, "Workflow": ""}

    def test_or_forced(self, place: dict[str, str]) -> None:
        wanted = machine(force=True, **place)
        wanted.check(CURRENT)
        assert wanted.wanted_object(CURRENT) == {**CURRENT, **place, "Workflow": ""}

    def test_without_a_workflow_they_may(self, place: dict[str, str]) -> None:
        current = {**CURRENT, "Workflow": ""}
        wanted = machine(**place)
        wanted.check(current)
        assert wanted.wanted_object(current) == {**current, **place}


def test_the_same_place_is_no_change() -> None:
    wanted = machine(Stage="one", BootEnv="local")
    wanted.check(CURRENT)
    assert wanted.wanted_object(CURRENT) == CURRENT


def test_a_new_machine_brings_its_own_uuid() -> None:
    one, two = machine().creation_body(), machine().creation_body()
    assert uuid.UUID(one["Uuid"]) != uuid.UUID(two["Uuid"])
    assert machine(Uuid="given").creation_body()["Uuid"] == "given"


def test_without_a_name_none_is_made() -> None:
    with pytest.raises(UsageError, match="no such machine; to create it, set name"):
        machine(key="3e7031fe-3062-45f1-835c-92541bc9cbd3").check(None)


def test_the_name_in_the_key_is_its_name() -> None:
    assert machine(key="Name:web").creation_body()["Name"] == "web"


BEFORE = {"Runnable": True, "BootEnv": "local"}
AFTER = {"Runnable": False, "BootEnv": "sledgehammer"}


def test_a_machine_that_was_stopped_is_remarked() -> None:
    (remark,) = machine().change_warnings(BEFORE, AFTER)
    assert "boot environment changed from local to sledgehammer" in remark


@pytest.mark.parametrize(
    ("wanted", "before", "after"),
    [
        (machine(Runnable=False), BEFORE, AFTER),
        (machine(), None, AFTER),
        (machine(), {**BEFORE, "Runnable": False}, AFTER),
        (machine(), BEFORE, {**AFTER, "BootEnv": "local"}),
    ],
    ids=["asked for", "new", "was not", "same place"],
)
def test_nothing_else_is(wanted: Machine, before: dict[str, t.Any] | None, after: dict[str, t.Any]) -> None:
    assert wanted.change_warnings(before, after) == []


def test_options_that_are_not_given_say_nothing() -> None:
    made = from_options({**OPTIONS, "name": "m", "params": {}, "runnable": False, "stage": None})
    assert made.spec == {"Name": "m", "Params": {}, "Runnable": False}
    assert made.lookup == "Name:m"


def test_the_uuid_finds_it_so_that_the_name_can_change() -> None:
    made = from_options({**OPTIONS, "name": "new", "uuid": "u-1"})
    assert made.lookup == "u-1"
    assert made.wanted_object({"Name": "old", "Uuid": "u-1"}) == {"Name": "new", "Uuid": "u-1"}
