# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects: their order, and what happens when one of them fails."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils.converge.fake import FakeClient

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import Invalid, UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge import progress
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.bulk import (
    LIST_THRESHOLD,
    Bulk,
    NotTried,
    waves,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.engine import Outcome
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

NAMES = "abcde"
# kind -> member -> the kind it names
REFERENCES = {
    "profiles": {"Profiles": "profiles"},
    "tasks": {"Prerequisites": "tasks"},
    "stages": {"Tasks": "tasks", "Profiles": "profiles"},
    "workflows": {"Stages": "stages"},
    "machines": {"Profiles": "profiles", "Tasks": "tasks"},
}


def bulk(client: FakeClient, *resources: Resource, **more: t.Any) -> list[Outcome]:
    return Bulk(t.cast(Client, client), resources, **more).run()


@st.composite
def worlds(draw: st.DrawFn) -> list[Resource]:
    """Objects that refer to each other without a circle: within a kind only to names further on."""
    wanted = draw(
        st.lists(st.tuples(st.sampled_from(sorted(REFERENCES)), st.sampled_from(NAMES)), unique=True)
    )
    state = draw(st.sampled_from(["present", "absent"]))
    resources = []
    for kind, name in wanted:
        spec: dict[str, t.Any] = {"Name": name}
        for member, there in REFERENCES[kind].items():
            choice = [other for other in NAMES if there != kind or other > name]
            spec[member] = draw(st.lists(st.sampled_from(choice), max_size=2)) if choice else []
        resources.append(Resource(kind, spec, state=state))
    return resources


def named_by(resource: Resource) -> set[tuple[str, str]]:
    members = REFERENCES[resource.kind].items()
    return {(kind, name) for member, kind in members for name in resource.spec[member]}


@given(worlds())
def test_nothing_comes_before_what_it_refers_to(resources: list[Resource]) -> None:
    groups = waves(resources)
    assert sorted(index for group in groups for index in group) == list(range(len(resources)))
    if resources and resources[0].state == "absent":
        groups = groups[::-1]
    done: set[tuple[str, str]] = set()
    given_here = {(resource.kind, resource.spec["Name"]) for resource in resources}
    for group in groups:
        for index in group:
            assert named_by(resources[index]) & given_here <= done
        done |= {(resources[index].kind, resources[index].spec["Name"]) for index in group}


@given(st.permutations([("profiles", "p"), ("machines", "m"), ("tasks", "t"), ("params", "x")]))
def test_deletions_come_last_and_the_other_way_round(order: list[tuple[str, str]]) -> None:
    resources = [Resource(kind, {"Name": name}, state="absent") for kind, name in order]
    resources.append(Resource("machines", {"Name": "new"}))
    kinds = [(resources[index].kind, resources[index].state) for group in waves(resources) for index in group]
    assert kinds == [("machines", "present")] + [
        (kind, "absent") for kind in ("machines", "tasks", "profiles", "params")
    ]


def test_kinds_of_v4_come_after_what_they_name() -> None:
    wanted = [
        Resource("batches", {"Uuid": "b", "SetupWorkOrderTemplate": {"Blueprint": "patch"}}),
        Resource("work_orders", {"Uuid": "w2", "Blueprint": "patch", "Predecessor": "w1"}),
        Resource("work_orders", {"Uuid": "w1", "Blueprint": "patch"}),
        Resource("triggers", {"Name": "nightly", "Blueprint": "patch", "TriggerProvider": "cron"}),
        Resource("trigger_providers", {"Name": "cron"}),
        Resource("blueprints", {"Name": "patch", "Pipeline": "line", "Context": "runner"}),
        Resource("pipelines", {"Name": "line"}),
        Resource("contexts", {"Name": "runner"}),
        Resource("filters", {"Id": "some"}),
    ]
    assert [index for group in waves(wanted) for index in group] == [8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_a_circle_is_left_to_the_server() -> None:
    circle = [
        Resource("profiles", {"Name": "a", "Profiles": ["b"]}),
        Resource("profiles", {"Name": "b", "Profiles": ["a", "b"]}),
    ]
    assert sorted(index for group in waves(circle) for index in group) == [0, 1]


def test_a_long_chain_is_no_problem() -> None:
    chain = [Resource("profiles", {"Name": str(n), "Profiles": [str(n + 1)]}) for n in range(3000)]
    assert [group[0] for group in waves(chain)] == list(range(3000))[::-1]


def test_results_come_in_the_order_given() -> None:
    client = FakeClient(profiles=[{"Name": "there"}])
    outcomes = bulk(
        client,
        Machine("machines", {"Name": "m", "Profiles": ["p"]}),
        Resource("profiles", {"Name": "there"}),
        Resource("profiles", {"Name": "p"}),
    )
    assert [(outcome.resource.spec["Name"], outcome.action) for outcome in outcomes] == [
        ("m", "created"),
        ("there", "unchanged"),
        ("p", "created"),
    ]
    assert [entry[1] for entry in client.writes] == ["profiles", "machines"]


def test_doubles_are_refused_before_anything_is_sent() -> None:
    client = FakeClient()
    with pytest.raises(UsageError, match="number 1 and number 3 are both profile p"):
        bulk(
            client,
            Resource("profiles", {"Name": "p"}),
            Resource("tasks", {"Name": "p"}),
            Resource("profiles", {"name": "p"}),
        )
    assert client.sent == []


def refusing(*names: str) -> FakeClient:
    client = FakeClient()

    def refuse(client: FakeClient, kind: str, key: str) -> None:
        if key in names:
            raise Invalid("no", code=422)

    client.always["POST"] = refuse
    return client


PACK = [
    Resource("profiles", {"Name": "good"}),
    Resource("profiles", {"Name": "bad"}),
    Machine("machines", {"Name": "m"}),
]


def test_an_error_stops_what_comes_later() -> None:
    client = refusing("bad")
    good, bad, machine = bulk(client, *PACK)
    assert good.action == "created"
    assert isinstance(bad.error, Invalid)
    assert isinstance(machine.error, NotTried)
    assert "machine m: skipped, because an earlier resource failed" in str(machine.error)
    assert "machines" not in client.store


def test_or_does_not() -> None:
    good, bad, machine = bulk(refusing("bad"), *PACK, continue_on_error=True)
    assert isinstance(bad.error, Invalid)
    assert (good.error, machine.error, machine.action) == (None, None, "created")


def test_check_mode_sends_nothing() -> None:
    client = FakeClient()
    assert [outcome.action for outcome in bulk(client, *PACK, check=True)] == ["created"] * 3
    assert client.writes == []


def many(count: int = LIST_THRESHOLD, **more: t.Any) -> list[Resource]:
    return [Machine("machines", {"Name": f"m{number}", **more}) for number in range(count)]


class TestLists:
    def test_many_of_a_kind_are_read_at_once(self) -> None:
        client = FakeClient()
        assert {outcome.action for outcome in bulk(client, *many())} == {"created"}
        client.sent.clear()
        assert {outcome.action for outcome in bulk(client, *many())} == {"unchanged"}
        assert client.sent == [("LIST", "machines", "")]

    def test_few_are_looked_up(self) -> None:
        client = FakeClient()
        bulk(client, *many(LIST_THRESHOLD - 1))
        assert "LIST" not in {entry[0] for entry in client.sent}

    def test_what_the_list_has_by_another_spelling_is_found(self) -> None:
        there = "3e7031fe-3062-45f1-835c-92541bc9cbd3"
        client = FakeClient(machines=[{"Name": "x", "Uuid": there}])
        sought = Machine("machines", {}, key=there.upper(), state="absent")
        known = Bulk(t.cast(Client, client), [*many(), sought])._prefetch()
        assert LIST_THRESHOLD not in known
        assert known[0] is None
        sought.key = there
        assert Bulk(t.cast(Client, client), [*many(), sought])._prefetch()[LIST_THRESHOLD] == client.one(
            "machines"
        )

    def test_what_was_not_available_is_read_again(self) -> None:
        """An earlier resource may be what it lacked."""
        client = FakeClient(machines=[{"Name": f"m{n}", "Available": False} for n in range(LIST_THRESHOLD)])

        def heal(client: FakeClient, kind: str, key: str) -> None:
            for machine in client.store["machines"].values():
                machine["Available"] = True

        client.before["POST"] = [heal]
        outcomes = bulk(client, *many(), Resource("profiles", {"Name": "p"}))
        assert [outcome.problems for outcome in outcomes] == [[]] * (LIST_THRESHOLD + 1)


def test_progress_is_told_while_objects_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST", 0.0)
    told: list[str] = []
    bulk(FakeClient(), *(Resource("profiles", {"Name": name}) for name in NAMES), on_progress=told.append)
    assert told
    assert re.match(r"\d of 5 after \d+ s, \d+ per ", told[-1])
