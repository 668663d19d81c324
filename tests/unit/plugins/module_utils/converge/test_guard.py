# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: how much may be destroyed, and what stands for a set of targets."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.bulk import Bulk
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.guard import (
    Guard,
    RefusedByGuard,
    Target,
    describe_targets,
    fingerprint,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.resource import Resource
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.machine import Machine

from .fake import FakeClient

TARGETS = [Target("machines", f"u{number}", f"m{number}") for number in range(8)]
keys = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=6)


def targets(names: t.Iterable[str]) -> list[Target]:
    return [Target("machines", name, name) for name in names]


def refusal(guard: Guard, hit: t.Sequence[Target], check: bool = False, limit_required: bool = True) -> str:
    with pytest.raises(RefusedByGuard) as caught:
        guard.enforce("deletion", hit, check, limit_required)
    return caught.value.messages[0]


@given(keys, st.randoms())
def test_a_mark_does_not_depend_on_order(names: list[str], random: t.Any) -> None:
    shuffled = random.sample(names, len(names))
    assert fingerprint("deletion", targets(names)) == fingerprint("deletion", targets(shuffled))
    assert fingerprint("deletion", targets(names)) != fingerprint("re-imaging", targets(names))


@given(keys, keys)
def test_a_mark_stands_for_one_set(one: list[str], two: list[str]) -> None:
    assert (fingerprint("x", targets(one)) == fingerprint("x", targets(two))) == (set(one) == set(two))


@given(st.integers(0, 8), st.integers(0, 8), st.booleans(), st.booleans())
def test_no_more_than_max_targets(most: int, count: int, check: bool, limit_required: bool) -> None:
    guard = Guard(max_targets=most)
    if count <= most:
        guard.enforce("deletion", TARGETS[:count], check, limit_required)
    else:
        assert f"allows {most} objects, but the task would affect {count}" in refusal(
            guard, TARGETS[:count], check, limit_required
        )


def test_a_long_list_is_cut() -> None:
    assert "m0, m1, m2, m3, m4 and 3 more. Nothing was changed" in refusal(Guard(1), TARGETS)


def test_one_may_always_be_hit_and_none_too() -> None:
    Guard().enforce("deletion", TARGETS[:1], check=False, limit_required=True)
    Guard(confirm="stale").enforce("deletion", [], check=False, limit_required=True)
    Guard().enforce("deletion", TARGETS, check=False, limit_required=False)
    Guard().enforce("deletion", TARGETS, check=True, limit_required=True)
    assert "Set max_targets" in refusal(Guard(), TARGETS)


def test_a_confirmed_set() -> None:
    plan = describe_targets("deletion", TARGETS[:3])
    Guard(confirm=plan["confirm"]).enforce("deletion", TARGETS[2::-1], check=False, limit_required=True)
    assert "m0, m1, m2, m3. Nothing was changed" in refusal(Guard(confirm=plan["confirm"]), TARGETS[:4])
    assert "confirm does not match" in refusal(Guard(confirm=plan["confirm"]), TARGETS[:2], check=True)


def test_locked_targets() -> None:
    locked = [*TARGETS[:1], Target.of("machines", {"Uuid": "u", "Name": "safe", "Locked": True})]
    assert refusal(Guard(9), locked).startswith("deletion: safe is locked. Nothing was changed.")
    assert "are locked" in refusal(Guard(9), [locked[1]] * 2)
    Guard(9, include_locked=True).enforce("deletion", locked, check=False, limit_required=True)


def test_options() -> None:
    options = {"max_targets": None, "confirm": None, "include_locked": False}
    assert not Guard.from_options(options).has_limit
    assert Guard.from_options({**options, "max_targets": 0}).has_limit
    with pytest.raises(UsageError, match="must not be negative"):
        Guard.from_options({**options, "max_targets": -1})


# -- in a bulk


def machines(count: int, **members: t.Any) -> FakeClient:
    return FakeClient(
        machines=[
            {"Name": f"m{n}", "Uuid": f"u{n}", "Stage": "none", "BootEnv": "local", "Workflow": "", **members}
            for n in range(count)
        ]
    )


def wanted(count: int, state: str = "present", **spec: t.Any) -> list[Resource]:
    return [Machine("machines", {"Name": f"m{n}", **spec}, state=state) for n in range(count)]


@pytest.mark.parametrize("count", [3, 12])
def test_nothing_is_written_before_the_guard_agrees(count: int) -> None:
    client = machines(count)
    with pytest.raises(
        RefusedByGuard, match=f"deletion: max_targets allows 2 objects, but the task would affect {count}"
    ):
        Bulk(client, wanted(count, "absent"), guard=Guard(2)).run()  # type: ignore[arg-type]
    assert client.writes == []


@pytest.mark.parametrize("count", [3, 12])
def test_what_was_read_for_the_guard_is_not_read_again(count: int) -> None:
    client = machines(count)
    Bulk(client, wanted(count, "absent"), guard=Guard(count)).run()  # type: ignore[arg-type]
    reads = [entry for entry in client.sent if entry[0] in ("GET", "LIST")]
    assert len(reads) == (1 if count == 12 else count)
    assert len(client.writes) == count


def test_what_is_read_by_the_caller_is_not_read_at_all() -> None:
    client = machines(12)
    prefetched = dict(enumerate(client.list("machines")))
    client.sent.clear()
    Bulk(client, wanted(12, Description="x"), prefetched=prefetched).run()  # type: ignore[arg-type]
    assert {entry[0] for entry in client.sent} == {"PATCH"}


def test_only_what_changes_counts() -> None:
    client = machines(4)
    client.store["machines"]["u0"]["Workflow"] = "flow"
    bulk = Bulk(client, wanted(4, Workflow="flow"), guard=Guard(3))  # type: ignore[arg-type]
    bulk.run()
    assert (bulk.destruction, [target.name for target in bulk.targets]) == ("re-imaging", ["m1", "m2", "m3"])
    for harmless in ({"Description": "x"}, {"Workflow": ""}):
        bulk = Bulk(client, wanted(4, **harmless), guard=Guard(0))  # type: ignore[arg-type]
        bulk.run()
        assert (bulk.destruction, bulk.targets) == ("", [])


def test_deletion_and_re_imaging_are_counted_together() -> None:
    client = machines(4)
    resources = [*wanted(2, Workflow="flow"), *wanted(4, "absent")[2:]]
    with pytest.raises(
        RefusedByGuard,
        match="deletion and re-imaging: max_targets allows 3 objects, but the task would affect 4",
    ):
        Bulk(client, resources, guard=Guard(3)).run()  # type: ignore[arg-type]
