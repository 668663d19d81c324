# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_object: every kind, one by one and many at once."""

from __future__ import annotations

import typing as t

import pytest
from playbook_runner import PlaybookRunner, thing

SUBNET = {
    "Name": "net",
    "Subnet": "10.9.0.0/24",
    "ActiveStart": "10.9.0.10",
    "ActiveEnd": "10.9.0.20",
    "Options": [{"Code": 3, "Value": "10.9.0.1"}],
}
ARCHITECTURE = {"Kernel": "vmlinuz", "IsoFile": "x.iso", "Sha256": "0" * 64}
BOOTENV = {
    "Name": "env",
    "OS": {"Name": "env", "SupportedArchitectures": {"arm64": ARCHITECTURE}},
    "Templates": [{"Name": "ipxe", "Path": "x", "Contents": "#!ipxe"}],
}
KINDS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "params": ({"Name": "p/q", "Schema": {"type": "string"}}, {"Schema": {"type": "integer"}}),
    "profiles": ({"Name": "prof", "Params": {"aa": 1}}, {"Params": {"bb": [1]}}),
    "templates": ({"ID": "t.tmpl", "Contents": "hello"}, {"Contents": "world"}),
    "tasks": ({"Name": "task", "Templates": [{"Name": "x", "Contents": "a"}]}, {"Description": "d"}),
    "stages": ({"Name": "stage", "BootEnv": "local"}, {"Reboot": True}),
    "bootenvs": (BOOTENV, {"OS": {"Family": "rhel"}}),
    "workflows": ({"Name": "flow", "Stages": ["none"]}, {"Stages": ["none", "local"]}),
    "machines": ({"name": "m1", "meta": {"icon": "x"}}, {"Description": "d"}),
    "subnets": (SUBNET, {"Options": [{"Code": 3, "Value": "10.9.0.2"}]}),
    "reservations": (
        {"Addr": "10.9.0.5", "Token": "52:54:00:00:00:01", "Strategy": "MAC"},
        {"Description": "d"},
    ),
    "users": ({"Name": "fred"}, {"Description": "d"}),
    "plugins": ({"Name": "incr", "Provider": "incrementer"}, {"Description": "d"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_life_of_an_object(run_tasks: PlaybookRunner, kind: str) -> None:
    spec, change = KINDS[kind]
    key = {name: value for name, value in spec.items() if name in ("Name", "name", "ID", "Addr")}
    played = run_tasks(
        thing(kind=kind, spec=spec),
        thing(kind=kind, spec=spec),
        thing(kind=kind, spec={**key, **change}),
        thing(kind=kind, spec={**key, **change}),
        thing(kind=kind, spec=key, state="absent"),
        thing(kind=kind, spec=key, state="absent"),
    )
    assert played.code == 0
    assert [result.get("msg") for result in played.results] == [None] * 6
    assert played.changed == [True, False, True, False, True, False]
    warnings = [text for result in played.results for text in result.get("warnings", [])]
    if kind == "users":  # on v3.12 the tokens of a user survive it
        assert [text for text in warnings if "does not revoke the tokens" not in text] == []
    else:
        assert warnings == []


def test_bulk_goes_in_order_and_tells_in_the_order_given(run_tasks: PlaybookRunner) -> None:
    resources = [
        {"kind": "machines", "spec": {"Name": "m1", "Workflow": "flow", "Profiles": ["prof"]}},
        {"kind": "workflows", "spec": {"Name": "flow", "Stages": ["stage"]}},
        {"kind": "stages", "spec": {"Name": "stage", "Tasks": ["task"]}},
        {"kind": "tasks", "spec": {"Name": "task"}},
        {"kind": "profiles", "spec": {"Name": "prof", "Params": {"num": 1}}},
        {"kind": "params", "spec": {"Name": "num", "Schema": {"type": "integer"}}},
    ]
    gone = [{**entry, "state": "absent"} for entry in resources]
    played = run_tasks(
        thing(resources=resources, return_objects=True),
        thing(resources=resources),
        thing(resources=gone[::-1]),
        flags=["--diff"],
    )
    assert played.changed == [True, False, True], played.output
    assert [entry["name"] for entry in played[0]["results"]] == ["m1", "flow", "stage", "task", "prof", "num"]
    assert {entry["action"] for entry in played[0]["results"]} == {"created"}
    assert played[0]["results"][4]["object"]["Params"] == {"num": 1}
    assert set(played[0]["diff"]["after"]) == {
        "machines/m1", "workflows/flow", "stages/stage", "tasks/task", "profiles/prof", "params/num",
    }  # fmt: skip
    assert {entry["action"] for entry in played[2]["results"]} == {"deleted"}


def test_bulk_errors(run_tasks: PlaybookRunner) -> None:
    bad = {"kind": "profiles", "spec": {"Name": "!", "Params": {}}}
    good = {"kind": "profiles", "spec": {"Name": "good"}}
    later = {"kind": "machines", "spec": {"Name": "later"}}
    played = run_tasks(
        thing(resources=[good, good]),
        thing(resources=[bad, later]),
        thing(resources=[bad, good, later], continue_on_error=True),
    )
    assert "are both profile good" in played[0]["msg"]
    assert [entry["action"] for entry in played[1]["results"]] == ["failed", "skipped"]
    assert "skipped, because an earlier resource failed" in played[1]["results"][1]["msg"]
    assert [entry["action"] for entry in played[2]["results"]] == ["failed", "created", "created"]
    assert played[2]["failed"]
    assert played[2]["changed"]


def test_state_of_several_objects_belongs_to_each_entry(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(thing(resources=[{"kind": "profiles", "id": "gone"}], state="absent"))
    assert played[0]["msg"] == (
        "state: with resources, set state: absent in each entry that should be removed"
    )
