# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/quickstart.md, block by block and word for word, with the address of this server."""

from __future__ import annotations

import os
from pathlib import Path

from checkout import ANSIBLE_ENVIRONMENT
from guide import GuideRunner, blocks, recaps

from simulator.launch import Simulator
from simulator.testing import Api


def test_the_quick_start(simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    environment = {
        **os.environ,
        **ANSIBLE_ENVIRONMENT,
    }
    reader = GuideRunner(tmp_path, environment, {"https://drp.example.com:8092": simulator.endpoint})
    (tmp_path / "drp-ca.pem").write_bytes(Path(simulator.ca).read_bytes())
    said: dict[str, str] = {}
    for language, text in blocks("quickstart.md"):
        if language == "yaml":
            reader.write(text)
        else:
            said[text] = reader.type(text)
    described = next(output for text, output in said.items() if "machines.yml" in text)
    assert ["changed=0" in recap for recap in recaps(described, "localhost")] == [False, False, True]
    graph = next(output for text, output in said.items() if "--graph" in text)
    assert "@profile_rack_12:\n  |  |--node01.example.com\n  |  |--node02.example.com" in graph
    assert '"ansible_host": "192.0.2.11"' in graph
    assert Api(simulator)("GET", "machines").json() == []
