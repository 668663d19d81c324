# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many machines of a pool have to be moved, and which."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.pool.plan import (
    STATES,
    DesiredState,
    Planner,
)

Machine = dict[str, t.Any]


class Listing:
    """Machines, as a server lists them by pool."""

    def __init__(self, machines: list[Machine]) -> None:
        self.machines = machines

    def list(self, kind: str, *words: str, **more: t.Any) -> list[Machine]:
        assert kind == "machines"
        pool = words[list(words).index("Pool") + 2]
        return [item for item in self.machines if item["Pool"] == pool]

    def find(self, kind: str, key: str) -> Machine | None:
        return next((item for item in self.machines if item["Name"] == key.removeprefix("Name:")), None)

    def has_feature(self, name: str) -> bool:
        return True


STATUSES = st.sampled_from(
    [(False, "Free"), (True, "InUse"), (True, "Building"), (False, "Destroying"), (True, "HoldBuild")]
)
one_machine = st.tuples(st.sampled_from(["metal", "default"]), STATUSES, st.booleans(), st.booleans())


def made(rows: list[tuple[str, tuple[bool, str], bool, bool]]) -> list[Machine]:
    return [
        {
            "Name": f"m{number}",
            "Uuid": f"u{number}",
            "Pool": pool,
            "PoolAllocated": allocated,
            "PoolStatus": status,
            "Locked": locked,
            "Profiles": ["web"] if mine else [],
            "Params": {"owner": "me"} if mine else {},
        }
        for number, (pool, (allocated, status), locked, mine) in enumerate(rows)
    ]


def plan(there: list[Machine], **options: t.Any) -> t.Any:
    desired = DesiredState.from_options({"pool": "metal", "state": "allocated", **options})
    return Planner(Listing(there), desired).plan()  # type: ignore[arg-type]


@given(st.lists(one_machine, max_size=8), st.integers(0, 6), st.integers(0, 6))
def test_never_more_than_what_is_missing(rows: t.Any, count: int, minimum: int) -> None:
    assume(minimum <= count)
    machines = made(rows)
    mine = {"profiles": ["web"], "params": {"owner": "me"}}
    allocated = [m for m in machines if m["Pool"] == "metal" and m["PoolAllocated"] and m["Profiles"]]
    free = [m for m in machines if m["Pool"] == "metal" and m["PoolStatus"] == "Free" and not m["Locked"]]
    try:
        made_plan = plan(machines, count=count, minimum=minimum, **mine)
    except UsageError:
        assert len(allocated) + len(free) < minimum
        return
    assert made_plan.done == allocated
    assert made_plan.needed == min(max(count - len(allocated), 0), len(free))
    assert len(allocated) + made_plan.needed >= min(minimum, count)
    assert made_plan.minimum <= made_plan.needed
    assert made_plan.selected == []


@given(st.lists(one_machine, max_size=8), st.integers(0, 6))
def test_only_ones_own_are_released(rows: t.Any, count: int) -> None:
    machines = made(rows)
    made_plan = plan(machines, state="free", all_machines=True, profiles=["web"])
    assert all(m["Profiles"] and m["PoolAllocated"] and m["Pool"] == "metal" for m in made_plan.selected)
    free = [m for m in machines if m["Pool"] == "metal" and not m["PoolAllocated"]]
    made_plan = plan(machines, state="free", count=count, minimum=0)
    assert len(made_plan.selected) <= max(count - len(free), 0)
    assert not any(m["Locked"] for m in made_plan.selected)


@given(st.lists(one_machine, max_size=6), st.sampled_from(STATES))
def test_a_plan_for_named_machines_is_whole_or_not_at_all(rows: t.Any, state: str) -> None:
    machines = made(rows)
    names = [item["Name"] for item in machines]
    assume(names)
    try:
        made_plan = plan(machines, state=state, machines=names)
    except UsageError:
        desired = DesiredState("metal", state, machines=names)
        assert any(desired.refusal_reason(item) and not desired.is_done(item) for item in machines)
        return
    assert sorted(m["Name"] for m in [*made_plan.done, *made_plan.selected]) == sorted(names)
    assert made_plan.needed == len(made_plan.selected)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"state": "removed", "count": 1}, "count: cannot be used with state: removed"),
        ({"count": -1}, "count: must not be negative"),
        ({"minimum": 1}, "minimum: must be between 0 and count"),
        ({"count": 1, "minimum": 2}, "minimum: must be between 0 and count"),
        ({"source_pool": "x"}, "source_pool: requires state: member"),
        ({"all_machines": True}, "all_machines: requires state: free or removed"),
        ({"state": "free"}, "machines: must be set, or filters"),
    ],
)
def test_nonsense(options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        plan([], **options)
