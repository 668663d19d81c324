# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a wait tells: of one object and of many, how far it came and why it ended, and nothing secret."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ConnectionFailed,
    NotFound,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.predicates import Compare
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.waiting.wait import Waiter, Watch
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting.conditions import (
    JobFailed,
    WorkflowComplete,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.waiting.report import Report

SECRET = "abcdefgh12345678"
TASKS = ["stage:first", "say", "more", "last"]


class Logs:
    """A client that knows jobs and their logs only."""

    endpoint = "https://drp.example.com"

    def __init__(self, **logs: bytes) -> None:
        self.logs = logs
        self.asked: list[str] = []

    def with_timeout(self, timeout: float) -> Logs:
        assert timeout <= 10
        return self

    def get(self, kind: str, key: str) -> dict[str, t.Any]:
        assert kind == "jobs"
        self.asked.append(key)
        return job(key, "running")

    def req(self) -> LogRequest:
        return LogRequest(self)


class LogRequest:
    def __init__(self, client: Logs) -> None:
        self.client = client

    def get(self) -> LogRequest:
        return self

    def url_for(self, *parts: str) -> LogRequest:
        kind, self.job, below = parts
        assert (kind, below) == ("jobs", "log")
        return self

    def do_into(self, target: t.BinaryIO) -> int:
        self.client.asked.append(f"{self.job}/log")
        if self.job not in self.client.logs:
            raise NotFound("Not Found", type="GET", model="jobs", key=self.job, code=404)
        return target.write(self.client.logs[self.job])


def job(uuid: str, state: str, **members: t.Any) -> dict[str, t.Any]:
    return {"Uuid": uuid, "State": state, "Task": "say", "Stage": "first", "CurrentIndex": 1, **members}


def machine(name: str, position: int = 1, **members: t.Any) -> dict[str, t.Any]:
    return {
        "Name": name,
        "Uuid": f"uuid-{name}",
        "Secret": SECRET,
        "Profile": {},
        "Workflow": "flow",
        "Tasks": TASKS,
        "CurrentTask": position,
        "CurrentJob": "",
        "Runnable": True,
        **members,
    }


def watch(item: dict[str, t.Any], seen_job: dict[str, t.Any] | None = None, **more: t.Any) -> Watch:
    """A machine that is waited for, as it was seen."""
    made = Watch("machines", item["Uuid"], WorkflowComplete(), JobFailed(), with_job=True, **more)
    if seen_job:
        item = {**item, "CurrentJob": seen_job["Uuid"]}
        made.item = item
        made.observe_job(seen_job, 0)
    made.observe(item, 0)
    return made


def failed(name: str) -> Watch:
    return watch(machine(name, Runnable=False), job(f"job-{name}", "failed"))


def report(
    *watches: Watch,
    outcome: str = "timeout",
    client: Logs | None = None,
    lines: int = 2,
    single: bool = False,
    seconds: float = 12.3,
    **more: t.Any,
) -> Report:
    used = t.cast(t.Any, client or Logs())
    waiter = Waiter(used, watches, 60, **more)
    waiter._started -= seconds
    return Report(used, waiter, outcome, lines, single)


# -- one object


def test_complete() -> None:
    result = report(watch(machine("m1", 4)), outcome="complete", single=True).complete()
    assert result.pop("waited") == pytest.approx(12.3, abs=0.5)
    shown = result.pop("object")
    assert result == {"changed": False, "outcome": "complete"}
    assert (shown["Name"], shown["CurrentTask"]) == ("m1", 4)
    assert not {"Secret", "Profile"} & set(shown)


def test_a_failure_names_object_condition_task_and_log() -> None:
    logs = Logs(**{"job-m1": b"one\ntwo\nthree\n"})
    result = report(failed("m1"), outcome="failed", client=logs, single=True).failed()
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["log"] == ["two", "three"]
    assert result["job"] == {"Uuid": "job-m1", "State": "failed", "Task": "say", "Stage": "first"}
    assert result["msg"].splitlines() == [
        "machine m1: failed after 12 s: task say of stage first failed",
        "The last lines of the log of m1, task say:",
        "  two",
        "  three",
    ]


def test_a_timeout_tells_the_present_value_and_the_job() -> None:
    pending = watch(machine("m1", 1), job("j1", "running"))
    result = report(pending, client=Logs(j1=b"working\n"), single=True, seconds=3.21).failed()
    assert result["msg"].splitlines() == [
        "machine m1: not complete after 3.2 s: workflow flow: task 2 of 4 (say), wanted: complete. "
        "Its current job is running, task say",
        "The last lines of the log of m1, task say:",
        "  working",
    ]
    assert result["job"] == {"Uuid": "j1", "State": "running", "Task": "say", "Stage": "first"}


def test_a_job_that_no_condition_asked_for_is_looked_up_for_the_message() -> None:
    plain = Watch("machines", "uuid-m1", Compare("Stage", "equals", "done"))
    plain.observe(machine("m1", Stage="first", CurrentJob="j7"), 0)
    logs = Logs(j7=b"working\n")
    result = report(plain, client=logs, single=True).failed()
    assert logs.asked == ["j7", "j7/log"]
    assert "Stage is 'first', wanted: 'done'. Its current job is running, task say" in result["msg"]
    assert result["log"] == ["working"]


def test_without_a_log() -> None:
    result = report(failed("m1"), outcome="failed", single=True).failed()
    assert "(the log cannot be read: Not Found)" in result["msg"]
    silent = Logs()
    result = report(failed("m1"), outcome="failed", client=silent, lines=0, single=True).failed()
    assert silent.asked == []
    assert "log" not in result
    assert "last lines" not in result["msg"]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("deleted", "profile p1: deleted after 12 s: it is gone"),
        ("interrupt", "profile p1: interrupted after 12 s: Description is 'x', wanted: 'y'"),
        ("timeout", "profile p1: not complete after 12 s: Description is 'x', wanted: 'y'"),
    ],
)
def test_other_ends(outcome: str, told: str) -> None:
    one = Watch("profiles", "p1", Compare("Description", "equals", "y"))
    one.observe({"Name": "p1", "Description": "x"}, 0)
    if outcome == "deleted":
        one.observe(None, 0)
    assert report(one, outcome=outcome, single=True).failed()["msg"] == told


