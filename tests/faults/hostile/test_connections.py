# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that wants to decide where, as whom and how Ansible connects, and what its plays reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import hostile
import pytest
import yaml
from checkout import ANSIBLE_ENVIRONMENT
from faults.conftest import Lab
from patience import LIMIT

ANSIBLE = Path(sys.executable).with_name("ansible")
INVENTORY = Path(sys.executable).with_name("ansible-inventory")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(lab: Lab, tmp_path: Path) -> Run:
    """Run a command of Ansible on an inventory file with these options."""

    def go(command: Path, *words: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "lab.drp.yml"
        connection = {
            "endpoint": lab.simulator.endpoint,
            "key": "rocketskates:r0cketsk8ts",
            "ca_path": lab.simulator.ca,
        }
        path.write_text(yaml.safe_dump({"plugin": "digitalrebar.provision.drp", **connection, **options}))
        return subprocess.run(
            [str(command), "-i", str(path), *words],
            env={
                **os.environ,
                **ANSIBLE_ENVIRONMENT,
                "ANSIBLE_SSH_TIMEOUT": "1",
                "ANSIBLE_HOST_KEY_CHECKING": "0",
            },
            capture_output=True,
            text=True,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return go


def listed(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    assert done.returncode == 0, done.stderr
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("Meta", {"hostnames": ["Meta.it", "Name"]}),
        ("Meta", {"ansible_host": ["Meta.it", "Address"]}),
        ("Params", {"hostnames": ["it", "Name"]}),
        ("Params", {"ansible_host": ["it", "Address"]}),
        ("Params", {"host_variables": {"ansible_user": "it", "ansible_ssh_host": "it"}}),
        ("Params", {"compose": {"ansible_host": "drp_params['it']"}}),
        ("Params", {"compose": {"ansible_ssh_common_args": "drp_params['it']"}}),
        (
            "Params",
            {"compose": {"ansible_ssh_common_args": "'-o' ~ (drp_params['it'] | regex_replace('^-o', ''))"}},
        ),
        ("Params", {"compose": {"ansible_ssh_executable": "lookup('vars', 'drp_params')['it']"}}),
        # on no core is there such a variable in an inventory: nothing is set, nothing has to be said
        ("Params", {"compose": {"ansible_ssh_executable": "vars['drp_params']['it']"}}),
        (
            "Params",
            {"flatten": ["params"], "flatten_names": "raw", "flatten_prefix": "ansible_ssh_extra_args"},
        ),
    ],
)
def test_no_machine_runs_a_command_on_the_controller(
    lab: Lab, run: Run, tmp_path: Path, where: str, options: dict[str, t.Any]
) -> None:
    mark = tmp_path / "mark"
    payload = hostile.OPTIONS_OF_SSH["proxy command"].replace("{mark}", str(mark))
    with lab.client() as client:
        client.create(
            "machines", {"Name": "bad-1", "Address": "192.0.2.9", where: {"it": payload, "": payload}}
        )
        client.create("machines", {"Name": "good-1", "Address": "192.0.2.7"})
    done = run(ANSIBLE, "bad-1", "-m", "ansible.builtin.raw", "-a", "true", **options)
    assert not mark.exists(), done.stdout + done.stderr
    seen = run(INVENTORY, "--list", **options)
    hosts = listed(seen)["_meta"]["hostvars"]
    assert "good-1" in hosts
    settings = {name: value for name, value in hosts["bad-1"].items() if name.startswith("ansible_")}
    assert "ProxyCommand" not in json.dumps(settings)
    if "flatten" not in options and "vars[" not in str(options):
        assert "WARNING" in seen.stderr
        assert "bad-1" in seen.stderr


@pytest.mark.parametrize(
    "variable",
    ["ansible_connection", "ansible_ssh_common_args", "ansible_python_interpreter", "drp_endpoint"],
)
def test_what_cannot_be_checked_is_decided_by_no_field(run: Run, variable: str) -> None:
    done = run(INVENTORY, "--list", host_variables={variable: "it"})
    assert f"host_variables: {variable}: no field may decide it" in done.stderr


def test_an_author_may_choose_between_texts_of_his_own(lab: Lab, run: Run) -> None:
    with lab.client() as client:
        client.create("machines", {"Name": "win-1", "OS": "windows", "Params": {"jump": "-oProxyCommand=x"}})
    composed = {
        "ansible_connection": "'winrm' if drp.OS == 'windows' else 'ssh'",
        "ansible_ssh_common_args": "'-o Compression=yes'",
        "ansible_become": "drp.OS != 'windows'",
        "ansible_port": "5986",
    }
    seen = listed(run(INVENTORY, "--list", compose=composed))["_meta"]["hostvars"]["win-1"]
    seen = {
        name: value.get("__ansible_unsafe") if isinstance(value, dict) else value
        for name, value in seen.items()
    }
    assert (seen["ansible_connection"], seen["ansible_ssh_common_args"]) == ("winrm", "-o Compression=yes")
    assert (seen["ansible_become"], seen["ansible_port"]) == (False, 5986)


@pytest.mark.parametrize("name", ["all", "ungrouped", "stage_none", "picked", "localhost", "127.0.0.2"])
def test_no_machine_takes_the_plays_on_a_group_or_the_controller(lab: Lab, run: Run, name: str) -> None:
    with lab.client() as client:
        bad = client.create("machines", {"Name": "bad-1", "Params": {"alias": name}, "Stage": "none"})
        client.create("machines", {"Name": "good-1", "Stage": "none"})
    options: dict[str, t.Any] = {"hostnames": ["alias", "Name"], "groups": {"picked": "drp.Name == 'good-1'"}}
    seen = run(INVENTORY, "--list", **options)
    assert name not in listed(seen)["_meta"]["hostvars"]
    assert bad["Uuid"] in seen.stderr
    hosts = run(ANSIBLE, name, "--list-hosts", **options).stdout.split()[2:]
    expected = {"all": ["bad-1", "good-1"], "stage_none": ["bad-1", "good-1"], "picked": ["good-1"]}
    assert sorted(hosts) == expected.get(name, ["localhost"] if name == "localhost" else [])


def test_no_machine_takes_the_plays_on_a_group_that_another_one_makes(lab: Lab, run: Run) -> None:
    with lab.client() as client:
        client.create("machines", {"Name": "north"})
        client.create("machines", {"Name": "good-1", "Params": {"dc": "north"}})
    seen = run(INVENTORY, "--list", keyed_groups=[{"key": "drp_params.dc", "separator": ""}])
    assert set(listed(seen)["_meta"]["hostvars"]) == {"good-1"}
    assert "a group is called north" in seen.stderr


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("stage_install", {}),
        ("profile_database", {}),
        ("lab_workflow_burn_in", {"group_prefix": "lab_"}),
        ("rack_name_a7", {"groups_by_params": ["rack/name"]}),
        ("by_stage", {"group_parents": True}),
        ("dc_west", {"keyed_groups": [{"key": "drp_params.dc", "prefix": "dc"}]}),
        ("site_dc_west", {"keyed_groups": [{"key": "drp_params.dc", "prefix": "site-dc"}]}),
        ("picked", {"groups": {"picked": "drp.Name == 'nobody'"}}),
    ],
)
def test_no_machine_takes_the_plays_on_a_group_that_is_empty_today(
    lab: Lab, run: Run, name: str, options: dict[str, t.Any]
) -> None:
    with lab.client() as client:
        bad = client.create("machines", {"Name": name, "Stage": "none"})
        client.create("machines", {"Name": "good-1", "Stage": "none"})
    seen = run(INVENTORY, "--list", **options)
    assert set(listed(seen)["_meta"]["hostvars"]) == {bad["Uuid"], "good-1"}
    assert f"cannot be called {name}" in seen.stderr


