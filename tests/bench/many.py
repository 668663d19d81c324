# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand machines in one task, beside the same requests in a plain loop on one connection."""

from __future__ import annotations

import statistics
import typing as t

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.modules.drp_object import SPEC, run
from simulator.testing import Api

from .items import options
from .lab import Lab, Row, clock, machine

COUNT = 1000
REPEATS = 3
MOST = 0.8
MOST_EACH = 0.8
"""Milliseconds of an unchanged machine above a task that takes as many and does nothing."""
NUMBERS_OF_WORKERS = (1, 4, 8, 16)
REAL_WRITE = 0.002
"""Seconds that a real v3.12 server takes longer for a write than the embedded one."""


def resources() -> list[dict[str, t.Any]]:
    return [{"kind": "machines", "spec": machine(number)} for number in range(COUNT)]


def measure(lab: Lab) -> list[Row]:
    """Raw and ours in turn, so that a slow moment of the computer hits both."""
    times: dict[str, list[float]] = {}
    counts: dict[str, int] = {}

    def note(name: str, seconds: float) -> None:
        times.setdefault(name, []).append(seconds)
        counts[name] = lab.simulator.stats()["requests"]
        lab.simulator.reset_stats()

    for _number in range(REPEATS):
        _raw(lab, note)
        _runner(lab, note)
        _task(lab, note)
    raw_slow, task_slow, by_workers = _at_real_pace(lab)
    seconds = {name: statistics.median(values) for name, values in times.items()}
    each = 1000 * (seconds["same task"] - seconds["nothing"]) / COUNT
    return [
        *(
            Row(
                f"create {COUNT} machines, {way}",
                seconds[f"create {way}"],
                seconds["create raw"],
                "s",
                f"{counts[f'create {way}']} / {counts['create raw']}",
            )
            for way in ("runner", "task")
        ),
        *(
            Row(
                f"find {COUNT} machines unchanged, {way}",
                seconds[f"same {way}"],
                seconds["same raw"],
                "s",
                f"{counts[f'same {way}']} / {counts['same raw']}",
                "<= 1 + pages requests",
                counts[f"same {way}"] <= 2,
            )
            for way in ("runner", "task")
        ),
        Row("task of Ansible that takes as many and does nothing", seconds["nothing"], None, "s"),
        Row(
            "  what an unchanged machine costs above that",
            each,
            target=f"<= {MOST_EACH:g} ms",
            met=each <= MOST_EACH,
        ),
        Row(
            f"create {COUNT} machines at the pace of a real server, task",
            task_slow,
            raw_slow,
            "s",
            "",
            f"<= {MOST:g} x raw",
            task_slow <= MOST * raw_slow,
        ),
        *(
            Row(f"  the same by the runner, workers: {number}", taken, raw_slow, "s")
            for number, taken in by_workers.items()
        ),
    ]


Note = t.Callable[[str, float], None]


def _raw(lab: Lab, note: Note, pace: float = 0.0) -> None:
    raw = _fresh(lab, pace)
    keys: list[str] = []

    def create() -> None:
        for number in range(COUNT):
            keys.append(raw("POST", "machines", json=machine(number)).json()["Uuid"])

    lab.simulator.reset_stats()
    note("create raw", clock(create))
    note("same raw", clock(lambda: [raw("GET", f"machines/{key}").json() for key in keys]))


def _runner(lab: Lab, note: Note) -> None:
    lab.fresh()
    given = options(SPEC, **lab.connection, resources=resources())
    runner.run(run, options(SPEC, **lab.connection, kind="profiles", id="none", state="absent"))
    lab.simulator.reset_stats()
    note("create runner", clock(lambda: _all(runner.run(run, given), "created")))
    note("same runner", clock(lambda: _all(runner.run(run, given), "unchanged")))


def _task(lab: Lab, note: Note, pace: float = 0.0) -> None:
    _fresh(lab, pace)
    # the first task logs in: its requests are not those of the work
    login = {"digitalrebar.provision.drp_machine": {"name": "none", "state": "absent"}}
    task = {"digitalrebar.provision.drp_object": {"resources": resources()}}
    lab.play(login)
    lab.simulator.reset_stats()
    note("create task", lab.play(task)[0])
    note("same task", lab.play(task)[0])
    note("nothing", lab.play({"ansible.builtin.set_fact": {"resources": resources()}})[0])


def _at_real_pace(lab: Lab) -> tuple[float, float, dict[int, float]]:
    """Seconds of the raw loop, of the task, and by the number of workers, all when each write waits as long
    as it does on a real server.  Without that the embedded server, which has one processor, is what counts.
    """
    times: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        times.setdefault(name, []).append(seconds)

    for _number in range(REPEATS):
        _raw(lab, note, REAL_WRITE)
        _task(lab, note, REAL_WRITE)
        for number in NUMBERS_OF_WORKERS:
            _fresh(lab, REAL_WRITE)
            given = options(SPEC, **lab.connection, resources=resources(), workers=number)
            note(f"workers {number}", _seconds_of(given))
    lab.fresh()
    middle = {name: statistics.median(values) for name, values in times.items()}
    by_workers = {number: middle[f"workers {number}"] for number in NUMBERS_OF_WORKERS}
    return middle["create raw"], middle["create task"], by_workers


def _seconds_of(given: dict[str, t.Any]) -> float:
    runner.run(run, {**given, "resources": None, "kind": "profiles", "id": "none", "state": "absent"})
    return clock(lambda: _all(runner.run(run, given), "created"))


def _fresh(lab: Lab, pace: float) -> Api:
    """An empty server, which waits ``pace`` seconds before it makes a machine."""
    raw = lab.fresh()
    if pace:
        lab.simulator.fault("delay", "^machines$", "POST", times=0, delay=pace)
    return raw


def _all(result: dict[str, t.Any], action: str) -> None:
    actions = {entry["action"] for entry in result.get("results", [])}
    if result.get("failed") or actions != {action}:
        raise RuntimeError(f"not all {action}: {result.get('msg', actions)}")
