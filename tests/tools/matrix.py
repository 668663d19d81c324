# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``matrix.py [cores=2.21|oldest|newest] [pythons=3.12] [layers=sanity,units]``: tests on other cores.

Each combination gets an environment below .venv/matrix, which stays for the next time.  What is not found on
this machine is in the table as well.  ``layers=bin`` only makes the environments, and prints their folders.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".venv/matrix"
REQUIREMENTS = (ROOT / "requirements-dev.txt", ROOT / "tests/unit/requirements.txt")
CORES = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
    "2.22": ("3.13", "3.14", "3.15"),
}
"""ansible-core -> the Pythons on which its controller may run."""
BY_ANSIBLE_TEST = {
    "sanity": ["sanity"],
    "units": ["units", "--requirements"],
    "targets": ["integration", "--requirements"],
}
"""layer -> the words for ansible-test"""
BY_ANSIBLE = {"integration": ["tests/integration", "--ignore=tests/integration/agent"]}
"""Layers of which only Ansible's commands run in the environment, the tests themselves in .venv; those of the
agent run no Ansible."""
WORKERS = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
LAYERS = (*BY_ANSIBLE_TEST, "contract", *BY_ANSIBLE)
EDGES = ("oldest", "newest")
"""Instead of a core: the one of all that can be had here, on one Python of that kind."""
BIN = "bin"
"""Instead of layers."""
SIMULATOR_PYTHON = (3, 11)
TARGETS = ("3.9", "3.10")
"""Pythons on which only modules and the agent run: sanity compiles and imports for them."""
_SKIPPED = ("ansible-rulebook", "ansible-builder", "ansible-lint", "antsibull", "mypy", "ruff")
_SKIPPED += ("types-", "reuse")
"""Tools that are the same on all of them, and need not be installed again."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """One ansible-core on one Python."""

    core: str
    python: str

    @property
    def folder(self) -> Path:
        return WORK / f"core-{self.core}-python-{self.python}"

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def ready(self) -> bool:
        """Whether it is there, and made after the requirements were changed for the last time."""
        mark = self.folder / ".ready"
        return mark.exists() and all(mark.stat().st_mtime > path.stat().st_mtime for path in REQUIREMENTS)


def find(version: str) -> str | None:
    """An interpreter of that version, on the PATH or among those of pyenv."""
    found = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [found] if found else []
    candidates += [str(path) for path in sorted(pyenv.glob(f"{version}.*/bin/python"))]
    for candidate in candidates:
        told = subprocess.run(
            [candidate, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if told.stdout.strip() == version:
            return candidate
    return None


def for_target(version: str, interpreter: str, path: str) -> dict[str, str]:
    """What ansible_test.sh has to be told to test for another Python than its own; ``path`` is the PATH."""
    return {"PATH": f"{path}:{Path(interpreter).parent}", "ANSIBLE_TEST_PYTHON": version}


def prepare(cell: Cell, interpreter: str) -> str:
    """Make the environment; "" or what went wrong."""
    if cell.ready:
        return ""
    shutil.rmtree(cell.folder, ignore_errors=True)
    wanted = [
        line
        for line in REQUIREMENTS[0].read_text().splitlines()
        if line and not line.startswith(("#", "-r", "ansible-core", *_SKIPPED))
    ]
    lower, upper = cell.core, f"{cell.core.split('.')[0]}.{int(cell.core.split('.')[1]) + 1}.0rc1"
    pip = [str(cell.bin / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    requirements = ["-r", str(REQUIREMENTS[1])]
    for command in (
        [interpreter, "-m", "venv", str(cell.folder)],
        [*pip, "--no-input", f"ansible-core>={lower},<{upper}", *requirements, *wanted],
    ):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            return (done.stdout + done.stderr).strip().splitlines()[-1][:100]
    (cell.folder / ".ready").touch()
    return ""


def run(cell: Cell, layer: str, target: str = "", interpreter: str = "") -> str:
    """Run one layer; what the table says of it.  The whole output goes to build/matrix.

    With ``target``, the version of another Python, and its interpreter ansible-test tests for that.
    """
    tested = f"{target}-target" if target else cell.python
    log = ROOT / "build/matrix" / f"{cell.core}-{tested}-{layer}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{cell.bin}:{os.environ['PATH']}", "RS_ENDPOINT": ""}
    if layer in BY_ANSIBLE_TEST:
        command = [str(ROOT / "tests/tools/ansible_test.sh"), *BY_ANSIBLE_TEST[layer]]
        environment.update(ANSIBLE_TEST_BIN=str(cell.bin), ANSIBLE_TEST_COLOR="no")
        if target:
            environment.update(for_target(target, interpreter, environment["PATH"]))
            command += ["--test", "compile", "--test", "import"] if layer == "sanity" else []
    else:
        if layer in BY_ANSIBLE:
            environment["ANSIBLE_BIN"] = str(cell.bin)
            python, more = ROOT / ".venv/bin/python", WORKERS
        elif tuple(map(int, cell.python.split("."))) < SIMULATOR_PYTHON:
            return ""
        else:
            python, more = cell.bin / "python", []
        command = [str(python), "-m", "pytest", "-q", *BY_ANSIBLE.get(layer, [f"tests/{layer}"]), *more]
    start = time.monotonic()
    with log.open("w") as output:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    seconds = time.monotonic() - start
    return f"{'passed' if done.returncode == 0 else 'FAILED'} {seconds:.0f} s"


def row_of(cell: Cell, layers: list[str]) -> list[str]:
    """What the table says of one core on one Python."""
    row = [cell.core, cell.python]
    interpreter = find(cell.python)
    problem = prepare(cell, interpreter) if interpreter else ""
    if "No matching distribution" in problem:
        return [*row, *["not in the index"] * len(layers)]
    if not interpreter or problem:
        return [*row, *[f"FAILED to install: {problem}" if problem else "not found"] * len(layers)]
    for layer in layers:
        row.append(run(cell, layer))
        print(f"ansible-core {cell.core}, Python {cell.python}, {layer}: {row[-1]}", flush=True)
    return row


def row_of_target(cell: Cell, python: str, layers: list[str]) -> list[str]:
    """The same of a Python that only the targets of that core may have."""
    row = [cell.core, f"{python} (target)"]
    interpreter = find(python)
    for layer in layers:
        if layer not in ("sanity", "units"):
            row.append("")
            continue
        row.append(run(cell, layer, python, interpreter) if interpreter else "not found")
        print(f"ansible-core {cell.core}, target {python}, {layer}: {row[-1]}", flush=True)
    return row


def edge(which: str) -> Cell | None:
    """The oldest core on the oldest Python, or the newest on the newest, of those that can be had."""
    cells = [Cell(core, python) for core, pythons in CORES.items() for python in pythons]
    if which == "newest":
        cells.reverse()
    for cell in cells:
        interpreter = find(cell.python)
        if interpreter and not prepare(cell, interpreter):
            return cell
    return None


def core_rows(cores: list[str], pythons: list[str], layers: list[str]) -> list[list[str]]:
    rows = []
    for core in cores:
        cells = [Cell(core, python) for python in CORES[core]]
        rows += [row_of(cell, layers) for cell in cells if cell.python in pythons]
        ready = [cell for cell in cells if cell.ready]
        if ready:
            rows += [row_of_target(ready[0], python, layers) for python in TARGETS if python in pythons]
    return rows


def main(words: list[str]) -> int:
    told = dict(word.split("=", 1) for word in words if "=" in word and word.split("=", 1)[1])
    cores = told.get("cores", ",".join(CORES)).split(",")
    layers = told.get("layers", ",".join(LAYERS)).split(",")
    pythons = told["pythons"].split(",") if "pythons" in told else [*sum(CORES.values(), TARGETS)]
    wrong = [name for name in cores if name not in (*CORES, *EDGES)]
    wrong += [name for name in layers if name not in (*LAYERS, BIN)]
    if wrong:
        known = ", ".join((*CORES, *EDGES)), ", ".join((*LAYERS, BIN))
        sys.exit(f"unknown: {', '.join(wrong)}; there are {known[0]} and {known[1]}")
    edges = [cell for which in EDGES if which in cores and (cell := edge(which))]
    if layers == [BIN]:
        print("\n".join(str(cell.bin) for cell in edges))
        return 0
    rows = [["core", "python", *layers], *(row_of(cell, layers) for cell in edges)]
    rows += core_rows([core for core in cores if core not in EDGES], pythons, layers)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 1 if len(rows) == 1 or any("FAILED" in cell for row in rows for cell in row) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
