# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that get lost and connections that are cut: done once, and told as done once."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    ConnectionFailed,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome, converge
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

pytestmark = pytest.mark.needs_faults

KINDS = pytest.mark.parametrize("kind", ["machines", "profiles"])
CUTS = pytest.mark.parametrize("fault", ["lose_reply", "half", "drop"])
TIMES = pytest.mark.parametrize("times", [1, 2])


def wanted(kind: str, state: str = "present", **params: t.Any) -> Resource:
    made = Machine if kind == "machines" else Resource
    return made(kind, {"Name": "one", "Params": params}, state=state)


def named(client: Client, kind: str) -> list[dict[str, t.Any]]:
    return [item for item in client.list(kind) if item["Name"] == "one"]


def again(client: Client, resource: Resource) -> Outcome:
    return converge(client, resource)


@KINDS
@CUTS
@TIMES
def test_create(client: Client, lab: t.Any, kind: str, fault: str, times: int) -> None:
    lab.simulator.fault(fault, f"^{kind}$", "POST", times=times)
    outcome = converge(client, wanted(kind, size=1))
    assert outcome.changed
    assert lab.asked("POST", kind) == times + 1
    (item,) = named(client, kind)
    assert item["Params"] == {"size": 1}
    assert outcome.item == item
    assert not again(client, wanted(kind, size=1)).changed


@KINDS
@pytest.mark.parametrize("fault", ["lose_reply", "half"])
def test_create_is_told_as_created(client: Client, lab: t.Any, kind: str, fault: str) -> None:
    lab.simulator.fault(fault, f"^{kind}$", "POST")
    outcome = converge(client, wanted(kind, size=1))
    assert (outcome.action, outcome.conflicts, outcome.warnings) == ("created", 0, [])


@KINDS
@CUTS
@TIMES
@pytest.mark.parametrize(
    "params", [{"size": 2}, {"rack": 1}, {"size": None}], ids=["change", "add", "remove"]
)
def test_patch(
    client: Client, lab: t.Any, kind: str, fault: str, times: int, params: dict[str, t.Any]
) -> None:
    converge(client, wanted(kind, size=1))
    lab.simulator.fault(fault, f"^{kind}/", "PATCH", times=times)
    outcome = converge(client, wanted(kind, **params))
    assert outcome.action == "updated"
    assert outcome.before is not None
    assert outcome.before["Params"] == {"size": 1}
    (item,) = named(client, kind)
    assert item["Params"] == {
        name: value for name, value in {"size": 1, **params}.items() if value is not None
    }
    assert outcome.item == item
    assert not again(client, wanted(kind, **params)).changed


@KINDS
@CUTS
@TIMES
def test_delete(client: Client, lab: t.Any, kind: str, fault: str, times: int) -> None:
    converge(client, wanted(kind))
    lab.simulator.fault(fault, f"^{kind}/", "DELETE", times=times)
    assert converge(client, wanted(kind, "absent")).action == "deleted"
    assert named(client, kind) == []
    assert not again(client, wanted(kind, "absent")).changed


@KINDS
@CUTS
def test_read(client: Client, lab: t.Any, kind: str, fault: str) -> None:
    converge(client, wanted(kind, size=1))
    lab.simulator.fault(fault, f"^{kind}/", "GET", times=2)
    assert not again(client, wanted(kind, size=1)).changed
    lab.simulator.fault(fault, f"^{kind}$", "GET", times=2)
    assert len(named(client, kind)) == 1


@KINDS
def test_an_object_of_somebody_else_is_not_taken_for_ours(client: Client, lab: t.Any, kind: str) -> None:
    """The reply to our create is lost; somebody else had been faster."""
    lab.simulator.fault("status", f"^{kind}/", "GET", times=1, status=404)
    client.create(kind, {"Name": "one", "Description": "theirs", "Params": {"theirs": 1}})
    lab.simulator.fault("lose_reply", f"^{kind}$", "POST")
    outcome = converge(client, wanted(kind, ours=1))
    assert outcome.action == "updated"
    (item,) = named(client, kind)
    assert (item["Description"], item["Params"]) == ("theirs", {"theirs": 1, "ours": 1})


def test_another_writer_between_reading_and_writing(client: Client, lab: t.Any) -> None:
    converge(client, wanted("machines", size=1))
    lab.simulator.fault("touch", "^machines/", "PATCH", times=3, changes={"Params": {"size": 7, "theirs": 1}})
    outcome = converge(client, wanted("machines", size=2))
    assert (outcome.action, outcome.conflicts) == ("updated", 1)
    assert named(client, "machines")[0]["Params"]["theirs"] == 1


def test_it_gives_up_in_the_end(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("drop", "^profiles", times=0)
    with pytest.raises(ConnectionFailed, match="tried 4 times"):
        converge(client, wanted("profiles"))
    lab.simulator.clear_faults()
    assert converge(client, wanted("profiles")).action == "created"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_reads_wait_as_they_are_told(client: Client, lab: t.Any, status: int) -> None:
    converge(client, wanted("profiles", size=1))
    lab.slept.clear()
    lab.simulator.fault(
        "status", "^profiles/", "GET", times=2, status=status, headers={"Retry-After": "3"}, body="busy"
    )
    assert not again(client, wanted("profiles", size=1)).changed
    assert lab.slept == [3.0, 3.0]


def test_writes_that_were_refused_are_not_sent_again(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("status", "^profiles$", "POST", status=503, headers={"Retry-After": "1"}, body="busy")
    with pytest.raises(ApiError, match=r"503.*busy"):
        converge(client, wanted("profiles"))
    assert lab.asked("POST", "profiles") == 1
    assert converge(client, wanted("profiles")).action == "created"


def test_a_page_that_is_no_answer(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("html", "^profiles/", "GET")
    with pytest.raises(ApiError, match="is this the API port"):
        converge(client, wanted("profiles"))


def test_a_slow_answer_is_an_answer(client: Client, lab: t.Any) -> None:
    lab.simulator.fault("slow", "^profiles$", "POST", delay=0.3)
    assert converge(client, wanted("profiles")).action == "created"
    assert lab.asked("POST", "profiles") == 1
