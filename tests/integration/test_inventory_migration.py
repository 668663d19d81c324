# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/examples/drpmachines.drp.yml gives what the script drpmachines.py gives, on the same server."""

from __future__ import annotations

import dataclasses
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import inventory_tool
import pytest
from checkout import ROOT
from profiles_index import with_profiles_index

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects.secure import seal
from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

SAMPLE = ROOT / "docs/examples/drpmachines.drp.yml"

Object = dict[str, t.Any]


@dataclasses.dataclass
class Server:
    simulator: Simulator
    v4: bool


@pytest.fixture(scope="module", params=[False, True], ids=["v3.12", "v4"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Machines of every kind that makes a difference; children of groups as each generation has them."""
    with Simulator.start(v4=request.param) as simulator:
        _fill(Api(simulator), request.param)
        yield Server(simulator, request.param)


def _fill(api: Api, v4: bool) -> None:
    def add(kind: str, name: str, **members: t.Any) -> None:
        answer = api("POST", kind, json={"Name": name, **members})
        assert answer.status_code == 201, answer.text

    add("params", "ansible", Schema={"type": "string"})
    add("params", "pin", Secure=True, Schema={"type": "string"})
    add("profiles", "web-app", Params={"http/port": 80, "owner": "us"})
    add("profiles", "db", Params={})
    add("profiles", "idle", Params={"xx": 1})
    children = ["web-app", "db"]
    if v4:
        add("profiles", "site", Profiles=children, Params={"dns/server": "192.0.2.53"})
    else:
        add("profiles", "site", Params={"ansible/children": children, "dns/server": "192.0.2.53"})
        add("profiles", "other", Params={"my/children": ["idle"]})
    add(
        "machines",
        "web-1.example.com",
        Address="192.0.2.1",
        Profiles=["web-app"],
        Params={
            "ansible": "lab",
            "rack/name": "r1",
            "public/ip": "198.51.100.1",
            "list": [1, {"a": "{{ b }}"}],
        },
    )
    add(
        "machines",
        "db-1",
        Address="192.0.2.2",
        Profiles=["db", "global"],
        Params={
            "ansible": "lab",
            "ansible_user": "admin",
            "gohai-inventory": {"big": 1},
            "public/ip": "198.51.100.2",
        },
    )
    add("machines", "alone", Address="192.0.2.3", Params={"public/ip": "198.51.100.3"})
    add("machines", "no-address", Profiles=["web-app"])


def listed(source: Path, endpoint: str, **environment: str) -> Object:
    """Groups with hosts, children and variables, and hosts with theirs, as ansible-inventory has them."""
    done = inventory_tool.run(
        source,
        *("--list", "--export"),
        RS_ENDPOINT=endpoint,
        RS_KEY=f"{USERNAME}:{PASSWORD}",
        ANSIBLE_DEPRECATION_WARNINGS="0",
        ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS="ignore",
        **environment,
    )
    assert done.returncode == 0, done.stderr
    found: Object = inventory_tool.read(done.stdout)
    for group in found.values():
        for name in ("hosts", "children"):
            if name in group:
                group[name].sort()
    return found


@pytest.fixture
def script(server: Server, tmp_path: Path) -> Path:
    """The stand-in for the old script, as something that Ansible can run."""
    path = tmp_path / "drpmachines"
    flag = "" if server.v4 else "--children=param"
    path.write_text(
        f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("legacy_inventory.py")} {flag} "$@"\n'
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RS_ANSIBLE": "all_machines", "RS_HOST_ADDRESS": "internal"},
        {"RS_ANSIBLE_USER": "deploy", "RS_HOST_ADDRESS": "public/ip"},
    ],
    ids=["plain", "defaults", "user-and-address"],
)
def test_the_same(server: Server, script: Path, environment: dict[str, str]) -> None:
    with with_profiles_index(server.simulator) as endpoint:
        ours, theirs = (listed(source, endpoint, **environment) for source in (SAMPLE, script))
    assert ours == theirs
    assert ours["site"]["children"] == ["db", "web-app"]
    assert ours["web-app"]["hosts"] == ["web-1.example.com"]
    assert ours["web-app"]["vars"] == {"http/port": 80, "owner": "us"}
    assert ours["_meta"]["hostvars"]["db-1"]["ansible_user"] == "admin"


def test_chosen_machines(server: Server, script: Path) -> None:
    """The old script lets the others back in through the groups, without variables; ours does not."""
    with with_profiles_index(server.simulator) as endpoint:
        ours, theirs = (listed(source, endpoint, RS_ANSIBLE="lab") for source in (SAMPLE, script))
    assert ours["_meta"]["hostvars"].keys() == {"web-1.example.com", "db-1"}
    assert ours == theirs


def test_another_param_for_the_children(server: Server, script: Path) -> None:
    if server.v4:
        pytest.skip("the script does not use the param on v4 servers")
    with with_profiles_index(server.simulator) as endpoint:
        ours, theirs = (
            listed(source, endpoint, RS_ANSIBLE_PARENT="my/children") for source in (SAMPLE, script)
        )
    assert ours == theirs
    assert "children" not in ours["site"]
    assert ours["other"]["children"] == ["idle"]


def test_what_differs_on_purpose(server: Server, script: Path, tmp_path: Path) -> None:
    """On v3.12, which lacks the index, the script's groups are empty; and it shows what is secret."""
    sample = tmp_path / "verified.drp.yml"
    sample.write_text(f"{SAMPLE.read_text()}\nca_path: {server.simulator.ca}\n", encoding="utf-8")
    params = {"ipmi/password": "shown", "ansible_connection": "local", "fine": 1}
    document = {"Name": "special", "Address": "192.0.2.9", "Profiles": ["db"], "Params": params}
    api = Api(server.simulator)
    uuid = api("POST", "machines", json=document).json()["Uuid"]
    sealed = seal("1234", api("GET", f"machines/{uuid}/pubkey").json())
    assert api("POST", f"machines/{uuid}/params/pin", json=sealed).status_code == 200
    try:
        ours, theirs = (listed(source, server.simulator.endpoint) for source in (sample, script))
    finally:
        api("DELETE", f"machines/{uuid}")
    assert ("db" in theirs) is server.v4  # ansible-inventory leaves out what is empty
    assert ours["db"]["hosts"] == ["db-1", "special"]
    known = {"ansible_host": "192.0.2.9", "ansible_user": "root", "rebar_uuid": uuid, "fine": 1}
    assert ours["_meta"]["hostvars"]["special"] == known
    more = theirs["_meta"]["hostvars"]["special"].keys() - known.keys()
    assert more == {"pin", "ipmi/password", "ansible_connection"}
