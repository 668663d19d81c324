# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of 1 GiB to the server and back, beside curl."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .lab import COLLECTIONS, Lab, Row, clock
from .transfer import NAME

MIB = 1 << 20
SIZE = 1024
"""MiB."""
REPEATS = 4
LEAST = 0.95
LEAST_VERIFIED = 0.9
"""Of the speed of curl, which verifies nothing."""
MOST_MEMORY = 60.0


def measure(lab: Lab) -> list[Row]:
    """curl and ours in turn, forth and back: a slow moment of the computer, or a disk that has yet to write
    what the one before has sent, hits each.  The median counts.
    """
    raw = lab.fresh()
    source, target = lab.folder / "source.bin", lab.folder / "target.bin"
    _fill(source)
    speeds: dict[str, list[float]] = {}
    peaks: dict[str, float] = {}

    def note(name: str, seconds: float, peak: float = 0.0) -> None:
        speeds.setdefault(name, []).append(SIZE / seconds)
        peaks[name] = max(peak, peaks.get(name, 0.0))

    url = f"{lab.simulator.endpoint}/api/v3/files/{NAME}"
    curl = ["curl", "-sS", "--fail", "--noproxy", "*", "--cacert", lab.simulator.ca]
    curl += ["-H", f"Authorization: {raw.authorization}", url]
    there = ["-X", "POST", "-H", "Content-Type: application/octet-stream", "-H", "Expect:", "-T", str(source)]
    upload, download = [*curl, *there], [*curl, "-o", str(target)]
    runs: list[tuple[str, Callable[[], tuple[float, float]]]] = [
        ("curl upload", lambda: (clock(_runs(upload)), 0.0)),
        ("upload", lambda: _ours(lab, "upload", source)),
        ("upload hashed", lambda: _ours(lab, "upload_hashed", source)),
        ("sha256sum and curl", lambda: (clock(_both(["sha256sum", str(source)], upload)), 0.0)),
        ("hash and upload", lambda: _ours(lab, "hash_and_upload", source)),
        ("curl download", lambda: (clock(_runs(download)), 0.0)),
        ("download", lambda: _ours(lab, "download", target)),
        ("curl and sha256sum", lambda: (clock(_both(download, ["sha256sum", str(target)])), 0.0)),
        ("save", lambda: _ours(lab, "save", target)),
    ]
    _runs(upload)()  # what a download would ask for is there, whichever comes first
    for number in range(REPEATS):
        for name, run in runs if number % 2 == 0 else reversed(runs):
            note(name, *run())
    for path in (source, target):
        path.unlink()
    speed = {name: statistics.median(values) for name, values in speeds.items()}
    return [
        row
        for what, ours, theirs in (
            ("upload 1 GiB", "upload", "curl upload"),
            ("hash 1 GiB and upload it", "hash and upload", "sha256sum and curl"),
            ("download 1 GiB", "download", "curl download"),
            ("download 1 GiB and hash it", "save", "curl and sha256sum"),
            ("download 1 GiB and hash it, beside curl alone", "save", "curl download"),
            ("upload 1 GiB and hash it meanwhile", "upload hashed", "curl upload"),
        )
        for row in _rows(what, speed[ours], speed[theirs], peaks[ours])
    ]


def _rows(what: str, ours: float, raw: float, peak: float) -> list[Row]:
    least = LEAST_VERIFIED if "hash" in what else LEAST
    fast = Row(what, ours, raw, "MiB/s", target=f">= {least:g} x curl", met=ours >= least * raw)
    small = Row(
        "  its peak memory", peak, None, "MiB", target=f"<= {MOST_MEMORY:g} MiB", met=peak <= MOST_MEMORY
    )
    return [fast, small]


def _ours(lab: Lab, way: str, path: Path) -> tuple[float, float]:
    """Seconds and MiB of one transfer by the client."""
    folders = [str(Path(__file__).resolve().parents[1]), str(COLLECTIONS)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.transfer", way, str(path), json.dumps(lab.connection)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    return told["seconds"], told["peak"]


def _runs(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _both(one: list[str], two: list[str]) -> Callable[[], object]:
    return lambda: (_runs(one)(), _runs(two)())


def _fill(path: Path) -> None:
    piece = os.urandom(MIB)
    with path.open("wb") as file:
        for _number in range(SIZE):
            file.write(piece)
