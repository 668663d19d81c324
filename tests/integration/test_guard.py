# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What destroys does not begin when it would hit more, or other machines than were meant."""

from __future__ import annotations

import typing as t

import pytest
from playing import Played, Player, Task, machine, thing

from simulator.launch import Simulator
from simulator.testing import Api

pytestmark = pytest.mark.simulator

NAMES = ["m1", "m2", "m3"]


def action(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_action": options}


def bulk(*names: str, **options: t.Any) -> Task:
    entries = [{"kind": "machines", "spec": {"Name": name}, "state": "absent"} for name in names]
    return thing(resources=entries, **options)


def filled(player: Player, *, locked: str = "") -> Player:
    api = Api(player.simulator)
    api("POST", "workflows", json={"Name": "flow", "Stages": ["none"]})
    for name in NAMES:
        body = {"Name": name, "Description": "x", **({"Locked": True} if name == locked else {})}
        assert api("POST", "machines", json=body).status_code == 201
    player.simulator.reset_stats()
    return player


def names(simulator: Simulator) -> list[str]:
    return [item["Name"] for item in Api(simulator)("GET", "machines?sort=Name").json()]


def refused(played: Played, player: Player) -> list[str]:
    assert all(result["failed"] for result in played.results), played.output
    assert not any(played.changed)
    assert player.simulator.stats()["writes"] == 0
    return [result["msg"] for result in played.results]


def test_more_than_were_meant(player: Player) -> None:
    filled(player)
    told = refused(
        player(
            bulk(*NAMES, max_targets=2),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent", max_targets=2),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent"),
            thing(kind="machines", filters={"BootEnv": "local"}, spec={"Workflow": "flow"}),
            thing(kind="machines", filters={"BootEnv": "local"}, spec={"Workflow": "flow"}, max_targets=0),
            action(objects=NAMES, command="powercycle"),
            action(filters={"BootEnv": "local"}, command="erase-disks", max_targets=1),
            bulk("m1", max_targets=-1),
        ),
        player,
    )
    hit = "m1, m2, m3. Nothing was done"
    assert told[0] == f"deletion: max_targets allows 2, and it would hit 3: {hit}"
    assert told[1].startswith("deletion: max_targets allows 2, and it would hit 3: ")
    assert told[2].startswith("deletion: it would hit 3 objects: ")
    assert told[2].endswith(
        "Say how many it may be with max_targets, or run it in check mode and confirm what that finds"
    )
    assert told[3].startswith("re-imaging: it would hit 3 objects: ")
    assert told[4].startswith("re-imaging: max_targets allows 0, and it would hit 3: ")
    assert told[5].startswith("powercycle: it would hit 3 objects: m1, m2, m3. ")
    assert told[6].startswith("erase-disks: max_targets allows 1, and it would hit 3: ")
    assert told[7] == "max_targets: must not be negative"
    assert names(player.simulator) == NAMES


def test_as_many_as_were_meant(player: Player) -> None:
    filled(player)
    flow = {"kind": "machines", "filters": {"BootEnv": "local"}, "spec": {"Workflow": "flow"}}
    played = player(
        thing(**flow, max_targets=3),
        thing(**flow, max_targets=0),
        thing(kind="machines", filters={"Workflow": "flow"}, spec={"Description": "y"}),
        bulk("m1", "m2", "m9", max_targets=2),
        bulk("m1", "m2", "m9", max_targets=0),
        thing(kind="machines", filters={"Name": "m3"}, state="absent"),
        thing(kind="machines", filters={"Name": "m3"}, state="absent"),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, True, False, True, False]
    assert (played[0]["targets"]["deed"], played[0]["targets"]["count"]) == ("re-imaging", 3)
    assert "targets" not in played[1]
    assert {entry["action"] for entry in played[2]["results"]} == {"updated"}
    assert played[3]["targets"]["names"] == ["m1", "m2"]
    assert names(player.simulator) == []


def test_confirming_a_plan(player: Player) -> None:
    filled(player)
    gone = {"kind": "machines", "filters": {"Name": {"Between": ["m1", "m2"]}}, "state": "absent"}
    planned = player(thing(**gone), flags=["--check"])
    assert planned.changed == [True]
    assert player.simulator.stats()["writes"] == 0
    plan = planned[0]["targets"]
    assert (plan["count"], sorted(plan["names"])) == (2, ["m1", "m2"])
    wider = {**gone, "filters": {"Name": {"Between": ["m1", "m3"]}}}
    told = refused(player(thing(**wider, confirm=plan["confirm"])), player)
    assert told[0].startswith("deletion: confirm does not stand for what it would hit now, which is ")
    done = player(thing(**gone, confirm=plan["confirm"]), thing(**gone, confirm=plan["confirm"]))
    assert done.changed == [True, False], done.output
    assert names(player.simulator) == ["m3"]


