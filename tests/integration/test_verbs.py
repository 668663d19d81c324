# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users of drpcli do with lists: files and ISOs, profiles and tasks of a machine."""

from __future__ import annotations

import hashlib

from info_tasks import add, task
from playbook_runner import PlaybookRunner, machine, thing

from simulator.testing import Api


def test_files_and_isos_are_listed(run_tasks: PlaybookRunner) -> None:
    blob = "digitalrebar.provision.drp_blob"
    played = run_tasks(
        {blob: {"path": "a/b.txt", "content": "hello"}},
        {blob: {"path": "c.txt", "content": "x"}},
        {blob: {"kind": "isos", "path": "d.iso", "content": "iso"}},
        task("info", gather=["files", "isos"], checksum=True),
        task("info", gather=["files"], folder="a"),
        task("info", gather=["files"], recurse=False),
        task("info", gather=["files"], folder="absent"),
        task("info", kind="files"),
    )
    everything = {entry["path"]: entry for entry in played[3]["files"]}
    assert everything["a/b.txt"]["size"] == 5
    assert everything["a/b.txt"]["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert everything["c.txt"]["size"] == 1
    assert [(one["path"], one["size"]) for one in played[3]["isos"]] == [("d.iso", 3)]
    assert [one["path"] for one in played[4]["files"]] == ["a/b.txt"]
    top = [one["path"] for one in played[5]["files"]]
    assert "c.txt" in top
    assert "a/b.txt" not in top
    assert played[6]["failed"]
    assert "gather: [files]" in played[7]["msg"]


def test_profiles_and_tasks_without_knowing_the_rest(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    for name in ("one", "two", "three"):
        add(api, "profiles", Name=name)
        add(api, "tasks", Name=name, Templates=[{"Name": "x", "Contents": "#!/bin/sh"}])
    steps = [
        machine(name="m1", profiles=["one"], tasks=["one"]),
        machine(name="m1", profiles=["two"], profiles_mode="append", tasks=["two"], tasks_mode="append"),
        machine(name="m1", profiles=["three"], profiles_mode="before", profiles_anchor="two"),
        machine(name="m1", tasks=["three"], tasks_mode="after", tasks_anchor="one"),
        machine(name="m1", profiles=["one"], profiles_mode="remove", tasks=["two"], tasks_mode="remove"),
    ]
    played = run_tasks(*[step for step in steps for _twice in range(2)])
    assert played.changed == [True, False] * len(steps), played.output
    lists = [(one["machine"]["Profiles"], one["machine"]["Tasks"]) for one in played.results[::2]]
    assert lists == [
        (["one"], ["one"]),
        (["one", "two"], ["one", "two"]),
        (["one", "three", "two"], ["one", "two"]),
        (["one", "three", "two"], ["one", "three", "two"]),
        (["three", "two"], ["one", "three"]),
    ]
    refused = run_tasks(machine(name="m1", tasks=["two"], tasks_mode="before", tasks_anchor="absent"))
    assert "tasks_anchor: absent is not in the list (one, three)" in refused[0]["msg"]


def test_what_was_made_before_a_failure_is_a_change(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        machine(name="m1", stage="local", workflow="absent-flow"),
        machine(name="m1", profiles=["absent"], params={"x": 1}),
        thing(
            resources=[
                {"kind": "profiles", "spec": {"Name": "made"}},
                {"kind": "machines", "spec": {"Name": "m3", "Workflow": "absent"}},
            ],
            continue_on_error=True,
        ),
        thing(kind="profiles", spec={"Name": "!"}),
    )
    assert [bool(one.get("failed")) for one in played.results] == [True] * 4, played.output
    assert played.changed == [False, False, True, False], played.output
