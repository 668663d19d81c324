# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words about many bytes, not too many of them."""

from __future__ import annotations

from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.files.progress import (
    ProgressReporter,
)

MIB = 1 << 20


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_once_a_second() -> None:
    clock, said = Clock(), list[str]()
    meter = ProgressReporter(said.append, "uploading x.iso", clock)
    for step in range(100):
        clock.now = step / 25
        meter(step * 10 * MIB, 1024 * MIB)
    assert said == [
        "uploading x.iso: 250 of 1024 MiB",
        "uploading x.iso: 500 of 1024 MiB",
        "uploading x.iso: 750 of 1024 MiB",
    ]


def test_what_is_quick_says_nothing() -> None:
    clock, said = Clock(), list[str]()
    ProgressReporter(said.append, "uploading x", clock)(MIB, MIB)
    assert said == []


def test_small_and_unknown_sizes() -> None:
    clock, said = Clock(), list[str]()
    meter = ProgressReporter(said.append, "downloading x", clock)
    for done, total in ((0, None), (MIB // 2, 3 * MIB)):
        clock.now += 1
        meter(done, total)
    assert said == ["downloading x: 0 MiB", "downloading x: 0.5 of 3.0 MiB"]
