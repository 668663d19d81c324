# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-inventory with ten thousand machines, beside two scripts: one prints a file, one asks as of old.

The first script prints what our plugin makes, so it costs what Ansible itself costs and no request.  The
second makes the requests of drpmachines.py.  This server does not know its filter for profiles and refuses it
at once, as every v3.12 server does; a newer server would take longer over it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml
from checkout import ANSIBLE_ENVIRONMENT

from simulator.launch import PASSWORD, USERNAME

from .lab import ROOT, Api, Lab, Row

COMMAND = Path(sys.executable).with_name("ansible-inventory")
MACHINES = 10_000
MORE_MACHINES = 50_000
PARAMS = 20
PROFILES = 100
REPEATS = 3
REAL_LIST = 0.57
"""Seconds that a real v3.12 server takes longer than this one to list so many machines, see design.md."""

SEVEN: dict[str, t.Any] = {
    "compose": {
        "ansible_user": "'root' if drp.BootEnv == 'sledgehammer' else 'admin'",
        "rack": "drp_params['rack/name']",
    },
    "groups": {"idle": "drp.Runnable and drp.Stage == 'none'", "broken": "not drp.Available"},
    "keyed_groups": [
        {"key": "drp.Arch", "prefix": "arch"},
        {"key": "drp.Workflow | default('none', true)", "prefix": "wf"},
        {"key": "drp_params['rack/name'] | default('none')", "prefix": "rack"},
    ],
}
# A small process starts the command: the memory of the one that starts it would count as the command's.
_RUN = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:])
_pid, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
print(json.dumps([seconds, usage.ru_maxrss]), file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
ONE_IN_JINJA: dict[str, t.Any] = {"compose": {"short": "drp.Name | upper"}}


@dataclasses.dataclass
class Cost:
    """What runs of a command have cost: seconds on the clock, and megabytes at most."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    memory: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


class Bench:
    """Runs ansible-inventory on sources, and adds up what it costs."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._costs: dict[tuple[str, str], Cost] = {}

    def source(self, name: str, **options: t.Any) -> Path:
        path = self._lab.folder / f"{name}.drp.yml"
        document = {"plugin": "digitalrebar.provision.drp", **self._lab.connection, **options}
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    def script(self, name: str, command: str) -> Path:
        path = self._lab.folder / name
        path.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def run(self, source: Path, action: str) -> Cost:
        cost = self._costs.setdefault((source.name, action), Cost())
        with self._output(source, action).open("wb") as target:
            done = subprocess.run(
                [sys.executable, "-c", _RUN, str(COMMAND), "-i", str(source), action],
                stdout=target,
                stderr=subprocess.PIPE,
                env=self._environment(),
                check=False,
            )
        *told, numbers = done.stderr.decode().splitlines()
        if done.returncode or any("Failed to parse" in line for line in told):
            raise RuntimeError("\n".join(told))
        seconds, kilobytes = json.loads(numbers)
        cost.seconds.append(seconds)
        cost.memory = max(cost.memory, kilobytes / 1024)
        return cost

    def cost(self, source: Path, action: str) -> Cost:
        return self._costs[source.name, action]

    def _output(self, source: Path, action: str) -> Path:
        return self._lab.folder / f"{source.name}{action}.out"

    def output(self, source: Path, action: str) -> str:
        return self._output(source, action).read_text(encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **ANSIBLE_ENVIRONMENT,
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "RS_ENDPOINT": self._lab.simulator.endpoint,
            "RS_KEY": f"{USERNAME}:{PASSWORD}",
        }


def measure(lab: Lab) -> list[Row]:
    api = lab.fresh()
    for number in range(PROFILES):
        _add(api, "profiles", {"Name": f"profile-{number:03d}", "Params": {"role/name": f"role {number}"}})
    _add_machines(api, 0, MACHINES)
    bench = Bench(lab)
    rows = _beside_scripts(lab, bench) + _expressions(bench) + _cached(lab, bench) + _pages(bench)
    _add_machines(api, MACHINES, MORE_MACHINES)
    return rows + _many_more(lab, bench)


def _beside_scripts(lab: Lab, bench: Bench) -> list[Row]:
    ours = bench.source("ours")
    bench.run(ours, "--list")  # logs in, and compiles what Python has not compiled yet
    document = json.loads(bench.output(ours, "--list"))
    (lab.folder / "data.json").write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    floor = bench.script("floor", f"cat {lab.folder / 'data.json'}")
    incumbent = f"{sys.executable} {ROOT / 'tests/integration/legacy_inventory.py'}"
    asking = bench.script("asking", f"{incumbent} --valid-names")
    counts = []
    for source in (ours, asking):
        lab.simulator.reset_stats()
        bench.run(source, "--graph")
        counts.append(str(lab.simulator.stats()["requests"]))
    for _number in range(REPEATS):
        for source in (ours, floor):
            listed, graph = bench.run(source, "--list"), bench.run(source, "--graph")
            print(f"  {source.name}: {graph.seconds[-1]:.1f} s, list {listed.seconds[-1]:.1f} s", flush=True)
        bench.run(asking, "--graph")
    graph, whole = bench.cost(ours, "--graph"), bench.cost(ours, "--list")
    by_file, by_asking = bench.cost(floor, "--graph"), bench.cost(asking, "--graph")
    listed = bench.cost(floor, "--list")
    names = bench.run(bench.script("raw-names", incumbent), "--graph")
    return [
        _row("--graph, beside the script that prints a file", graph.median, by_file.median, 0.6),
        _row("--graph, beside the requests of drpmachines.py", graph.median, by_asking.median, 0.3),
        Row(
            "--graph, beside these with its names of variables",
            graph.median,
            names.median,
            "s",
            " / ".join(counts),
        ),
        _row("--list, beside the script that prints a file", whole.median, listed.median, 0.85),
        _row("--graph, memory beside that script", graph.memory, by_file.memory, 1.0, "MB"),
        _row("--list, memory beside that script", whole.memory, listed.memory, 1.0, "MB"),
    ]


def _row(what: str, ours: float, other: float, most: float, unit: str = "s") -> Row:
    return Row(what, ours, other, unit, "", f"<= {most:g} x", ours <= most * other)


def _compared(bench: Bench, what: str, one: Path, other: Path, most: float | None = None) -> Row:
    """The median of ``one`` beside that of ``other``, run in turn."""
    for _number in range(2 * REPEATS - 1):
        first, second = bench.run(one, "--graph"), bench.run(other, "--graph")
    if most is None:
        return Row(what, first.median, second.median, "s")
    return _row(what, first.median, second.median, most)


def _expressions(bench: Bench) -> list[Row]:
    plain = bench.source("plain")
    return [
        _compared(
            bench, "7 constructed expressions, beside none", bench.source("seven", **SEVEN), plain, 1.3
        ),
        _compared(
            bench,
            "1 expression that needs Jinja, beside none",
            bench.source("jinja", **ONE_IN_JINJA),
            plain,
            None,
        ),
    ]


def _cached(lab: Lab, bench: Bench) -> list[Row]:
    plain = bench.source("uncached")
    cached = bench.source("cached", **_cache_options(lab, "cache"))
    bench.run(cached, "--list")
    here = _compared(bench, "cached, beside uncached", cached, plain, None)
    nothing = lab.folder / "nothing.yml"
    nothing.write_text("all: {hosts: {one: {}}}\n", encoding="utf-8")
    floor = _compared(bench, "ansible-inventory of one host, beside uncached", nothing, plain)
    slow = bench.source("uncached-slow")
    lab.simulator.fault("delay", "^machines", times=0, delay=REAL_LIST)
    there = _compared(bench, "cached, beside uncached at the pace of a real server", cached, slow, 0.45)
    lab.simulator.clear_faults()
    return [here, floor, there]


def _cache_options(lab: Lab, folder: str) -> dict[str, t.Any]:
    return {
        "cache": True,
        "cache_plugin": "jsonfile",
        "cache_connection": str(lab.folder / folder),
        "cache_timeout": 0,
    }


def _pages(bench: Bench) -> list[Row]:
    paged = bench.source("paged", page_size=1000)
    return [
        _compared(bench, "pages of 1000 side by side, beside one list", paged, bench.source("whole"), None)
    ]


def _many_more(lab: Lab, bench: Bench) -> list[Row]:
    many, cached = bench.source("many"), bench.source("many-cached", **_cache_options(lab, "many"))
    graph, whole = bench.run(many, "--graph"), bench.run(many, "--list")
    bench.run(cached, "--list")
    again = bench.run(cached, "--graph")
    return [
        Row(f"--graph of {MORE_MACHINES} machines, cached, beside uncached", again.median, graph.median, "s"),
        Row("  its memory beside uncached", again.memory, graph.memory, "MB"),
        Row(f"--graph of {MORE_MACHINES} machines", graph.median, None, "s"),
        Row(f"--list of {MORE_MACHINES} machines", whole.median, None, "s"),
        Row(f"--graph of {MORE_MACHINES} machines, memory", graph.memory, None, "MB"),
        Row(f"--list of {MORE_MACHINES} machines, memory", whole.memory, None, "MB"),
    ]


def _add(api: Api, kind: str, item: dict[str, t.Any]) -> None:
    answer = api("POST", kind, json=item)
    if answer.status_code != 201:
        raise RuntimeError(answer.text)


def _add_machines(api: Api, start: int, end: int) -> None:
    for number in range(start, end):
        params: dict[str, t.Any] = {f"rack/p{one:02d}": f"value {number} {one}" for one in range(PARAMS - 5)}
        params |= {"rack/name": f"r{number % 40}", "rack/number": number % 40, "rack/flag": bool(number % 2)}
        params |= {"rack/list": ["a", "b", number], "rack/map": {"x": number, "y": {"z": "deep"}}}
        _add(
            api,
            "machines",
            {
                "Name": f"node-{number:05d}.example.com",
                "Address": f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}",
                "Description": f"Machine {number}",
                "Profiles": [f"profile-{(number * 7 + one) % PROFILES:03d}" for one in range(3)],
                "Params": params,
            },
        )
