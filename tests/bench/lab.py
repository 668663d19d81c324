# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all measurements use: raw calls, our client, ansible-playbook, and the table."""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

from checkout import ANSIBLE_ENVIRONMENT

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".venv/collections"
COMMAND = Path(sys.executable).with_name("ansible-playbook")
Task = dict[str, t.Any]


@dataclasses.dataclass
class Row:
    """One line of the table: what was measured, ours, the raw call beside it, and the target."""

    what: str
    ours: float
    raw: float | None = None
    unit: str = "ms"
    requests: str = ""
    target: str = ""
    met: bool | None = None


@dataclasses.dataclass
class Lab:
    """A simulator with a raw session beside it."""

    simulator: Simulator
    folder: Path

    @property
    def connection(self) -> dict[str, t.Any]:
        return {
            "endpoint": self.simulator.endpoint,
            "username": USERNAME,
            "password": PASSWORD,
            "ca_path": self.simulator.ca,
            "token_cache": str(self.folder / "tokens"),
        }

    def fresh(self) -> Api:
        """An empty server, and a logged-in session that keeps its connection."""
        self.simulator.reset()
        return Api(self.simulator)

    def play(self, *tasks: Task) -> list[float]:
        """Run the tasks in one play; the seconds that each took, as the controller saw it."""
        log = self.folder / "timing.json"
        log.unlink(missing_ok=True)
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "module_defaults": {"group/digitalrebar.provision.drp": self.connection},
            "tasks": list(tasks),
        }
        book = self.folder / "play.yml"
        book.write_text(json.dumps([play]), encoding="utf-8")
        done = subprocess.run(
            [str(COMMAND), "-i", "localhost,", "-c", "local", str(book)],
            env={
                **os.environ,
                **ANSIBLE_ENVIRONMENT,
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callbacks")),
                "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
                "BENCH_SECONDS": str(log),
            },
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        seconds: list[float] = json.loads(log.read_text(encoding="utf-8"))
        return seconds


def clock(work: Callable[[], t.Any]) -> float:
    """Seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def median(work: Callable[[], t.Any], times: int) -> float:
    return statistics.median(clock(work) for _number in range(times))


def machine(number: int) -> dict[str, t.Any]:
    return {
        "Name": f"node-{number:04d}.example.com",
        "Description": f"Machine {number}",
        "Params": {"rack/number": number, "rack/name": "r1"},
    }


def table(rows: list[Row]) -> str:
    """The rows as aligned text."""
    lines = [("measured", "ours", "raw", "ratio", "requests", "target", "")]
    for row in rows:
        raw = "" if row.raw is None else f"{row.raw:.2f} {row.unit}"
        ratio = f"{row.ours / row.raw:.2f}" if row.raw else ""
        met = {None: "", True: "met", False: "MISSED"}[row.met]
        lines.append((row.what, f"{row.ours:.2f} {row.unit}", raw, ratio, row.requests, row.target, met))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 4, 5, 6) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
