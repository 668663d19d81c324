# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of every type that YAML has: the controller process and a module make the same of them."""

from __future__ import annotations

import datetime
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from playbook_runner import PlaybookRunner, PlayResult, Task, content, machine, thing

from simulator.launch import Simulator
from simulator.testing import Api

DATE = datetime.date(2027, 5, 24)
NAN, INFINITY = float("nan"), float("inf")

# without braces, which make templates, and without what YAML itself cannot write
texts = st.text(st.characters(categories=["L", "N", "Zs"], max_codepoint=0x2FFF), max_size=8)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(width=32),
    texts,
    st.dates(min_value=datetime.date(1000, 1, 1)),
    st.datetimes(min_value=datetime.datetime(1000, 1, 1), timezones=st.sampled_from([None, datetime.UTC])),
)
names = st.one_of(st.integers(-99, 99), st.booleans(), texts.filter(bool), st.floats(0, 9, width=16))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)


def as_module(task: Task) -> Task:
    ((name, options),) = task.items()
    return {name: {**options, "run_in": "target"}}


def held(run_tasks: PlaybookRunner) -> dict[str, t.Any]:
    """The params of all machines, by name."""
    return {one["Name"]: one["Params"] for one in Api(run_tasks.simulator)("GET", "machines").json()}


def outcome(played: PlayResult) -> list[t.Any]:
    return [
        (one.get("failed", False), one.get("changed"), one.get("msg"), one.get("machine", {}).get("Params"))
        for one in played.results
    ]


@settings(max_examples=1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(values, min_size=9, max_size=9))
def test_both_ways_are_the_same(
    simulator: Simulator, tmp_path_factory: pytest.TempPathFactory, odd: list[t.Any]
) -> None:
    simulator.reset()
    run_tasks = PlaybookRunner(simulator, tmp_path_factory.mktemp("odd"))
    inside = [machine(name=f"c{number}", params={"odd": value}) for number, value in enumerate(odd)]
    outside = [machine(name=f"t{number}", params={"odd": value}) for number, value in enumerate(odd)]
    tasks = [*inside, *map(as_module, outside)]
    first, second = run_tasks(*tasks), run_tasks(*tasks)
    assert not any(second.changed), second.output
    for played in (first, second):
        told = outcome(played)
        assert repr(told[: len(odd)]) == repr(told[len(odd) :])
    params = held(run_tasks)
    for number in range(len(odd)):
        assert repr(params.get(f"c{number}")) == repr(params.get(f"t{number}"))