def test_names_that_only_look_like_groups_stay(lab: Lab, run: Run) -> None:
    names = {"stage", "stage-install", "os1", "profile.example.com", "web-1"}
    with lab.client() as client:
        for name in names:
            client.create("machines", {"Name": name})
    seen = run(INVENTORY, "--list", group_prefixes={"profile": "web", "os": ""})
    assert set(listed(seen)["_meta"]["hostvars"]) == names


@pytest.mark.parametrize("spelling", ["localhost", "127.0.0.1", "::1", "0.0.0.0"])
def test_no_machine_turns_plays_against_the_controller(lab: Lab, run: Run, spelling: str) -> None:
    """Its own ssh daemon may well trust the key that Ansible uses."""
    with lab.client() as client:
        client.create(
            "machines",
            {"Name": "bad-1", "Address": "192.0.2.9", "Params": {"it": spelling}, "Meta": {"it": spelling}},
        )
    for options in (
        {"ansible_host": ["it"]},
        {"ansible_host": ["Meta.it"]},
        {"host_variables": {"ansible_ssh_host": "it"}},
        {"compose": {"ansible_host": "drp_params.it"}},
    ):
        seen = run(INVENTORY, "--list", **options)
        assert f'"{spelling}"' not in json.dumps(
            {
                name: value
                for name, value in listed(seen)["_meta"]["hostvars"]["bad-1"].items()
                if name.startswith("ansible_")
            }
        )
        assert "bad-1" in seen.stderr
    own = run(INVENTORY, "--list", compose={"ansible_host": f"'{spelling}'"})
    assert spelling in json.dumps(listed(own)["_meta"]["hostvars"]["bad-1"]["ansible_host"])


def test_no_group_is_called_like_the_controller(lab: Lab, run: Run) -> None:
    with lab.client() as client:
        client.create("machines", {"Name": "bad-1", "Params": {"dc": "localhost"}})
    options = {
        "groups_by_params": ["dc"],
        "group_prefixes": {"dc": ""},
        "keyed_groups": [{"key": "drp_params.dc", "separator": ""}],
    }
    assert run(ANSIBLE, "localhost", "--list-hosts", **options).stdout.split()[2:] == ["localhost"]
