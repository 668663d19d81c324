# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of docs/ as somebody works through it: writes the files that it shows, types the commands."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

from checkout import ANSIBLE_BIN, ROOT
from patience import LIMIT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.yml)\n")


def blocks(page: str) -> t.Iterator[tuple[str, str]]:
    """Language and text of all blocks that have a language."""
    for found in BLOCK.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        yield found[1], found[2]


class GuideRunner:
    """Does what a page says, in one folder and one shell, with ``replaced`` in the place of its addresses."""

    def __init__(self, folder: Path, environment: dict[str, str], replaced: dict[str, str]) -> None:
        self._folder = folder
        self._environment = {name: text for name, text in environment.items() if not name.startswith("RS_")}
        self._environment["PATH"] = f"{ANSIBLE_BIN}:{ROOT / '.venv/bin'}:{environment['PATH']}"
        self._replaced = replaced
        self._exports = ""

    def write(self, text: str) -> None:
        found = FILE.match(text)
        assert found, f"a block of YAML without a file name: {text[:60]}"
        place = self._folder / found[1]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self._here(text), encoding="utf-8")

    def type(self, text: str) -> str:
        """What the commands print, each of which must succeed."""
        script = f"set -e\n{self._exports}{self._here(text)}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{text}{done.stdout}{done.stderr}"
        self._exports += "".join(re.findall(r"^export .*\n", self._here(text), re.MULTILINE))
        return done.stdout

    def _here(self, text: str) -> str:
        for before, after in self._replaced.items():
            text = text.replace(before, after)
        return text


def recaps(output: str, host: str) -> list[str]:
    """What the plays of an output say of a host in the end."""
    return re.findall(rf"^{re.escape(host)} +: (.*)$", output, re.MULTILINE)
