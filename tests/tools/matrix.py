# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``matrix.py [cores=2.21] [pythons=3.12] [layers=sanity,unit]``: the tests on each core and Python here.

Each combination gets an environment below .venv/matrix, which stays for the next time.  What is not found on
this machine is in the table as well.
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
CORES = {
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
"""ansible-core -> the Pythons on which its controller may run."""
LAYERS = ("sanity", "unit", "contract", "integration")
TARGETS = ("3.9", "3.10")
"""Pythons on which only modules and the agent run; ansible-test compiles and imports for them."""
_SKIPPED = ("ansible-rulebook", "ansible-builder", "ansible-lint", "antsibull", "mypy", "ruff", "types-")
_SKIPPED += ("yamllint", "reuse")
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


def prepare(cell: Cell, interpreter: str) -> str:
    """Make the environment; "" or what went wrong."""
    if (cell.folder / ".ready").exists():
        return ""
    shutil.rmtree(cell.folder, ignore_errors=True)
    wanted = [
        line.split("#")[0].strip()
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if line.split("#")[0].strip() and not line.startswith(("-r", "ansible-core", *_SKIPPED))
    ]
    lower, upper = cell.core, f"{cell.core.split('.')[0]}.{int(cell.core.split('.')[1]) + 1}.0rc1"
    pip = [
        str(cell.bin / "python"),
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-input",
    ]
    for command in (
        [interpreter, "-m", "venv", str(cell.folder)],
        [*pip, f"ansible-core>={lower},<{upper}", "-r", str(ROOT / "requirements.txt"), *wanted],
    ):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            return (done.stdout + done.stderr).strip().splitlines()[-1][:100]
    (cell.folder / ".ready").touch()
    return ""


def run(cell: Cell, layer: str, target: str = "") -> str:
    """Run one layer; what the table says of it.  The whole output goes to build/matrix.

    With ``target``, a path of an interpreter, sanity only compiles and imports for that.
    """
    python = Path(target).parent.parent.name if target else cell.python
    log = ROOT / "build/matrix" / f"{cell.core}-{python}-{layer}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{cell.bin}:{os.environ['PATH']}", "RS_ENDPOINT": ""}
    if layer == "sanity":
        command = [str(ROOT / "tests/tools/sanity.sh")]
        environment.update(SANITY_BIN=str(cell.bin), SANITY_COLOR="no")
        if target:
            environment["PATH"] += f":{Path(target).parent}"
            environment["SANITY_PYTHON"] = ".".join(python.split(".")[:2])
            command += ["--test", "compile", "--test", "import"]
    else:
        more = ["-n", "auto", "--maxprocesses", "4"] if layer == "integration" else []
        command = [str(cell.bin / "python"), "-m", "pytest", "-q", f"tests/{layer}", *more]
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


def main(words: list[str]) -> int:
    told = dict(word.split("=", 1) for word in words if "=" in word and word.split("=", 1)[1])
    cores = told.get("cores", ",".join(CORES)).split(",")
    layers = told.get("layers", ",".join(LAYERS)).split(",")
    pythons = told.get("pythons", ",".join({name: "" for names in CORES.values() for name in names})).split(
        ","
    )
    wrong = [name for name in cores if name not in CORES] + [name for name in layers if name not in LAYERS]
    if wrong:
        sys.exit(f"unknown: {', '.join(wrong)}; there are {', '.join(CORES)} and {', '.join(LAYERS)}")
    rows = [["core", "python", *layers]]
    for core in cores:
        for python in [python for python in CORES[core] if python in pythons]:
            cell, interpreter = Cell(core, python), find(python)
            if interpreter is None:
                rows.append([core, python, *["not found"] * len(layers)])
                continue
            problem = prepare(cell, interpreter)
            if problem:
                rows.append([core, python, f"FAILED to install: {problem}", *[""] * (len(layers) - 1)])
                continue
            row = [core, python]
            for layer in layers:
                row.append(run(cell, layer))
                print(f"ansible-core {core}, Python {python}, {layer}: {row[-1]}", flush=True)
            rows.append(row)
        ready = [
            cell
            for cell in (Cell(core, python) for python in CORES[core])
            if (cell.folder / ".ready").exists()
        ]
        for python in TARGETS if "sanity" in layers and ready and "pythons" not in told else ():
            interpreter = find(python)
            said = run(ready[0], "sanity", interpreter) if interpreter else "not found"
            rows.append(
                [core, f"{python} (target)", *(said if layer == "sanity" else "" for layer in layers)]
            )
            print(f"ansible-core {core}, Python {python} as a target: {said}", flush=True)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 1 if any("FAILED" in cell for row in rows for cell in row) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
