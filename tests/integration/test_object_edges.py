# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_object where it is easy to get wrong: nested members, letter case, and many objects at once."""

from __future__ import annotations

import typing as t

import pytest
from playbook_runner import PlaybookRunner, thing

from simulator.testing import Api

BOOTENV = {
    "Name": "env",
    "OS": {
        "Name": "env-1",
        "SupportedArchitectures": {
            "amd64": {"Kernel": "vmlinuz", "Initrds": ["initrd"], "IsoFile": "a.iso", "BootParams": "quiet"},
            "arm64": {"Kernel": "Image", "IsoFile": "b.iso"},
        },
    },
    "Templates": [
        {"Name": "ipxe", "Path": "{% raw %}{{.Machine.Path}}/ipxe{% endraw %}", "Contents": "#!ipxe"},
        {"Name": "pxelinux", "Path": "x", "Contents": "DEFAULT x"},
    ],
    "OptionalParams": ["a/b"],
}
TASK = {
    "Name": "task",
    "Templates": [
        {"Name": "one", "Path": "", "Contents": "#!/bin/sh\necho 1\n", "Meta": {"OS": "linux"}},
        {"Name": "two", "Contents": "#!/bin/sh\necho 2\n", "Meta": {"OS": "linux"}},
    ],
    "RequiredParams": ["a/b"],
}
SUBNET = {
    "Name": "net",
    "Subnet": "10.9.0.1/24",
    "ActiveStart": "10.9.0.10",
    "ActiveEnd": "10.9.0.20",
    "ActiveLeaseTime": 60,
    "ReservedLeaseTime": 7200,
    "Strategy": "MAC",
    "Options": [{"Code": 15, "Value": "example.com"}, {"Code": 3, "Value": "10.9.0.1"}],
}
SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"], "default": None}}}
NESTED: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "bootenvs": (
        BOOTENV,
        {"OS": {"SupportedArchitectures": {"amd64": {"BootParams": "verbose"}}}},
    ),
    "tasks": (TASK, {"Templates": [TASK["Templates"][0]]}),
    "stages": (
        {"Name": "stage", "Templates": [{"Name": "tmpl", "Path": "p", "Contents": "c"}], "Reboot": True},
        {"Templates": [{"Name": "tmpl", "Path": "p", "Contents": "other"}]},
    ),
    "subnets": (SUBNET, {"Options": [{"Code": 15, "Value": "example.org"}]}),
    "params": ({"Name": "a/b", "Schema": SCHEMA}, {"Schema": {"type": "object"}}),
    "profiles": ({"Name": "prof", "Params": {"aa": {"b": 1, "c": 2}}}, {"Params": {"aa": {"b": 1}}}),
}


