# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback, a booted system beside it, and ansible-playbook between them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ANSIBLE_ENVIRONMENT
from patience import LIMIT

sys.path.insert(0, str(Path(__file__).parent))

from container import NspawnContainer
from debian_tree import Unsupported, tree

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

COMMAND = Path(sys.executable).with_name("ansible-playbook")
Recap = dict[str, int]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    # assumption: no licensed server was recorded
    with Simulator.start(licensed=True, state_dir=tmp_path_factory.mktemp("server")) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def api(server: Simulator) -> Api:
    return Api(server)


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NspawnContainer]:
    try:
        with NspawnContainer(tree(), tmp_path_factory.mktemp("box")) as booted:
            yield booted
    except Unsupported as reason:
        pytest.skip(f"no system can be booted here: {reason}")


class PlaybookRunner:
    """Runs playbooks on the box, with the server's address and credentials in the environment."""

    def __init__(self, server: Simulator, box: NspawnContainer, folder: Path) -> None:
        self.folder = folder
        (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"box": box.host()}}}))
        (folder / "drp.yml").write_text("plugin: digitalrebar.provision.drp\n")
        self.environment = {
            **os.environ,
            **ANSIBLE_ENVIRONMENT,
            "ANSIBLE_ROLES_PATH": str(Path(__file__).parent / "roles"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
            # the folder of the Makefile is for tasks on the controller; the box is another system
            "ANSIBLE_REMOTE_TMP": "~/.ansible/tmp",
            "ANSIBLE_ASYNC_DIR": "~/.ansible_async",
            "RS_ENDPOINT": server.endpoint,
            "RS_KEY": f"{USERNAME}:{PASSWORD}",
            "RS_CA_PATH": str(server.ca),
        }

    def play(
        self,
        book: str,
        *flags: str,
        fails: bool = False,
        timeout: float = LIMIT,
        environment: dict[str, str] | None = None,
        **variables: t.Any,
    ) -> PlayResult:
        command = [str(COMMAND), "-i", str(self.folder / "drp.yml"), "-i", str(self.folder / "hosts.yml")]
        done = subprocess.run(
            [*command, book, "-e", json.dumps(variables), *flags],
            env={**self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        output = done.stdout + done.stderr
        assert bool(done.returncode) == fails, output
        assert PASSWORD not in output
        return PlayResult(output)

    def role(
        self, entry: str = "main", *flags: str, defaults: dict[str, t.Any] | None = None, **options: t.Any
    ) -> PlayResult:
        """The role on the box, by an entry point, under the play's module_defaults."""
        role = "digitalrebar.provision.agent"
        play: dict[str, t.Any] = {"hosts": "box", "gather_facts": False, "become": True}
        play["module_defaults"] = {"group/digitalrebar.provision.drp": defaults or {}}
        if entry == "main":
            play["roles"] = [role]
        else:
            task = {"ansible.builtin.include_role": {"name": role, "tasks_from": entry}}
            play["tasks"] = [{"name": "The role", **task}]
        book = self.folder / f"{entry}.yml"
        book.write_text(json.dumps([play]))
        return self.play(str(book), *flags, **options)


class PlayResult:
    def __init__(self, output: str) -> None:
        self.output = output

    @property
    def changed(self) -> int:
        """How many tasks have changed something on the box."""
        found = re.search(r"^box +:.*changed=(\d+)", self.output, re.MULTILINE)
        assert found, self.output
        return int(found[1])


@pytest.fixture(scope="session")
def stage(
    server: Simulator, box: NspawnContainer, tmp_path_factory: pytest.TempPathFactory
) -> PlaybookRunner:
    return PlaybookRunner(server, box, tmp_path_factory.mktemp("stage"))
