# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/tutorial.md, block by block and word for word, with the addresses of this server and this box."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from box import Box
from conftest import ROOT, Stage

from simulator.launch import Simulator
from simulator.testing import Api

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.yml)\n")


def blocks() -> t.Iterator[tuple[str, str]]:
    for found in BLOCK.finditer((ROOT / "docs/tutorial.md").read_text(encoding="utf-8")):
        yield found[1], found[2]


class Reader:
    """Does what the tutorial says, in one folder and one shell."""

    def __init__(self, server: Simulator, box: Box, stage: Stage, folder: Path) -> None:
        self.folder = folder
        self._exports = ""
        self._replaced = {"https://drp.example.com:8092": server.endpoint, "192.0.2.11": "127.0.0.1"}
        self._environment = {
            **stage.environment,
            "PATH": f"{ROOT / '.venv/bin'}:{stage.environment['PATH']}",
            "ANSIBLE_REMOTE_PORT": str(box.port),
            "ANSIBLE_PRIVATE_KEY_FILE": str(box.key),
            "ANSIBLE_SSH_COMMON_ARGS": box.host()["ansible_ssh_common_args"],
        }
        for name in ("RS_ENDPOINT", "RS_KEY", "RS_CA_PATH"):
            del self._environment[name]
        (folder / "drp-ca.pem").write_bytes(Path(server.ca).read_bytes())

    def write(self, text: str) -> None:
        found = FILE.match(text)
        assert found, f"a block of YAML without a file name: {text[:60]}"
        place = self.folder / found[1]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self._here(text), encoding="utf-8")

    def type(self, text: str) -> str:
        """What the commands print, each of which must succeed."""
        script = f"set -e\n{self._exports}{self._here(text)}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=240,
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


def recap(output: str, host: str) -> str:
    found = re.findall(rf"^{re.escape(host)} +: (.*)$", output, re.MULTILINE)
    return str(found[-1]) if found else ""


@pytest.fixture
def reader(server: Simulator, box: Box, stage: Stage, tmp_path: Path) -> Reader:
    return Reader(server, box, stage, tmp_path)


def test_the_tutorial(reader: Reader, box: Box, api: Api) -> None:
    said: list[tuple[str, str]] = []
    for language, text in blocks():
        if language == "yaml":
            reader.write(text)
        else:
            said.append((text, reader.type(text)))
            if "again.yml" in text:
                assert "good morning" in box.run("tail -n 1 /root/tutorial.log"), said[-1][1]
                assert box.run("cat /root/web.txt") == "tutorial is complete on web-1.example.com"
    outputs = [output for text, output in said if "provision.provision" in text]
    assert "changed=0" not in recap(outputs[0], "web-1.example.com")
    assert "changed=0" in recap(outputs[1], "web-1.example.com"), outputs[1]
    graph = next(output for text, output in said if "--graph" in text)
    assert "@workflow_tutorial:\n  |  |--web-1.example.com" in graph
    looked = next(output for text, output in said if "look.yml" in text)
    assert "tutorial-prepare" in looked
    assert box.run("wc -l < /root/tutorial.log") == "2"
    assert api("GET", "machines").json() == []
    assert box.attempt("test -e /usr/local/bin/drp-agent").returncode == 1