def test_the_mark_of_an_action(player: Player) -> None:
    filled(player)
    Api(player.simulator)("POST", "plugins", json={"Name": "incr", "Provider": "incrementer"})
    for name in NAMES:
        Api(player.simulator)("POST", f"machines/Name:{name}/params/incrementer%2Ftouched", json=1)
    order = {"objects": ["m1", "m2"], "command": "reset_count"}
    plan = player(action(**order), flags=["--check"])[0]["targets"]
    played = player(
        action(**{**order, "objects": NAMES}, confirm=plan["confirm"]),
        action(**order, confirm=plan["confirm"]),
    )
    assert "confirm does not stand for" in played[0]["msg"]
    assert played.changed == [False, True]


def test_a_filter_takes_no_names(player: Player) -> None:
    filled(player)
    told = refused(
        player(
            thing(kind="machines", filters={"Name": "m1"}, spec={"Name": "m2"}),
            thing(kind="machines", filters={"Nme": "m1"}, spec={"Description": "x"}),
            thing(filters={"Name": "m1"}, state="absent", resources=[]),
            thing(filters={"Name": "m1"}, state="absent"),
        ),
        player,
    )
    assert told[0] == "filters: Name cannot be the same for all objects that match"
    assert "machines have no index Nme" in told[1]
    assert told[2] == "parameters are mutually exclusive: id|resources|filters"
    assert told[3] == "one of the following is required: kind, resources"


# -- locks, which only a v4 server knows


def test_locked_machines_are_respected(v4_player: Player) -> None:
    player = filled(v4_player, locked="m2")
    told = refused(
        player(
            bulk(*NAMES, max_targets=3),
            thing(kind="machines", filters={"BootEnv": "local"}, state="absent", max_targets=3),
            machine(name="m2", state="absent"),
            machine(name="m2", description="y"),
            machine(name="m2", workflow="flow"),
            action(name="m2", command="poweroff"),
            machine(name="m2", description="y"),
        ),
        player,
    )
    advice = "m2 is locked. Nothing was done. Unlock, leave out, or set include_locked: true"
    assert told[0] == told[1] == f"deletion: {advice}"
    assert told[2] == told[3] == told[4]
    assert told[2].startswith("machine m2: it is locked. Unlock it first, or set include_locked: true")
    assert told[5] == f"poweroff: {advice}"
    assert names(player.simulator) == NAMES


def test_locks_are_taken_off_when_asked(v4_player: Player) -> None:
    player = filled(v4_player, locked="m2")
    played = player(
        machine(name="m2", description="x"),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", workflow="flow", locked=False),
        machine(name="m2", locked=True, description="z"),
        machine(name="m2", locked=True, description="z"),
        machine(name="m1", context=""),
        machine(name="m1", state="absent", include_locked=True),
        bulk("m2", "m3", max_targets=2, include_locked=True),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    assert played.changed == [False, True, False, True, True, False, False, True, True]
    assert [result["machine"]["Locked"] for result in played.results[:6]] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]
    assert played[1]["diff"]["after"] == {"Description": "y"}
    assert played[3]["machine"]["Workflow"] == "flow"
    assert names(player.simulator) == []


def test_check_mode_with_locks(v4_player: Player) -> None:
    player = filled(v4_player, locked="m2")
    tasks = (
        machine(name="m2", description="y"),
        machine(name="m2", description="y", include_locked=True),
        machine(name="m2", state="absent", include_locked=True),
    )
    checked = player(*tasks, flags=["--check", "--diff"])
    assert player.simulator.stats()["writes"] == 0
    done = player(*tasks, flags=["--diff"])
    assert checked.changed == done.changed == [False, True, True]
    assert checked[0]["msg"] == done[0]["msg"]
    assert checked[1]["diff"] == done[1]["diff"]
    assert checked[2]["diff"]["after"] == done[2]["diff"]["after"] == {}


def test_an_old_server_knows_no_locks(player: Player) -> None:
    played = player(machine(name="m1", locked=True), machine(name="m1", context="x"), machine(name="m1"))
    assert played[0]["msg"].startswith("locked: this server is too old for it (version v3.12.0, ")
    assert played[1]["msg"].startswith("context: this server is too old for it")
    assert played.changed == [False, False, True]
