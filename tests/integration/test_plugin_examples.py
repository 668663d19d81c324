# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of lookups, inventory and event source, run on a server that has what they name."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from checkout import ANSIBLE_ENVIRONMENT
from eda_listener import Listener
from examples import examples_of, play_tasks
from info_tasks import add
from inventory_tool import read, run

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

LAB = "https://drp.lab.example.com:8092"
PIN = "1f0a9e55c31d727b6a074a378f1120de59049c3a256cbb0e9166d84f037ae2b5"
SOURCE = "digitalrebar.provision.drp_events"


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    """In v4 manner: some examples are about what v3.12 has not."""
    with Simulator.start(v4=True) as simulator:
        api = Api(simulator)
        add(api, "params", Name="rack/position", Schema={"type": "integer"})
        add(api, "params", Name="ipmi/password", Schema={"type": "string"})
        for name in ("discover-base", "install"):
            add(api, "workflows", Name=name)
        params = {"rack/position": 7, "rack/name": "r12", "ssh/user": "admin"}
        place = {"Address": "192.0.2.1", "Workflow": "install"}
        add(api, "machines", Name="web-1.example.com", Params=params, **place)
        add(api, "machines", Name="web-2.example.com", Workflow="discover-base", Runnable=True)
        add(api, "clusters", Name="farm", Params={"cluster/size": 3})
        yield simulator


@pytest.fixture
def environment(server: Simulator, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        **ANSIBLE_ENVIRONMENT,
        "HOME": str(tmp_path),
        "RS_ENDPOINT": server.endpoint,
        "RS_KEY": f"{USERNAME}:{PASSWORD}",
        "RS_CA_PATH": str(server.ca),
        "LAB_PASSWORD": PASSWORD,
    }


@pytest.mark.parametrize(
    ("plugin", "told"),
    [
        ("drp_object", ['"192.0.2.1"', '"web-1.example.com"', '"Name": "global"']),
        ("drp_param", ["7", "sesame", '"msg": 3']),
    ],
)
def test_lookups(
    plugin: str, told: list[str], server: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    api = Api(server)
    uuid = api("GET", "machines/Name:web-1.example.com").json()["Uuid"]
    api("POST", f"machines/{uuid}/params/ipmi%2Fpassword", json="sesame").raise_for_status()
    show = '- name: Show it\n  ansible.builtin.debug:\n    msg: "{{ ipmi_password | default() }}"\n'
    tasks = examples_of(f"plugins/lookup/{plugin}.py") + show
    done = play_tasks({"hosts": "all"}, tasks, "web-1.example.com", tmp_path, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout.replace('"msg": "3"', '"msg": 3')  # older cores make a text of it
    assert [text for text in told if text not in shown] == []


INVENTORIES = dict(
    re.findall(
        r"^# (\S+\.yml): .*\n((?:(?!---\n).*\n)+)", examples_of("plugins/inventory/drp.py"), re.MULTILINE
    )
)


@pytest.mark.parametrize(
    ("name", "hosts", "groups"),
    [
        ("drp.yml", {"web-1.example.com", "web-2.example.com"}, {"workflow_install"}),
        ("lab.drp.yml", {"web-2.example.com"}, {"workflow_discover_base"}),
        (
            "groups.drp.yml",
            {"web-1.example.com", "web-2.example.com"},
            {"drp_rack_name_r12", "dc_unknown", "arch_amd64"},
        ),
        ("cached.drp.yml", {"web-1.example.com", "web-2.example.com"}, {"workflow_install"}),
    ],
)
def test_inventories(
    name: str,
    hosts: set[str],
    groups: set[str],
    server: Simulator,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    text = INVENTORIES[name].replace(LAB, server.endpoint).replace(PIN, server.fingerprint)
    (tmp_path / name).write_text(text.replace("username: ansible", f"username: {USERNAME}"))
    done = run(tmp_path / name, "--list", **environment)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    found: dict[str, t.Any] = read(done.stdout)
    assert set(found["_meta"]["hostvars"]) == hosts
    assert groups - set(found) == set()


def test_no_inventory_is_left_out() -> None:
    assert set(INVENTORIES) == {"drp.yml", "lab.drp.yml", "groups.drp.yml", "cached.drp.yml"}


@pytest.mark.parametrize("number", [0, 1])
def test_event_sources(
    number: int, server: Simulator, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RS_ENDPOINT", "RS_KEY", "RS_CA_PATH"):
        monkeypatch.setenv(name, environment[name])
    text = examples_of("extensions/eda/plugins/event_source/drp_events.py")
    for before, after in (
        (LAB, server.endpoint),
        (PIN, server.fingerprint),
        ("{{ lab_password }}", PASSWORD),
    ):
        text = text.replace(before, after)
    sources = yaml.safe_load(text.replace("username: eda", f"username: {USERNAME}"))
    assert len(sources) == 2
    arguments = sources[number][SOURCE] or {}
    with Listener(server, **arguments) as listener:
        uuid = add(Api(server), "machines", Name=f"new-{number}")["Uuid"]
        event = {"Type": "machines", "Action": "poweron", "Key": uuid, "Object": {}}
        Api(server)("POST", "events", json=event).raise_for_status()
        told = listener.next()
        assert uuid in str(told)
        assert ("poweron" in str(told)) == (number == 1)