def raw(value: t.Any) -> t.Any:
    """As Ansible hands it on once it has looked for templates."""
    if isinstance(value, dict):
        return {name: raw(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [raw(inner) for inner in value]
    return value.replace("{% raw %}", "").replace("{% endraw %}", "") if isinstance(value, str) else value


@pytest.mark.parametrize("kind", NESTED)
def test_nested_members_do_not_flap(run_tasks: PlaybookRunner, kind: str) -> None:
    spec, change = NESTED[kind]
    changed = {"Name": spec["Name"], **change}
    played = run_tasks(
        thing(kind=kind, spec=spec, require_available=False),
        thing(kind=kind, spec=spec, require_available=False),
        thing(kind=kind, spec={name.lower(): value for name, value in spec.items()}, require_available=False),
        thing(kind=kind, spec=changed, require_available=False),
        thing(kind=kind, spec=changed, require_available=False),
        thing(kind=kind, spec=spec, require_available=False),
    )
    assert [result.get("msg") for result in played.results] == [None] * 6
    assert played.changed == [True, False, False, True, False, True], played.output
    assert not any(result.get("warnings") for result in played.results)
    assert_holds(played[5]["object"], raw(spec))


def assert_holds(there: t.Any, wanted: t.Any, where: str = "") -> None:
    """All of ``wanted`` is there; the server may have added members and DHCP options."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            assert name in there, f"{where}/{name}"
            assert_holds(there[name], value, f"{where}/{name}")
    elif isinstance(wanted, list) and where == "/Options":
        assert [option for option in wanted if option not in there] == []
    elif isinstance(wanted, list):
        assert len(there) == len(wanted), where
        for one, two in zip(there, wanted, strict=True):
            assert_holds(one, two, f"{where}/-")
    else:
        assert there == wanted, where


def test_change_inside_a_struct_leaves_its_neighbours(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        thing(kind="bootenvs", spec=BOOTENV, require_available=False),
        thing(
            kind="bootenvs",
            spec={"Name": "env", "OS": {"SupportedArchitectures": {"arm64": {"Kernel": "other"}}}},
            require_available=False,
        ),
    )
    known = played[1]["object"]["OS"]["SupportedArchitectures"]
    assert known["arm64"]["Kernel"] == "other"
    assert known["arm64"]["IsoFile"] == "b.iso"
    assert known["amd64"]["BootParams"] == "quiet"


def profiles(count: int, **params: t.Any) -> list[dict[str, t.Any]]:
    return [
        {"kind": "profiles", "spec": {"Name": f"p{number:02}", "Params": params}} for number in range(count)
    ]


@pytest.mark.needs_counters
def test_many_of_one_kind_are_read_with_one_list(run_tasks: PlaybookRunner) -> None:
    machines = [{"kind": "machines", "spec": {"Name": f"m{number:02}"}} for number in range(12)]
    everything = [*machines, *profiles(12, aa=1)]
    assert run_tasks(thing(resources=everything)).changed == [True]
    before = len(run_tasks.simulator.log())
    again = run_tasks(thing(resources=everything))
    assert again.changed == [False], again.output
    asked = [(line["method"], line["path"].partition("?")[0]) for line in run_tasks.simulator.log()[before:]]
    assert sorted(asked) == [("GET", "machines"), ("GET", "profiles")]
    gone = [{**entry, "state": "absent"} for entry in everything]
    run_tasks.simulator.reset_stats()
    played = run_tasks(thing(resources=gone), thing(resources=gone))
    assert played.changed == [True, False], played.output
    assert run_tasks.simulator.stats()["writes"] == 24


@pytest.mark.needs_counters
def test_bulk_check_mode_tells_the_truth(run_tasks: PlaybookRunner) -> None:
    run_tasks(thing(resources=profiles(11, aa=1)))
    wanted = [
        *profiles(3, aa=2),
        {"kind": "profiles", "spec": {"Name": "p03"}, "state": "absent"},
        {"kind": "profiles", "spec": {"Name": "new", "Params": {"xx": 1}}},
        {"kind": "profiles", "spec": {"Name": "p04", "Params": {"aa": 1}}},
        {"kind": "machines", "spec": {"Name": "m1", "Profiles": ["new"]}},
    ]
    run_tasks.simulator.reset_stats()
    checked = run_tasks(thing(resources=wanted), flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    done = run_tasks(thing(resources=wanted), flags=["--diff"])
    assert [entry["action"] for entry in checked[0]["results"]] == [
        *["updated"] * 3,
        "deleted",
        "created",
        "unchanged",
        "created",
    ]
    assert [entry["action"] for entry in done[0]["results"]] == [
        entry["action"] for entry in checked[0]["results"]
    ]
    assert checked[0]["diff"] == done[0]["diff"]
    assert done[0]["diff"]["before"]["profiles/p00"] == {"Params": {"aa": 1}}
    assert done[0]["diff"]["after"]["profiles/p00"] == {"Params": {"aa": 2}}
    assert done[0]["diff"]["after"]["profiles/p03"] == {}
    assert done[0]["diff"]["before"]["machines/m1"] == {}


@pytest.mark.needs_counters
def test_removal_goes_the_other_way_round(run_tasks: PlaybookRunner) -> None:
    resources = [
        {"kind": "profiles", "spec": {"Name": "inner"}},
        {"kind": "profiles", "spec": {"Name": "outer", "Profiles": ["inner"]}},
        {"kind": "stages", "spec": {"Name": "stage", "Profiles": ["outer"]}},
        {"kind": "workflows", "spec": {"Name": "flow", "Stages": ["stage"]}},
        {"kind": "machines", "spec": {"Name": "m1", "Workflow": "flow", "Profiles": ["outer"]}},
    ]
    assert run_tasks(thing(resources=resources[::-1])).changed == [True]
    before = len(run_tasks.simulator.log())
    played = run_tasks(thing(resources=[{**entry, "state": "absent"} for entry in resources]))
    assert {entry["action"] for entry in played[0]["results"]} == {"deleted"}, played.output
    deleted = [line["path"] for line in run_tasks.simulator.log()[before:] if line["method"] == "DELETE"]
    order = [path.partition("/")[0] for path in deleted]
    assert order == ["machines", "workflows", "stages", "profiles", "profiles"]
    assert deleted[-1] == "profiles/inner"


def test_mixed_presence(run_tasks: PlaybookRunner) -> None:
    """What comes is there before what goes is gone, so a machine can move from one profile to another."""
    run_tasks(
        thing(
            resources=[
                {"kind": "profiles", "spec": {"Name": "old"}},
                {"kind": "machines", "spec": {"Name": "m1", "Profiles": ["old"]}},
            ]
        )
    )
    played = run_tasks(
        thing(
            resources=[
                {"kind": "profiles", "id": "old", "state": "absent"},
                {"kind": "machines", "spec": {"Name": "m1", "Profiles": ["new"]}},
                {"kind": "profiles", "spec": {"Name": "new"}},
            ]
        )
    )
    assert [entry["action"] for entry in played[0]["results"]] == ["deleted", "updated", "created"]
    assert [entry["name"] for entry in played[0]["results"]] == ["old", "m1", "new"]


@pytest.mark.needs_counters
def test_doubles_are_refused(run_tasks: PlaybookRunner) -> None:
    twice = [{"kind": "profiles", "spec": {"Name": "prof"}}, {"kind": "profiles", "id": "prof"}]
    played = run_tasks(thing(resources=twice))
    assert played[0]["msg"] == "resources: number 1 and number 2 are both profile prof"
    assert run_tasks.simulator.stats()["writes"] == 0


@pytest.mark.parametrize("kind", ["profiles", "machines"])
def test_doubles_under_two_names_are_refused(run_tasks: PlaybookRunner, kind: str) -> None:
    run_tasks(thing(kind=kind, spec={"Name": "prof"}))
    item = Api(run_tasks.simulator)("GET", f"{kind}/Name:prof").json()
    twice = [
        {"kind": kind, "spec": {"Name": "prof", "Description": "one"}},
        {"kind": kind, "id": item.get("Uuid", "Name:prof"), "spec": {"Description": "two"}},
    ]
    played = run_tasks(thing(resources=twice))
    assert played[0]["failed"], played.output
    assert "are both" in played[0]["msg"]


@pytest.mark.parametrize("kind", ["profiles", "machines"])
def test_removal_by_index(run_tasks: PlaybookRunner, kind: str) -> None:
    """However an object is named, and however many there are: it is found."""
    names = [f"x{number:02}" for number in range(10)]
    run_tasks(thing(resources=[{"kind": kind, "spec": {"Name": name}} for name in names]))
    items = [item for item in Api(run_tasks.simulator)("GET", kind).json() if item["Name"] in names]
    ids = [
        f"Name:{item['Name']}" if number % 2 else f"Key:{item.get('Uuid', item['Name'])}"
        for number, item in enumerate(items)
    ]
    gone = thing(resources=[{"kind": kind, "id": found, "state": "absent"} for found in ids])
    played = run_tasks(thing(kind=kind, id=ids[0], state="absent"), gone, gone)
    assert played.changed == [True, True, False], played.output
    actions = [entry["action"] for entry in played[1]["results"]]
    assert actions == ["unchanged", *["deleted"] * 9]


def test_a_failure_stops_later_kinds_only(run_tasks: PlaybookRunner) -> None:
    bad = {"kind": "profiles", "spec": {"Name": "not/valid"}}
    resources = [
        {"kind": "machines", "spec": {"Name": "later"}},
        bad,
        {"kind": "params", "spec": {"Name": "earlier"}},
        {"kind": "profiles", "spec": {"Name": "beside"}},
        {"kind": "params", "spec": {"Name": "gone"}, "state": "absent"},
    ]
    played = run_tasks(thing(resources=resources), thing(resources=resources, continue_on_error=True))
    stopped, went_on = played.results
    assert [entry["action"] for entry in stopped["results"]] == [
        "skipped", "failed", "created", "created", "skipped",
    ]  # fmt: skip
    assert stopped["msg"].startswith("1 of 5 failed, 2 skipped: profile not/valid: ")
    assert stopped["changed"]
    assert [entry["action"] for entry in went_on["results"]] == [
        "created", "failed", "unchanged", "unchanged", "unchanged",
    ]  # fmt: skip
    assert went_on["msg"].startswith("1 of 5 failed: profile not/valid: ")


def test_no_secret_of_an_object_is_shown(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        thing(kind="users", spec={"Name": "fred"}),
        thing(kind="machines", spec={"Name": "m1"}),
        thing(resources=[{"kind": "users", "spec": {"Name": "eve"}}], return_objects=True),
        thing(kind="users", id="fred", state="absent"),
        flags=["--diff", "-vvv"],
    )
    assert played.changed == [True] * 4, played.output
    for shown in (played[0]["object"], played[1]["object"], played[2]["results"][0]["object"]):
        assert not {"Secret", "PasswordHash"} & set(shown)
    assert '"Secret"' not in played.output
    assert "PasswordHash" not in played.output


@pytest.mark.needs_counters
def test_empty_bulk(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(thing(resources=[]))
    assert played.changed == [False], played.output
    assert played[0]["results"] == []
    assert run_tasks.simulator.stats()["writes"] == 0
