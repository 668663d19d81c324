# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of every module, run as they stand, in check mode, on a server that has what they name.

What they fail with is in EXPECTED, with the reason: nothing else may fail.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from checkout import ROOT
from examples import examples_of, play_tasks
from info_tasks import add
from playbook_runner import connection

from simulator.launch import Simulator
from simulator.testing import Api

MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("drp_*.py"))
V4 = (
    *("drp_action", "drp_batch", "drp_cluster", "drp_info", "drp_machine", "drp_pool", "drp_resource_broker"),
    *("drp_token", "drp_wait", "drp_work_order"),
)
VARIABLES = {
    "admin_public_key": "ssh-ed25519 AAAA",
    "build_version": "1.2.3",
    "drp_ansible_password": "x1",
    "drp_first_password": "x2",
    "ipmi_password": "x3",
    "slack_webhook_url": "https://192.0.2.9/hook",
    "vault_ansible_password": "x4",
    "vault_agents_password": "x5",
    "release": "1.0",
}
NO_PLUGIN = "no plugin offers it on this server"
NOT_MADE = "an earlier example would have made it, which check mode does not"
VERSION_4 = "version 4"
ELSEWHERE = "a file, a folder or a host of the reader's own"
EXPECTED: dict[str, str] = {
    "Switch a machine on": NO_PLUGIN,
    "Boot the machines of a rack from the network by a power cycle": NO_PLUGIN,
    "Get the power status of some machines": NO_PLUGIN,
    "Run an action of the system": NO_PLUGIN,
    "Run its current workflow once more, from the beginning": NOT_MADE,
    "Scale a cluster, unless that is going on already": NOT_MADE,
    "The same once for each release, however often the playbook runs": ELSEWHERE,
    "Upload a plugin provider": ELSEWHERE,
    "Upload a script": ELSEWHERE,
    "Upload an ISO and verify its checksum": ELSEWHERE,
    "Upload a large image whose name contains its version": ELSEWHERE,
    "Fetch the report that a machine has uploaded": ELSEWHERE,
    "Fetch an image and verify its checksum": ELSEWHERE,
    "Create a boot environment from a content pack, with its ISO from a mirror": ELSEWHERE,
    "Upload the ISOs of an existing boot environment from a folder": ELSEWHERE,
    "Download the ISOs from the URL in the boot environment": ELSEWHERE,
    "Create a boot environment": ELSEWHERE,
    "Upload the content pack of this repository, with the version of the build": ELSEWHERE,
    "Install a released content pack": ELSEWHERE,
    "Export a content pack to a repository": ELSEWHERE,
    "Back up all objects that were created by hand": ELSEWHERE,
    "Create a template from a file": ELSEWHERE,
    "Create a task with a script from a file, for Linux only": ELSEWHERE,
    "Use the token": "check mode makes a token, but the play's own credentials come first",
    "Mint a token for the agent of web-1": "a licence for roles, or version 4",
    "Mint a token for the agent of a cluster": VERSION_4,
    "Create a pool (version 4)": VERSION_4,
    "Create a context (version 4)": VERSION_4,
    "Disable the subnet": NOT_MADE,
    "Mint a read-only token (version 4)": "a role of the reader's own",
    "Allocate three machines for web servers, and wait until they are installed": "none is in the pool",
    "Release one machine": NOT_MADE,
    "Get the scripts of a job": "a UUID of the reader's own",
    "Get the failed job of a machine and the end of its log": "the machine has run no job",
    "Save the log of the last job": "the machine has run no job",
}


@pytest.fixture(scope="module")
def furnished(simulator: Simulator) -> Simulator:
    """A server with what the examples are about."""
    simulator.reset()
    furnish(Api(simulator))
    return simulator


@pytest.fixture(scope="module")
def furnished_v4(v4_simulator: Simulator) -> Simulator:
    v4_simulator.reset()
    furnish(Api(v4_simulator))
    furnish_v4(Api(v4_simulator))
    return v4_simulator


def furnish(api: Api) -> None:
    for name in ("rack/name", "os/release"):
        add(api, "params", Name=name, Schema={"type": "string"})
    for name in ("discover", "complete"):
        add(api, "stages", Name=name)
    add(api, "bootenvs", Name="sledgehammer", OS={"Name": "sledgehammer"})
    add(api, "bootenvs", Name="discovery", OS={"Name": "discovery"}, OnlyUnknown=True)
    add(api, "workflows", Name="install-linux", Stages=["discover"])
    for name in ("ansible", "agents"):
        add(api, "users", Name=name, Roles=["superuser"])
        api("PUT", f"users/{name}/password", json={"Password": VARIABLES[f"vault_{name}_password"]})
    add(api, "params", Name="cores", Schema={"type": "integer"})
    for number in range(1, 13):
        params = {"rack/name": "r12", "os/release": "7", "cores": 16}
        place = {"Address": f"192.0.2.{number}", "Stage": "complete"}
        add(api, "machines", Name=f"web-{number}.example.com", Params=params, **place)


def furnish_v4(api: Api) -> None:
    add(api, "workflows", Name="universal-start", Stages=["discover"])
    add(api, "templates", ID="kickstart.tmpl", Contents="install {{.Machine.Name}}")
    add(api, "alerts", Name="disk-full", Level="WARN")
    add(api, "work_orders", Blueprint="rotate-certificates")


def play(module: str, simulator: Simulator, folder: Path) -> str:
    """The output of the examples in one play."""
    head: dict[str, t.Any] = {
        "hosts": "localhost",
        "ignore_errors": True,
        "vars": VARIABLES,
        "module_defaults": {"group/digitalrebar.provision.drp": connection(simulator)},
    }
    tasks = examples_of(f"plugins/modules/{module}.py")
    done = play_tasks(head, tasks, "localhost", folder, "--check")
    return done.stdout + done.stderr


@pytest.mark.parametrize("module", [module for module in MODULES if module not in V4])
def test_examples(module: str, furnished: Simulator, tmp_path: Path) -> None:
    check(play(module, furnished, tmp_path))


@pytest.mark.needs_v4
@pytest.mark.parametrize("module", V4)
def test_examples_for_v4(module: str, furnished_v4: Simulator, tmp_path: Path) -> None:
    check(play(module, furnished_v4, tmp_path))


def check(output: str) -> None:
    """Nothing fails but what is expected to."""
    assert "PLAY RECAP" in output, output
    steps = re.split(r"^TASK \[(.*?)\] \**$", output, flags=re.MULTILINE)
    failed = {name: text for name, text in zip(steps[1::2], steps[2::2], strict=True) if "fatal:" in text}
    surprises = {name: text for name, text in failed.items() if name not in EXPECTED}
    assert surprises == {}, output
    assert "Traceback" not in output


def test_nothing_is_expected_in_vain() -> None:
    sources = "".join(
        (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8") for module in MODULES
    )
    assert [name for name in EXPECTED if f"- name: {name}\n" not in sources] == []
