# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_wait, and wait on other modules, from the user's side."""

from __future__ import annotations

import json
import re
import threading
import typing as t
from pathlib import Path

import pytest
from fake_agent import BackgroundSteps, Lab, run_playbook
from patience import LIMIT, NEVER
from playbook_runner import PlaybookRunner, PlayResult, Task, machine, thing

SAID = b"".join(b"line %d\n" % number for number in range(50)) + b"no disk found\n"


def wait(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_wait": options}


@pytest.fixture
def lab(run_tasks: PlaybookRunner) -> Lab:
    return Lab(run_tasks.simulator, machines=4)


def timeless(result: dict[str, t.Any]) -> str:
    """The message, whatever time has passed."""
    return re.sub(r"(?<= )(at once|after \d+(\.\d)? s)(?=:)", "(then)", result["msg"])


def outcomes(played: PlayResult) -> list[str]:
    return [result.get("outcome", result.get("msg")) for result in played.results]


# -- drp_wait


@pytest.mark.needs_counters
def test_how_waits_end(run_tasks: PlaybookRunner, lab: Lab) -> None:
    m1 = lab.agent("m1")

    def fail() -> None:
        m1.work()
        m1.work("failed", SAID)

    with BackgroundSteps(
        run_tasks.simulator,
        lab.agent("m0").finish,
        fail,
        lambda: lab.agent("m2").start(b"one\ntwo\nworking on it\n"),
        lambda: lab.delete("machines", lab.machines[3]["Uuid"]),
        lambda: lab.make("machines", Name="late", Workflow="flow", Meta={"rack": "r2"}),
    ):
        played = run_tasks(
            wait(name="m0", timeout=NEVER),
            wait(name="m1", timeout=NEVER, log_lines=3),
            wait(name="m2", timeout=1, log_lines=2),
            wait(name="m3", timeout=NEVER),
            wait(filters={"Meta.rack": "r2"}, count=1, until="runnable=true", timeout=NEVER),
        )
    assert played.code == 0, played.output
    assert outcomes(played) == ["complete", "failed", "timeout", "deleted", "complete"]
    assert played.changed == [False] * 5
    complete, failed, late, deleted, counted = played.results
    assert complete["object"]["Name"] == "m0"
    assert complete["job"]["State"] == "finished"
    assert 0 < complete["waited"] < 20
    assert failed["job"]["Task"] == "more"
    assert failed["log"] == ["line 48", "line 49", "no disk found"]
    text = timeless(failed).splitlines()
    assert text[0] == "machine m1: failed (then): task more of stage first failed"
    assert text[1:] == [
        "The last lines of the log of m1, task more:",
        "  line 48",
        "  line 49",
        "  no disk found",
    ]
    text = late["msg"].splitlines()
    assert re.fullmatch(
        r"machine m2: not complete after 1\.\d s: workflow flow: task 2 of 3 \(say\), wanted: complete\. "
        "Its current job is running, task say",
        text[0],
    )
    assert text[1:] == ["The last lines of the log of m2, task say:", "  two", "  working on it"]
    assert deleted["msg"].endswith(": it is gone")
    assert (counted["complete"], counted["total"]) == (1, 1)


@pytest.mark.needs_counters
@pytest.mark.needs_machines_that_run
def test_conditions_that_hold_or_fail_at_once(run_tasks: PlaybookRunner, lab: Lab) -> None:
    lab.agent("m0").finish()
    lab.agent("m1").work("failed", b"broken\n")
    lab.make("profiles", Name="p1")
    before = run_tasks.simulator.stats()["websockets_opened"]
    played = run_tasks(
        wait(name="m0"),
        wait(id=lab.machines[0]["Uuid"], until="stage=first"),
        wait(name="m2", until="runnable=true,available=true"),
        wait(name="m2", until="path=OS not_equals=windows"),
        wait(
            name="m2", until=[{"path": "Tasks.1", "equals": "say"}, {"path": "/Params/none", "exists": False}]
        ),
        wait(name="m2", any_of=[{"stage": "other"}, {"path": "CurrentTask", "lt": 1}]),
        wait(name="m2", until="stage=never", fail_when="bootenv=local"),
        wait(name="m2", until="stage=first", fail_when="bootenv=local"),
        wait(name="m1", until="job_failed=true"),
        wait(name="m1", until="stage=first", fail_when="job_state=failed"),
        wait(name="m1", until="deleted=true", timeout=0.2),
        wait(name="gone", until="deleted=true"),
        wait(objects=["gone", "lost"], until="deleted=true", count=2),
        wait(kind="profiles", name="p1"),
        wait(kind="profiles", filters={"Name": {"Gte": "p"}}, percent=100),
        wait(objects=["m0", "m1", "m2"], count=1),
        wait(objects=[]),
        wait(filters={"Workflow": "flow"}, percent=25),
    )
    assert outcomes(played) == [
        *["complete"] * 6,
        "failed",
        *["complete"] * 3,
        "timeout",
        *["complete"] * 7,
    ]
    assert timeless(played[6]).startswith("machine m2: failed (then): BootEnv is 'local'")
    assert timeless(played[10]).startswith("machine m1: not complete (then): it is still there")
    assert [entry["outcome"] for entry in played[15]["results"]] == ["complete", "failed", "pending"]
    assert not any(played.changed)
    assert run_tasks.simulator.stats()["websockets_opened"] == before + 1, (
        "only the deletion had to be awaited"
    )


@pytest.mark.needs_machines_that_run
def test_sets_that_fail(run_tasks: PlaybookRunner, lab: Lab) -> None:
    lab.agent("m0").finish()
    lab.agent("m1").work("failed", b"broken\n")
    played = run_tasks(
        wait(filters={"Workflow": "flow"}, log_lines=1),
        wait(objects=["m0", "m2", "m3"], count=2, timeout=0.3),
        wait(objects=["m0", "m1", "m2"], percent=90, timeout=5),
        wait(filters={"Workflow": "flow"}, count=9, timeout=0.3, fail_when=[]),
    )
    assert outcomes(played) == ["failed", "timeout", "failed", "timeout"]
    first = played[0]
    assert (first["complete"], first["failures"], first["total"]) == (1, 1, 4)
    assert timeless(first).startswith(
        "failed (then): 1 of 4 are complete. 1 failed: m1: task say of stage first failed. "
        "2 pending: m2: workflow flow: no task begun, wanted: complete; m3: "
    )
    assert first["msg"].endswith("The last lines of the log of m1, task say:\n  broken")
    assert [entry.get("log") for entry in first["results"]] == [None, ["broken"], None, None]
    assert ": 1 of 3 are complete, 2 are required. 2 pending: " in played[1]["msg"]
    assert ": 1 of 4 are complete, 9 are required. 3 pending: " in played[3]["msg"]


BAD: list[tuple[Task, str]] = [
    (wait(name="nope"), "no such machine: nope"),
    (wait(objects=["m0", "zz", "yy"]), "no such machine: zz, yy"),
    (wait(kind="profiles", id="nope"), "no such profile: nope"),
    (wait(kind="machine", name="m0"), "unknown kind 'machine'. Did you mean machines?"),
    (wait(), "one of the following is required: name, id, objects, filters"),
    (wait(name="m0", filters={}), "parameters are mutually exclusive: name|id|objects|filters"),
    (wait(filters={}, count=1, percent=1), "parameters are mutually exclusive: count|percent"),
    (wait(name=""), "name: must not be empty"),
    (wait(objects=["m0", ""]), "objects: must not be empty"),
    (wait(filters={"Workflow": "nothing"}), "filters: no machines match {'Workflow': 'nothing'}"),
    (wait(filters={"Stage": {"Like": "x"}}), "Invalid Filter Stage: unknown op Like"),
    (wait(objects=["m0"], count=2), "count: 2 is more than the 1 objects that are named"),
    (wait(objects=["m0"], count=0), "count: must be at least 1"),
    (wait(objects=["m0"], percent=101), "percent: must be above 0 and at most 100"),
    (wait(name="m0", timeout=-1), "timeout: must not be negative"),
    (wait(name="m0", stable_for="nan"), "stable_for: JSON has no number nan"),
    (
        wait(name="m0", timeout="soon"),
        "argument 'timeout' is of type str and we were unable to convert to float",
    ),
    (wait(name="m0", until=[{"patth": "x"}]), "Unsupported parameters for"),
    (wait(name="m0", until="workflow_complete"), "dictionary requested"),
    (
        wait(name="m0", until={"stage": "x"}),
        "argument 'until' is of type dict and we were unable to convert to list",
    ),
    (wait(name="m0", until=[{}]), "until, number 1: is empty; set one of workflow_complete, stage, "),
    (wait(name="m0", until=[{"path": "x"}]), "until, number 1: path: x requires one of equals, "),
    (wait(name="m0", until="equals=1"), "until, number 1: equals: path is required"),
    (
        wait(name="m0", any_of=[{"stage": "x"}, {"path": "Stage", "gt": True}]),
        "any_of, number 2: Stage: gt must be a number or a string, not True",
    ),
    (
        wait(name="m0", fail_when=[{"path": "x", "matches": "("}]),
        "fail_when, number 1: x: matches must be a regular expression: missing )",
    ),
    (wait(name="m0", any_of=[{"stge": "x"}]), "any_of, number 1: there is no condition stge. Did you mean "),
    (wait(name="m0", fail_when=[{"runnable": "perhaps"}]), "fail_when, number 1: runnable must be true "),
    (machine(name="new", wait=True, until=[{"patth": "x"}]), "until, number 1: there is no condition patth."),
    (machine(name="new", wait=True, until="workflow_complete"), "dictionary requested"),
    (wait(name="m0", until="deleted=true,stage=x"), "until, number 1: deleted must be the only condition"),
    (wait(name="m0", fail_when="deleted=true"), "fail_when, number 1: leave deleted out"),
    (
        wait(kind="profiles", name="p", until="job_state=failed"),
        "job_failed and Job: only machines, clusters, resource_brokers, work_orders have a current job",
    ),
    (machine(name="new", wait=True, until="equals=1"), "until, number 1: equals: path is required"),
    (machine(name="new", wait=True, wait_timeout=-1), "wait_timeout: must not be negative"),
    (
        thing(kind="profiles", spec={"Name": "new"}, wait=True, until="job_failed=false"),
        "only machines, clusters, resource_brokers, work_orders have a current job, not profiles",
    ),
]


@pytest.mark.needs_counters
def test_bad_input_is_told_before_anything_is_done(run_tasks: PlaybookRunner, lab: Lab) -> None:
    run_tasks.simulator.reset_stats()
    played = run_tasks(*(task for task, _told in BAD))
    for (task, told), result in zip(BAD, played.results, strict=True):
        assert result.get("failed"), task
        # core 2.16 names a type as Python does
        assert told in re.sub("<class '(.+?)'>", r"\1", result["msg"]), task
    assert "Traceback" not in played.output
    stats = run_tasks.simulator.stats()
    assert (stats["writes"], stats["websockets_opened"]) == (0, 0)


@pytest.mark.needs_counters
@pytest.mark.needs_machines_that_run
def test_check_mode_looks_once(run_tasks: PlaybookRunner, lab: Lab) -> None:
    lab.agent("m0").finish()
    run_tasks.simulator.reset_stats()
    played = run_tasks(
        wait(name="m0"),
        wait(name="m1"),
        wait(filters={"Workflow": "flow"}, stable_for=60),
        wait(filters={"Workflow": "flow"}, count=99),
        machine(name="m1", description="new", wait=True),
        flags=["--check"],
    )
    assert played.code == 0
    assert [result.get("outcome") for result in played.results] == [
        "complete",
        "pending",
        "pending",
        "pending",
        None,
    ]
    assert not any(result.get("failed") for result in played.results)
    assert timeless(played[1]) == (
        "machine m1: not complete (then): workflow flow: no task begun, wanted: complete"
    )
    assert played.changed == [False] * 4 + [True]
    assert "wait" not in played[4]
    stats = run_tasks.simulator.stats()
    assert (stats["writes"], stats["websockets_opened"]) == (0, 0)


# -- wait on other modules


@pytest.mark.needs_counters
@pytest.mark.needs_machines_that_run
def test_wait_on_modules(run_tasks: PlaybookRunner, lab: Lab) -> None:
    resources = [
        {"kind": "machines", "spec": {"Name": "m1", "Description": "a"}},
        {"kind": "machines", "spec": {"Name": "new", "Workflow": "flow"}},
        {"kind": "profiles", "spec": {"Name": "p1"}},
        {"kind": "profiles", "spec": {"Name": "p2"}, "state": "absent"},
    ]

    def finish_both() -> None:
        lab.agent("m1").finish()
        lab.agent("new").finish()

    with BackgroundSteps(
        run_tasks.simulator,
        lab.agent("m0").finish,
        lambda: None,
        finish_both,
        lambda: lab.agent("m2").work("failed", b"broken\n"),
    ):
        played = run_tasks(
            machine(name="m0", description="x", wait=True, wait_timeout=NEVER),
            machine(name="m3", description="y", wait=True, wait_timeout=0.3),
            thing(
                resources=resources,
                wait=True,
                any_of="workflow_complete=true,path=Params equals={}",
                wait_timeout=NEVER,
            ),
            thing(kind="machines", spec={"Name": "m2", "Description": "z"}, wait=True, wait_timeout=NEVER),
            machine(name="m0", description="x", wait=True),
            machine(name="m0", state="absent", wait=True),
            thing(kind="profiles", spec={"Name": "p1"}, wait=True),
            machine(name="m3", until="stage=never"),
        )
    assert [result.get("failed", False) for result in played.results] == [
        False, True, False, True, False, False, False, False,
    ], played.output  # fmt: skip
    assert played.changed == [True, True, True, True, False, True, False, False]
    done, late, many, failed, again, gone, thing_again, no_wait = played.results
    assert done["wait"]["outcome"] == "complete"
    assert done["machine"]["CurrentTask"] == 3, "the machine as it is after the wait"
    assert late["action"] == "updated"
    assert late["wait"]["outcome"] == "timeout"
    assert timeless(late).startswith("machine m3: not complete (then): workflow flow: no task begun")
    assert (many["wait"]["complete"], many["wait"]["total"]) == (3, 3)
    assert failed["msg"].splitlines()[-1] == "  broken"
    assert failed["wait"]["log"][-1] == "broken"
    assert failed["object"]["Name"] == "m2"
    assert again["wait"]["outcome"] == "complete"
    assert thing_again["wait"]["outcome"] == "complete"
    assert "wait" not in gone
    assert "wait" not in no_wait


@pytest.mark.needs_counters
def test_a_machine_that_is_set_going_again_does_not_fail_because_of_its_last_job(
    run_tasks: PlaybookRunner, lab: Lab
) -> None:
    agent = lab.agent("m0")
    agent.work("failed", b"broken\n")
    with BackgroundSteps(run_tasks.simulator, agent.finish):
        played = run_tasks(
            wait(name="m0"),
            machine(name="m0", runnable=True, wait=True, wait_timeout=NEVER),
        )
    assert played[0]["outcome"] == "failed"
    assert played[1]["wait"]["outcome"] == "complete", played.output


# -- what is shown


def test_secrets_reach_no_output(run_tasks: PlaybookRunner, lab: Lab) -> None:
    lab.agent("m1").work("failed", b"broken\n")
    secrets = [made["Secret"] for made in lab.machines]
    asked = {"path": "Secret", "equals": "guess"}
    played = run_tasks(
        wait(name="m0", timeout=0.2),
        wait(name="m1"),
        wait(name="m0", until=[asked], timeout=0.2),
        wait(name="m0", until="stage=never", fail_when=[{"path": "Secret", "exists": True}]),
        wait(filters={"Workflow": "flow"}, until=[asked], timeout=0.2),
        machine(name="m0", description="x", wait=True, wait_timeout=0.2),
        thing(kind="machines", spec={"Name": "m0", "Meta": {"a": "b"}}, wait=True, wait_timeout=0.2),
        flags=["-vvv", "--diff"],
    )
    assert all(result["failed"] for result in played.results)
    for secret in secrets:
        assert len(secret) >= 16
        assert secret not in played.output
        assert secret not in json.dumps(played.results)
    assert "(hidden)" in played[2]["msg"]


@pytest.mark.needs_machines_that_run
def test_progress_in_a_terminal_and_in_a_log(run_tasks: PlaybookRunner, lab: Lab, tmp_path: Path) -> None:
    """Two lines at most in six seconds; a log gets the first, and one at the end."""
    lab.agent("m0").finish()
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/digitalrebar.provision.drp": run_tasks.defaults},
        "tasks": [{"name": "Wait for the rack", **wait(filters={"Workflow": "flow"}, timeout=6.5)}],
    }
    book = tmp_path / "progress.yml"
    book.write_text(json.dumps([play]))
    seen: dict[bool, str] = {}
    threads = [
        threading.Thread(target=lambda way=way: seen.update({way: run_playbook(book, in_terminal=way)}))
        for way in (True, False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    lines = [line for line in seen[True].splitlines() if "slowest" in line]
    assert len(lines) == 1, seen[True]
    assert re.search(
        r"Wait for the rack: 1 of 4 after [56] s, slowest: m1 "
        r"\(workflow flow: no task begun, wanted: complete\)",
        lines[0],
    )
    assert len([line for line in seen[False].splitlines() if "slowest" in line]) == 1, seen[False]
    assert re.search(r"^Wait for the rack: failed after [67] s$", seen[False], re.MULTILINE)
    assert "Wait for the rack: failed after" not in seen[True]
    assert "1 of 4 are complete" in seen[False]
