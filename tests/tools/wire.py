# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay recorded requests against fresh simulators: wire.py path/to/replay.py [SCENARIO ...]

The folder of the script and each folder below it with recordings gets a server of its own.  Steps that
tests/simulator/README.md lists may differ; every other difference is a failure, and so is a listed step
that does not differ any more.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
LIST = TESTS / "simulator" / "README.md"
MOST_LEFT_OUT = 0.03

Step = tuple[str, int]
_ROW = re.compile(r"^\| *([\w-]+) *\| *([\d, ]+?) *\| *(\S.*?) *\|$", re.MULTILINE)
_DIFFERENT = re.compile(r"^([\w-]+) step (\d+) \(", re.MULTILINE)
_OTHER = re.compile(r"^[\w-]+: (?:broke off:.*|\d+ steps, want \d+)$", re.MULTILINE)


def left_out(text: str) -> set[Step]:
    """The steps that a table of ``| scenario | steps | reason |`` names."""
    return {
        (name, int(number)) for name, numbers, _why in _ROW.findall(text) for number in numbers.split(",")
    }


def judge(output: str, listed: Iterable[Step], replayed: Iterable[str]) -> list[str]:
    """What is wrong with what the replay printed, given the steps that may differ."""
    listed, replayed = set(listed), set(replayed)
    different = {(name, int(number)) for name, number in _DIFFERENT.findall(output)}
    stale = {step for step in listed - different if step[0] in replayed}
    return [
        *(f"{name} step {number} differs" for name, number in sorted(different - listed)),
        *(f"{name} step {number} is listed but does not differ" for name, number in sorted(stale)),
        *_OTHER.findall(output),
    ]


def recordings(folder: Path) -> dict[str, int]:
    """How many steps each scenario of a folder has."""
    return {path.stem: len(json.loads(path.read_text())) for path in sorted(folder.glob("golden/*.json"))}


def replay(script: Path, folder: Path, scenarios: list[str]) -> str:
    """What the script prints for the scenarios of a folder, on a fresh server."""
    from simulator.launch import Simulator

    environment = {name: value for name, value in os.environ.items() if not name.startswith("RS_")}
    with Simulator.start() as running:
        command = [sys.executable, str(script), running.endpoint, *scenarios, "--folder", str(folder)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        if "passed, " not in done.stdout:
            return f"replay: broke off: {done.stdout}"
        return done.stdout


def main(arguments: list[str]) -> int:
    script, asked = Path(arguments[0]), arguments[1:]
    if not script.is_file():
        print(f"wire: skipped: {script} is not here (name another with WIRE=)")
        return 0
    listed, total, problems = left_out(LIST.read_text()), 0, []
    for folder in [script.parent, *sorted(path.parent for path in script.parent.glob("*/golden"))]:
        known = recordings(folder)
        names = [name for name in known if not asked or name in asked]
        if not names:
            continue
        output = replay(script, folder, names)
        print(f"{folder.name}:\n{output}", end="")
        total += sum(known.values())
        problems += judge(output, listed, names)
    if not asked and len(listed) > MOST_LEFT_OUT * total:
        problems.append(f"{len(listed)} of {total} steps are left out, which is too many")
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))
    sys.exit(main(sys.argv[1:]))