def test_other_reasons() -> None:
    unread = Watch("profiles", "p1", Compare("x", "equals", 1))
    assert report(unread, single=True, seconds=0).failed()["msg"] == (
        "profile p1: not complete at once: it was not read"
    )
    there = Watch("profiles", "p1", Compare("x", "equals", 1), until_deleted=True)
    there.observe({"Name": "p1"}, 0)
    assert "it is still there" in report(there, single=True).failed()["msg"]
    unripe = Watch("profiles", "p1", Compare("x", "equals", 1))
    unripe.observe({"Name": "p1", "x": 1}, 0, stable_for=99)
    assert "it holds, but not yet for long enough" in report(unripe, single=True).failed()["msg"]


def test_a_server_that_cannot_be_read_is_told() -> None:
    made = report(watch(machine("m1")), single=True)
    made.waiter._read_error = ConnectionFailed("Cannot reach https://drp.example.com: Connection refused")
    text = "The server cannot be read: Cannot reach https://drp.example.com: Connection refused"
    assert text in made.failed()["msg"]
    assert "Connection refused" in made.progress()


def test_check_mode_is_no_failure() -> None:
    result = report(watch(machine("m1")), single=True, seconds=0).pending()
    assert "failed" not in result
    assert result["outcome"] == "pending"
    assert result["msg"].startswith("machine m1: not complete at once: workflow flow: task 2 of 4")


# -- many


