# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/tutorial.md, block by block and word for word, with the addresses of this server and this box."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import PlaybookRunner
from container import NspawnContainer
from guide import GuideRunner, blocks, recaps

from simulator.launch import Simulator
from simulator.testing import Api


@pytest.fixture
def reader(server: Simulator, box: NspawnContainer, stage: PlaybookRunner, tmp_path: Path) -> GuideRunner:
    (tmp_path / "drp-ca.pem").write_bytes(Path(server.ca).read_bytes())
    environment = {
        **stage.environment,
        "ANSIBLE_REMOTE_PORT": str(box.port),
        "ANSIBLE_PRIVATE_KEY_FILE": str(box.key),
        "ANSIBLE_SSH_COMMON_ARGS": box.host()["ansible_ssh_common_args"],
    }
    here = {"https://drp.example.com:8092": server.endpoint, "192.0.2.11": "127.0.0.1"}
    return GuideRunner(tmp_path, environment, here)


def test_the_tutorial(reader: GuideRunner, box: NspawnContainer, api: Api) -> None:
    said: list[tuple[str, str]] = []
    for language, text in blocks("tutorial.md"):
        if language == "yaml":
            reader.write(text)
        else:
            said.append((text, reader.type(text)))
            if "again.yml" in text:
                assert "good morning" in box.run("tail -n 1 /root/tutorial.log"), said[-1][1]
                assert box.run("cat /root/web.txt") == "tutorial is complete on web-1.example.com"
    outputs = [output for text, output in said if "provision.provision" in text]
    assert "changed=0" not in recaps(outputs[0], "web-1.example.com")[-1]
    assert "changed=0" in recaps(outputs[1], "web-1.example.com")[-1], outputs[1]
    graph = next(output for text, output in said if "--graph" in text)
    assert "@workflow_tutorial:\n  |  |--web-1.example.com" in graph
    looked = next(output for text, output in said if "look.yml" in text)
    assert "tutorial-prepare" in looked
    assert box.run("wc -l < /root/tutorial.log") == "2"
    assert api("GET", "machines").json() == []
    assert box.attempt("test -e /usr/local/bin/drp-agent").returncode == 1
