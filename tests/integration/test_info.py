# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_info and drp_job_info: what they read, how often they ask, and what they never show."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from info_tasks import add, limited, run_jobs, task
from playbook_runner import PlaybookRunner

from simulator.testing import Api


def asked(run_tasks: PlaybookRunner, since: int) -> list[str]:
    """The requests after the first ``since``, without logins."""
    log = [f"{line['method']} {line['path']}" for line in run_tasks.simulator.log()[since:]]
    return [line for line in log if not line.endswith("/token")]


def test_what_the_server_is_and_holds(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    for number in range(12):
        add(
            api,
            "machines",
            Name=f"m{number:02}",
            Params={"big": "x", "small": 1},
            Meta={"color": "red"},
            Address="",
        )
    played = run_tasks(
        task("info"),
        task(
            "info",
            kind="machines",
            filters={"Name": {"Between": ["m03", "m06"]}},
            sort=["Name"],
            reverse=True,
        ),
        task("info", kind="machines", sort=["Name"], limit=2, offset=1, slim=["Params"]),
        task(
            "info", kind="machines", filters={"Meta.color": "red"}, sort=["Name"], fields=["name", "Runnable"]
        ),
        task("info", kind="machines", objects=["m01", "nobody", "Name:m02", "m01"]),
        task("info", kind="stages", id="none"),
        task("info", kind="machines", filters={"Name": "m03"}, fields=["Params"], params=["small", "absent"]),
        task("info", gather=["count", "indexes"], kind="machines", filters={"Runnable": True}),
        task("info", gather=["prefs", "logs"], log_lines=3),
        flags=["--check"],
    )
    assert played.code == 0, played.output
    assert not any(played.changed)
    assert "workflows" in played[0]["server"]["features"]
    assert [item["Name"] for item in played[1]["objects"]] == ["m06", "m05", "m04", "m03"]
    assert [item["Name"] for item in played[2]["objects"]] == ["m01", "m02"]
    assert played[2]["objects"][0]["Params"] == {}
    assert played[2]["objects"][0]["Meta"]["color"] == "red"
    assert played[3]["objects"][0] == {"Name": "m00", "Runnable": True}
    assert len(played[3]["objects"]) == 12
    assert [item["Name"] for item in played[4]["objects"]] == ["m01", "m02"]
    assert played[4]["missing"] == ["nobody"]
    assert "warnings" not in played[4]
    assert [item["Name"] for item in played[5]["objects"]] == ["none"]
    assert played[6]["objects"] == [{"Params": {"small": 1}}]
    assert played[7]["count"] == 12
    assert played[7]["indexes"]["machines"]["Name"] == {"Type": "string", "Unique": True}
    assert played[8]["prefs"]["defaultStage"] == "none"
    assert len(played[8]["logs"]) <= 3
    assert "Secret" not in str(played.results)


@pytest.mark.needs_counters
def test_a_question_is_one_request(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    for number in range(12):
        add(api, "machines", Name=f"m{number:02}")
    run_tasks(task("info", kind="machines"))
    since = len(run_tasks.simulator.log())
    run_tasks(
        task("info", kind="machines", filters={"Runnable": True}, fields=["Name"]),
        task("info", kind="machines", objects=[f"m{number:02}" for number in range(12)]),
        task("info", gather=["count"], kind="machines", filters={"Runnable": True}),
        task("info", kind="machines", name="m01"),
    )
    assert asked(run_tasks, since) == [
        "GET machines",
        "GET machines",
        "HEAD machines",
        "GET machines/Name:m01",
    ]


def test_secrets_stay_where_they_are(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    secrets = {api("GET", "prefs").json()[name] for name in ("baseTokenSecret", "systemGrantorSecret")}
    secrets.add(add(api, "machines", Name="m1")["Secret"])
    secrets.add(add(api, "users", Name="fred")["Secret"])
    played = run_tasks(
        task("info", gather=["objects", "prefs"], kind="machines"),
        task("info", kind="users"),
        task("info", kind="users", name="fred", fields=["Secret", "PasswordHash", "Name"]),
        flags=["-vvv"],
    )
    assert played[2]["objects"] == [{"Name": "fred"}]
    assert not [secret for secret in secrets if secret in played.output]


def test_mistakes_in_questions(run_tasks: PlaybookRunner) -> None:
    add(Api(run_tasks.simulator), "params", Name="rack/row", Schema={"type": "integer"})
    played = run_tasks(
        task("info", kind="machine"),
        task("info", kind="machines", filters={"nmae": "x"}),
        task("info", kind="machines", filters={"Name": {"Like": "x"}}),
        task("info", kind="machines", filters={"Runnable": "perhaps"}),
        task("info", kind="machines", sort=["Profiles"]),
        task("info", kind="machines", fields=["Colour"]),
        task("info", kind="machines", limit=-1),
        task("info", gather=["objects"]),
        task("info", kind="interfaces", filters={"Name": "eth0"}),
        task("info", filters={"Name": "x"}),
        task("info", gather=["weather"]),
        task("info", kind="machines", filters={"rack/row": "not json"}),
        task("info", gather=["count"], kind="machines", filters={"Name": {"In": ["a", "b"]}}),
    )
    messages = [str(result["msg"]) for result in played.results]
    assert "unknown kind 'machine'. Did you mean machines?" in messages[0]
    assert "filters: machines have no index nmae, and there is no param of that name." in messages[1]
    assert "Indexes: Address, Available, BootEnv, Key, Name," in messages[1]
    assert "unknown op Like" in messages[2]
    assert "Runnable must be true or false" in messages[3]
    assert "sort: machines have no index Profiles" in messages[4]
    assert "fields: machines have no member Colour. Known: Address" in messages[5]
    assert "limit: must not be negative" in messages[6]
    assert "kind: is required to gather objects" in messages[7]
    assert "interfaces: the server has no indexes for them" in messages[8]
    assert "missing parameter(s) required by 'filters': kind" in messages[9]
    assert "value of gather must be one or more of" in messages[10]
    assert "filters: invalid character" in messages[11]
    assert "Name: In: not supported by this server" in messages[12]
    assert "Traceback" not in played.output


def test_filters_with_texts_that_look_like_json(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    add(api, "params", Name="os/release", Schema={"type": "string"})
    add(api, "params", Name="is/new", Schema={"type": "boolean"})
    for number in ("7", "8"):
        add(api, "machines", Name=f"el{number}", Params={"os/release": number, "is/new": number == "7"})
    played = run_tasks(
        task("info", kind="machines", filters={"os/release": "7"}, fields=["Name"]),
        task("info", kind="machines", filters={"os/release": {"Between": ["7", "7x"]}, "is/new": "true"}),
        task("info", gather=["count"], kind="machines", filters={"os/release": "8"}),
        task("info", kind="machines", filters={"is/new": "7"}),
    )
    assert [machine["Name"] for machine in played[0]["objects"]] == ["el7"]
    assert [machine["Name"] for machine in played[1]["objects"]] == ["el7"]
    assert played[2]["count"] == 1
    assert "Expected: boolean, given: " in played[3]["msg"]


def test_missing_claims_are_told_from_missing_objects(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    add(api, "machines", Name="m1")
    run_tasks.defaults.update(limited(api))
    played = run_tasks(
        task("info", kind="machines", objects=["m1", "nobody"]),
        task("info", kind="stages"),
        task("info", kind="machines", filters={"Name": "m1"}),
        task("wait", name="m1", timeout=0),
        task("job_info", machine="m1"),
        task("event", kind="a", action="b", id="c"),
        task("machine", name="m1", state="absent"),
        task("machine", name="nobody", state="absent"),
        task("prefs", prefs={"defaultStage": "local"}),
    )
    assert played[0]["objects"] == []
    assert played[0]["missing"] == ["m1", "nobody"]
    lacking = "cannot read machine m1: it exists, but these credentials lack the claim machines get"
    assert lacking in played[0]["warnings"][0]
    assert "these credentials lack the claim stages list" in played[1]["warnings"][0]
    assert played[2]["objects"] == []
    assert played[3]["msg"] == played[4]["msg"] == lacking
    assert played[5]["changed"]  # v3.12 has no claim for events: whoever may log in may post them
    assert played[6]["msg"] == f"machine m1: {lacking}" or played[6]["msg"] == lacking
    assert played[7]["action"] == "unchanged"
    assert "these credentials lack the claim stages get" in played[8]["msg"]


def test_jobs_and_their_logs(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    api = Api(run_tasks.simulator)
    machine, jobs = run_jobs(api, "first\n", "second\n", "a\nb\nc\n", fail_last=True)
    dest = tmp_path / "job.log"
    played = run_tasks(
        task("job_info", machine="worker"),
        task("job_info", machine=machine, count=1, log_lines=2),
        task("job_info", machine="worker", filters={"State": "finished"}, count=1, log_lines=5),
        task("job_info", id=jobs[0], actions=True, os="linux"),
        task("job_info", id=jobs[0], dest=str(dest)),
        task("job_info", id=jobs[0], dest=str(dest)),
        task("job_info", machine="worker", count=1, dest=str(tmp_path)),
        task("job_info", count=0),
        task("job_info", machine="worker", filters={"State": "running"}, log_lines=5),
    )
    assert played.code == 0, played.output
    assert [job["Uuid"] for job in played[0]["jobs"]] == jobs[::-1]
    assert played[0]["job"] == played[0]["jobs"][0]
    assert [job["Uuid"] for job in played[1]["jobs"]] == jobs[2:]
    assert played[1]["log"] == ["b", "c"]
    assert played[2]["log"][-1] == "second"
    assert played[3]["actions"][0]["Content"] == "#!/bin/sh\necho worker"
    assert played.changed == [False] * 4 + [True, False, True, False, False]
    assert dest.read_bytes() == api("GET", f"jobs/{jobs[0]}/log").content
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert (tmp_path / f"{jobs[2]}.log").read_text().endswith("a\nb\nc\n")
    assert played[6]["dest"] == str(tmp_path / f"{jobs[2]}.log")
    assert len(played[7]["jobs"]) == 3
    assert played[8]["jobs"] == []
    assert "log" not in played[8]


def test_check_mode_writes_no_log(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    _machine, jobs = run_jobs(Api(run_tasks.simulator), "first\n")
    dest = tmp_path / "kept.log"
    dest.write_text("old")
    dest.chmod(0o644)
    write = task("job_info", id=jobs[0], dest=str(dest))
    assert run_tasks(write, flags=["--check"]).changed == [True]
    assert dest.read_text() == "old"
    assert run_tasks(write, write).changed == [True, False]
    assert stat.S_IMODE(dest.stat().st_mode) == 0o644
    assert run_tasks(write, flags=["--check"]).changed == [False]
    assert [path.name for path in tmp_path.glob(".job-log-*")] == []


def test_jobs_that_are_not_there(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    unknown = "00000000-0000-0000-0000-0000000000aa"
    add(Api(run_tasks.simulator), "machines", Name="idle")
    played = run_tasks(
        task("job_info", id=unknown),
        task("job_info", machine="nobody"),
        task("job_info", machine=unknown),
        task("job_info", machine="idle", dest=str(tmp_path / "x")),
        task("job_info", machine="idle", filters={"Machin": "x"}),
        task("job_info", count=-1),
    )
    assert played[0]["msg"] == f"no such job: {unknown}"
    assert played[1]["msg"] == "no such machine: nobody"
    assert played[2]["jobs"] == []
    assert "dest: no job was found" in played[3]["msg"]
    assert "filters: jobs have no index Machin. Did you mean Machine?" in played[4]["msg"]
    assert "count: must not be negative" in played[5]["msg"]


@pytest.mark.needs_faults
def test_a_log_that_breaks_off_leaves_the_old_file(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    _machine, jobs = run_jobs(Api(run_tasks.simulator), "x" * 100_000)
    dest = tmp_path / "kept.log"
    dest.write_text("old")
    run_tasks.simulator.fault("half", f"jobs/{jobs[0]}/log", "GET", times=0)
    played = run_tasks(
        task("job_info", id=jobs[0], dest=str(dest)),
        task("job_info", id=jobs[0], dest=str(tmp_path / "no" / "such" / "folder")),
    )
    run_tasks.simulator.clear_faults()
    assert "was cut off" in played[0]["msg"]
    assert dest.read_text() == "old"
    assert [path.name for path in tmp_path.glob(".job-log-*")] == []
    assert "is not a folder" in played[1]["msg"]