@pytest.mark.parametrize("where", ["controller", "target"])
def test_odd_values(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults = {**run_tasks.defaults, "run_in": where}
    pack = {
        "meta": {"Name": "dated", "Version": "v1"},
        "sections": {"params": {"day": {"Name": "day", "Schema": {"type": "string", "default": DATE}}}},
    }
    profile = {"Name": "p1", "Params": {"vlans": {10: "mgmt"}, "on": DATE}, "Meta": {1: DATE}}
    good = [
        machine(name="c01", params={"vlans": {10: "mgmt", 20: "data", True: None}}),
        machine(name="c02", params={"warranty": DATE, "tags": {"a"}}),
        thing(kind="profiles", spec=profile),
        content(content=pack),
    ]
    played = run_tasks(*good, *good)
    assert played.changed == [True] * 4 + [False] * 4, played.output
    assert held(run_tasks) == {
        "c01": {"vlans": {"10": "mgmt", "20": "data", "true": None}},
        "c02": {"warranty": "2027-05-24", "tags": ["a"]},
    }
    stored = Api(run_tasks.simulator)("GET", "profiles/p1").json()
    assert (stored["Params"], stored["Meta"]) == (
        {"vlans": {"10": "mgmt"}, "on": "2027-05-24"},
        {"1": "2027-05-24"},
    )


@pytest.mark.needs_counters
@pytest.mark.parametrize("where", ["controller", "target"])
def test_what_json_lacks_is_refused_before_anything_is_sent(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults = {**run_tasks.defaults, "run_in": where}
    writes = run_tasks.simulator.stats()["writes"]
    resources: list[dict[str, t.Any]] = [
        {"kind": "machines", "spec": {"Name": "a"}},
        {"kind": "profiles", "spec": {"Name": "b", "Meta": {"n": NAN}}},
    ]
    played = run_tasks(
        machine(name="c17", params={"x": NAN}),
        machine(name="c17", params={"x": {"y": [1, -INFINITY]}}),
        machine(name="c17", params={"x": 10**400}),
        thing(resources=resources),
        {"digitalrebar.provision.drp_info": {"kind": "machines", "filters": {"Name": NAN}}},
        machine(name="c17", params={"x": {1: "first", "1": "last"}}),
        machine(name="c17", params={"x": {DATE: 1}}),
        machine(name="c17", params={"x": [b"\xff"]}),
    )
    told = [result["msg"] for result in played.results]
    assert [text.partition(":")[0] for text in told] == [
        "params.x",
        "params.x.y[1]",
        "params.x",
        "resources[1].spec.Meta.n",
        "filters.Name",
        "params.x.1",
        "params.x",
        "params.x[0]",
    ]
    assert not any(played.changed)
    assert run_tasks.simulator.stats()["writes"] == writes


def nested(levels: int) -> dict[str, t.Any]:
    inner: dict[str, t.Any] = {}
    for _level in range(levels):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize("where", ["controller", "target"])
def test_options_that_nothing_can_take(run_tasks: PlaybookRunner, where: str) -> None:
    run_tasks.defaults = {**run_tasks.defaults, "run_in": where}
    blob, fetch = "digitalrebar.provision.drp_blob", "digitalrebar.provision.drp_blob_fetch"
    bootenv = "digitalrebar.provision.drp_bootenv"
    played = run_tasks(
        machine(name="c17", params={"x": nested(120)}),
        {"digitalrebar.provision.drp_info": {"request_timeout": -1}},
        content(src="a\0b"),
        {blob: {"path": "x", "src": "/tmp/a\0b"}},
        {fetch: {"path": "x", "dest": "/tmp/a\0b"}},
        {bootenv: {"name": "local", "isos": [{"file": "x.iso", "src": "a\0b"}]}},
        {"digitalrebar.provision.drp_info": {"ca_path": "/tmp/a\0b"}},
        {"digitalrebar.provision.drp_info": {"gather": ["logs"], "log_lines": -1}},
        {bootenv: {"name": "local", "wait_timeout": -0.5}},
        {"digitalrebar.provision.drp_prefs": {"prefs": {"knownTokenTimeout": -1}}},
    )
    told = [result["msg"] for result in played.results]
    assert told[7:] == [
        "log_lines: must not be negative",
        "wait_timeout: must not be negative",
        "prefs: knownTokenTimeout must not be negative",
    ]
    del told[7:]
    assert told[0] == "params: lists and maps are nested more than 100 deep"
    assert told[1] == "request_timeout: must not be negative"
    paths = ["src", "src", "dest", "isos[0].src", "ca_path"]
    assert [text.partition(":")[0] for text in told[2:]] == paths
    assert all(text.endswith("is not a path: it has a NUL in it") for text in told[2:])


def vaulted(path: Path, text: bytes) -> Path:
    """A file that is encrypted; its password file lies beside it."""
    path.write_bytes(text)
    password = path.with_name("password")
    password.write_text("pw")
    command = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file"]
    subprocess.run([*command, str(password), str(path)], check=True, capture_output=True)
    assert path.read_bytes().startswith(b"$ANSIBLE_VAULT;")
    return path


def test_vaulted_files_are_opened_as_copy_opens_them(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    folder.mkdir()
    clear = b"---\nmeta: {Name: secret-pack, Version: v1}\nsections: {params: {a: {Name: a}}}\n"
    path = vaulted(folder / "pack.yaml", clear)
    name = {"path": "v.yaml", "src": str(path)}
    blob = "digitalrebar.provision.drp_blob"
    flags = ["--vault-password-file", str(path.with_name("password"))]
    played = run_tasks(
        {blob: name},
        {blob: name},
        {blob: {**name, "run_in": "target"}},
        {blob: {**name, "path": "raw", "decrypt": False}},
        content(src=str(path)),
        flags=flags,
    )
    assert [bool(one.get("failed")) for one in played.results] == [False, False, True, False, False]
    assert played.changed == [True, False, False, True, True], played.output
    assert "is encrypted by Ansible Vault" in played[2]["msg"]
    api = Api(run_tasks.simulator)
    assert api("GET", "files/v.yaml").content == clear
    assert api("GET", "files/raw").content == path.read_bytes()
    local_tmp = Path(__file__).resolve().parents[2] / ".venv/ansible/tmp"
    assert not [file for file in local_tmp.rglob("*") if file.is_file() and clear in file.read_bytes()]
    unkeyed = run_tasks({blob: name})
    assert str(path) in unkeyed[0]["msg"]
    assert "vault" in unkeyed[0]["msg"].lower()
