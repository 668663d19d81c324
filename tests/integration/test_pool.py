# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_pool from the user's side."""

from __future__ import annotations

import typing as t

import pytest
from fake_agent import BackgroundSteps
from patience import NEVER
from playbook_runner import PlaybookRunner, Task, thing

from simulator.testing import Api

pytestmark = pytest.mark.needs_v4


def pool(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_pool": {"pool": "metal", **options}}


@pytest.fixture
def metal(run_tasks_v4: PlaybookRunner) -> PlaybookRunner:
    """Four machines, two of them of another architecture, and a pool that installs what is allocated."""
    api = Api(run_tasks_v4.simulator)
    api("POST", "tasks", json={"Name": "say"})
    api("POST", "stages", json={"Name": "first", "Tasks": ["say"]})
    api("POST", "workflows", json={"Name": "install", "Stages": ["first"]})
    api("POST", "profiles", json={"Name": "web"})
    for number in range(4):
        body = {"Name": f"m{number}", "Arch": "amd64" if number < 2 else "arm64"}
        assert api("POST", "machines", json=body).status_code == 201
    return run_tasks_v4


def where(run_tasks: PlaybookRunner) -> dict[str, str]:
    found = Api(run_tasks.simulator)("GET", "machines").json()
    return {item["Name"]: f"{item['Pool']} {item['PoolStatus']}" for item in found}


def test_named_machines(metal: PlaybookRunner) -> None:
    played = metal(
        pool(state="member", machines=["m0", "m1"]),
        pool(state="member", machines=["m0", "m1"]),
        pool(machines=["m0"]),
        pool(machines=["m0", "Name:m1"]),
        pool(machines=["m0", "m1"]),
        pool(state="free", machines=["m1"]),
        pool(state="free", machines=["m1"]),
        pool(state="removed", machines=["m1"]),
        pool(state="removed", machines=["m1"]),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, True, False, True, False, True, False]
    assert played[0]["moved"] == ["m0", "m1"]
    assert played[3]["moved"] == ["m1"]
    assert [(one["name"], one["status"]) for one in played[3]["machines"]] == [
        ("m0", "InUse"),
        ("m1", "InUse"),
    ]
    assert played[3]["diff"]["before"] == {"allocated": ["m0"]}
    assert played[3]["diff"]["after"] == {"allocated": ["m0", "m1"]}
    assert where(metal) == {
        "m0": "metal InUse", "m1": "default Free", "m2": "default Free", "m3": "default Free"
    }  # fmt: skip


def test_so_many_machines(metal: PlaybookRunner) -> None:
    played = metal(
        pool(state="member", count=3),
        pool(state="member", count=2),
        pool(count=2),
        pool(count=2),
        pool(),
        pool(count=9, minimum=2),
        pool(count=9, minimum=2),
        pool(state="free", count=1),
        pool(state="free", count=1),
        pool(state="free", count=3, max_targets=2),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, False, False, True, False, True, False, True]
    assert [len(result["machines"]) for result in played.results[2:7]] == [2, 2, 2, 3, 3]
    assert len(played[5]["moved"]) == 1
    assert len(played[9]["moved"]) == 2


def test_only_machines_that_match(metal: PlaybookRunner) -> None:
    played = metal(
        pool(pool="default", count=2, filters={"Shape": "round"}),
        pool(pool="default", count=3, filters={"Name": {"Re": "^m[0]"}}),
        pool(pool="default", count=4, filters={"Name": {"In": ["m0", "m2"]}}),
    )
    assert "machines have no index Shape" in played[0]["msg"]
    assert played[1]["msg"] == (
        "pool default: 3 more machines are needed, and 1 are free that match (3 wanted, 0 allocated already)"
    )
    assert "4 more machines are needed, and 2 are free that match" in played[2]["msg"]
    played = metal(
        pool(pool="default", count=3, minimum=1, filters={"Name": {"In": ["m0", "m2"]}}),
        pool(pool="default", state="free", filters={"Name": "m0"}),
    )
    assert sorted(played[0]["moved"]) == ["m0", "m2"]
    assert played[1]["moved"] == ["m0"]


def test_users_of_a_pool_keep_theirs_apart(metal: PlaybookRunner) -> None:
    mine = {"pool": "default", "profiles": ["web"], "params": {"owner": "me"}}
    yours = {"pool": "default", "params": {"owner": "you"}}
    played = metal(
        pool(**mine, count=2),
        pool(**yours, count=1),
        pool(**mine, count=2),
        pool(**yours, count=1),
        pool(**mine, state="free", all_machines=True),
        pool(**mine, state="free", all_machines=True, max_targets=2),
        pool(**mine, state="free", all_machines=True, max_targets=2),
        pool(**yours, count=1),
    )
    assert played.changed == [True, True, False, False, False, True, False, False], played.output
    assert "release: would affect 2 objects" in played[4]["msg"]
    assert sorted(played[5]["moved"]) == sorted(played[0]["moved"])
    assert len(played[7]["machines"]) == 1
    left = Api(metal.simulator)("GET", "machines").json()
    assert sorted(str(item["Params"]) for item in left) == ["{'owner': 'you'}", "{}", "{}", "{}"]
    assert not any(item["Profiles"] for item in left)


@pytest.mark.needs_counters
def test_waiting_until_they_are_installed(metal: PlaybookRunner) -> None:
    metal(thing(kind="pools", spec={"Id": "metal", "AllocateActions": {"Workflow": "install"}}))
    metal(pool(state="member", count=2))
    with BackgroundSteps(metal.simulator, metal.simulator.finish):
        played = metal(pool(count=2), pool(count=2, wait=True, wait_timeout=NEVER))
    assert played.code == 0, played.output
    assert played.changed == [True, False]
    assert {one["status"] for one in played[0]["machines"]} == {"Building"}
    assert {one["status"] for one in played[1]["machines"]} == {"InUse"}
    assert played[1]["wait"]["outcome"] == "complete"
    assert played[1]["wait"]["waited"] > 0


def test_a_machine_that_gets_stuck(metal: PlaybookRunner) -> None:
    metal(pool(state="member", machines=["m0"]), pool(machines=["m0"], workflow="install"))
    hold = [{"op": "replace", "path": "/PoolStatus", "value": "HoldBuild"}]
    Api(metal.simulator)("PATCH", "machines/Name:m0", json=hold)
    played = metal(
        pool(machines=["m0"], wait=True, wait_timeout=NEVER),
        pool(pool="default", machines=["m1"], workflow="install", wait=True, wait_timeout=0.2),
    )
    assert "pool metal: failed" in played[0]["msg"]
    assert "HoldBuild" in played[0]["msg"]
    assert played[0]["wait"]["outcome"] == "failed"
    assert "pool default: not complete" in played[1]["msg"]
    assert played[1]["changed"]


@pytest.mark.needs_counters
@pytest.mark.parametrize(
    "options",
    [
        {"pool": "default", "count": 2},
        {"pool": "default", "machines": ["m1", "m2"]},
        {"state": "member", "count": 2},
    ],
    ids=["count", "named", "member"],
)
def test_check_mode_writes_nothing_and_tells_the_truth(
    metal: PlaybookRunner, options: dict[str, t.Any]
) -> None:
    metal.simulator.reset_stats()
    checked = metal(pool(**options), flags=["--check", "--diff"])
    assert metal.simulator.stats()["writes"] == 0
    done = metal(pool(**options), flags=["--diff"])
    assert checked.changed == done.changed == [True]
    (after,) = checked[0]["diff"]["after"].values()
    assert after == (["m1", "m2"] if "machines" in options else ["(and 2 that the server chooses)"])


@pytest.mark.needs_faults
def test_an_answer_that_was_lost(metal: PlaybookRunner) -> None:
    metal.simulator.fault("lose_reply", path="allocateMachines", method="POST")
    played = metal(pool(pool="default", count=2), pool(pool="default", count=2))
    assert played.code == 0, played.output
    assert played.changed == [True, False]
    assert len(played[0]["moved"]) == 2
    metal.simulator.fault("drop", path="allocateMachines", method="POST")
    played = metal(pool(pool="default", count=3), pool(pool="default", count=3))
    assert "the server did not answer, and 0 of 1 machines are allocated so far" in played[0]["msg"]
    assert played.changed == [False, True]


@pytest.mark.needs_counters
def test_bad_input(metal: PlaybookRunner) -> None:
    metal(pool(state="member", machines=["m0", "m1"]), pool(machines=["m0"]))
    Api(metal.simulator)(
        "PATCH", "machines/Name:m1", json=[{"op": "replace", "path": "/Locked", "value": True}]
    )
    metal.simulator.reset_stats()
    played = metal(
        pool(machines=["m9"]),
        pool(machines=["m3"]),
        pool(state="member", pool="other", machines=["m0"]),
        pool(state="removed", machines=["m0"]),
        pool(state="free"),
        pool(state="removed", count=1),
        pool(count=-1),
        pool(count=1, minimum=2),
        pool(source_pool="default"),
        pool(all_machines=True),
        pool(machines=["m0"], count=1),
        pool(count=2),
        pool(machines=["m1"]),
        pool(state="gone"),
        pool(state="free", count=9),
    )
    told = [result["msg"] for result in played.results]
    assert all(result["failed"] for result in played.results)
    assert metal.simulator.stats()["writes"] == 0
    assert told[0] == "no such machine: m9"
    assert told[1] == ("machine m3 is in the pool default, not in metal; move it there with state: member")
    assert "m0 is allocated in the pool metal; release it first with state: free" in told[2]
    assert "m0 is allocated in the pool metal" in told[3]
    assert told[4].startswith("machines: must be set, or filters")
    assert told[5].startswith("count: cannot be used with state: removed")
    assert told[6] == "count: must not be negative"
    assert told[7] == "minimum: must be between 0 and count"
    assert told[8] == "source_pool: requires state: member"
    assert told[9] == "all_machines: requires state: free or removed"
    assert "mutually exclusive" in told[10]
    assert told[11] == (
        "pool metal: 1 more machines are needed, and 0 are free (2 wanted, 1 allocated already)"
    )
    assert told[12] == (
        "allocation: m1 is locked. Nothing was changed. Unlock them, leave them out, or "
        "set include_locked: true"
    )
    assert "state must be one of" in told[13]
    assert told[14] == ("pool metal: 9 machines must be free, 1 are, and only 1 more can be released")
    assert "Traceback" not in played.output


def test_an_old_server(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(pool(count=1), pool(count=1, run_in="target"))
    for result in played.results:
        assert result["msg"].startswith("pools: not supported by this server (version v3.12.0-")