def test_a_set() -> None:
    gone = watch(machine("m4"))
    gone.observe(None, 0)
    made = report(
        watch(machine("m1", 4)),
        failed("m2"),
        watch(machine("m3", 2)),
        gone,
        outcome="failed",
        client=Logs(**{"job-m2": b"broken\n"}),
    )
    result = made.failed()
    assert (result["complete"], result["failures"], result["total"]) == (1, 2, 4)
    assert [(entry["name"], entry["outcome"]) for entry in result["results"]] == [
        ("m1", "complete"),
        ("m2", "failed"),
        ("m3", "pending"),
        ("m4", "deleted"),
    ]
    assert [entry["reason"] for entry in result["results"]] == [
        "",
        "task say of stage first failed",
        "workflow flow: task 3 of 4 (more), wanted: complete",
        "it is gone",
    ]
    assert result["results"][1]["log"] == ["broken"]
    assert result["results"][1]["job"]["State"] == "failed"
    assert result["msg"].splitlines() == [
        "failed after 12 s: 1 of 4 are complete. 1 failed: m2: task say of stage first failed. "
        "1 deleted: m4: it is gone. 1 pending: m3: workflow flow: task 3 of 4 (more), wanted: complete",
        "The last lines of the log of m2, task say:",
        "  broken",
    ]
    assert "object" not in result


def test_a_set_of_which_some_are_enough() -> None:
    made = report(watch(machine("m1", 4)), watch(machine("m2")), watch(machine("m3")), required_count=2)
    assert "not complete after 12 s: 1 of 3 are complete, 2 are required. 2 pending: " in made.failed()["msg"]


def test_a_message_stays_short_and_the_result_is_whole() -> None:
    many = [failed(f"m{number:03}") for number in range(100)]
    logs = Logs(**{f"job-m{number:03}": b"x\n" for number in range(100)})
    result = report(*many, outcome="failed", client=logs).failed()
    assert "100 failed: m000: " in result["msg"]
    assert "; and 95 more" in result["msg"]
    assert "m005" not in result["msg"]
    assert len(result["results"]) == 100
    assert len(logs.asked) == 3, "and few logs are read"


def test_the_slowest_come_first() -> None:
    made = report(*(watch(machine(f"m{position}", position)) for position in (3, 0, 2)))
    text = made.failed()["msg"]
    assert text.index("m0: ") < text.index("m2: ") < text.index("m3: ")


def test_progress() -> None:
    made = report(watch(machine("m1", 4)), watch(machine("m2", 3)), watch(machine("m3", 0)), seconds=61)
    assert made.progress() == (
        "1 of 3 after 61 s, slowest: m3 (workflow flow: task 1 of 4 (stage:first), wanted: complete)"
    )
    assert report(watch(machine("m1", 4)), seconds=61).progress() == "1 of 1 after 61 s"
    few = report(watch(machine("m1", 4)), watch(machine("m2", 3)), required_count=1, seconds=5)
    assert few.progress().startswith("1 of 1 after 5 s")


# -- secrets


@pytest.mark.parametrize("operator", ["equals", "matches", "in", "exists"])
@pytest.mark.parametrize("member", ["Secret", "/Secret", "Job.Token"])
def test_secrets_are_in_no_text(operator: str, member: str) -> None:
    """Not even those that a condition asks about."""
    wanted: t.Any = {"equals": "x", "matches": "^x$", "in": ["x"], "exists": False}[operator]
    asked = Compare(member, operator, wanted)
    holds = Compare(member, "exists", True)
    seen = job("j1", "running", Token=SECRET)
    one = Watch("machines", "uuid-m1", asked, with_job=True)
    two = Watch("machines", "uuid-m2", asked, holds, with_job=True)
    for each, name in ((one, "m1"), (two, "m2")):
        each.item = machine(name, CurrentJob="j1")
        each.observe_job(seen, 0)
    assert [one.outcome, two.outcome] == ["pending", "failed"]
    made = report(one, two, client=Logs(j1=b""))
    everything = json.dumps([made.failed(), made.pending(), made.progress()])
    alone = report(two, outcome="failed", client=Logs(j1=b""), single=True)
    everything += json.dumps([alone.failed(), alone.complete()])
    assert SECRET not in everything
    assert "(hidden)" in everything


def test_sealed_params_are_not_told() -> None:
    sealed = {"Key": SECRET, "Nonce": "n", "Payload": SECRET}
    one = Watch("profiles", "p1", Compare("Params.password", "equals", "x"))
    one.observe({"Name": "p1", "Params": {"password": sealed}}, 0)
    result = report(one, single=True).failed()
    assert SECRET not in json.dumps(result)
    assert "Params.password is '(hidden)', wanted: another value" in result["msg"]
