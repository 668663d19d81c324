# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of many objects, by a clock of the test."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.progress import (
    CountProgress,
    results_of,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.content import upload_progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_get_ever_more_seldom() -> None:
    clock = Clock()
    told: list[float] = []
    progress = CountProgress(lambda text: told.append(clock.now), 9, clock)
    for second in range(200):
        clock.now = float(second)
        progress.tick()
    assert told == [5, 15, 35, 75, 135, 195]


def test_a_line_says_count_rate_and_what_is_slowest() -> None:
    clock = Clock()
    progress = CountProgress(print, 500, clock)
    for number in range(120):
        with progress.at_work(f"machine m{number}"):
            pass
    with progress.at_work("machine slow"):
        clock.now = 8.0
        with progress.at_work("machine quick"):
            clock.now = 10.0
            assert progress.line() == "120 of 500 after 10 s, 12 per second, slowest: machine slow (10.0 s)"
        assert progress.line() == "121 of 500 after 10 s, 12 per second, slowest: machine slow (10.0 s)"
    clock.now = 200.0
    assert progress.line() == "122 of 500 after 200 s, 37 per minute"


def test_an_object_that_fails_is_done_too() -> None:
    progress = CountProgress(print, 2, Clock())
    with pytest.raises(ValueError, match="no"), progress.at_work("machine m1"):
        raise ValueError("no")
    assert progress.line() == "1 of 2 after 0 s, 0 per minute"


def test_results_come_in_order_and_errors_are_raised() -> None:
    ticks: list[int] = []
    go = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: go.wait(LIMIT) and "one")
        second = pool.submit(lambda: go.set() or "two")
        assert results_of([first, second], lambda: ticks.append(1)) == ["one", "two"]
        assert ticks
        with pytest.raises(ZeroDivisionError):
            results_of([pool.submit(lambda: 1 // 0)], lambda: None)


def test_the_upload_of_a_pack() -> None:
    clock = Clock()
    told: list[str] = []
    progress = upload_progress.UploadProgress(told.append, "content pack x", clock)

    def upload() -> str:
        for moment, sent in ((5.0, 1024 * 800), (15.0, 1024 * 4096), (16.0, 1024 * 4096)):
            progress.on_sent(sent, 1024 * 4096)
            clock.now = moment
            progress.tick()
        return "stored"

    assert progress.follow(upload) == "stored"
    assert told == [
        "content pack x: 800 of 4096 KiB sent after 5 s",
        "content pack x: sent (4096 KiB), the server checks it; 15 s so far",
    ]
