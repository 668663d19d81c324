# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every param and profile of real content packs, in one bulk task each."""

from __future__ import annotations

import typing as t

import pytest
import requests
from checkout import ROOT
from patience import LIMIT
from playbook_runner import PlaybookRunner, thing

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.formats import decode_yaml
from simulator.launch import PASSWORD, USERNAME, Simulator

DATA = ROOT.parent / "shared" / "data"


def load(pack: str, kind: str) -> list[dict[str, t.Any]]:
    files = sorted((DATA / pack / kind).iterdir())
    return [
        {"kind": kind, "spec": decode_yaml(file.read_bytes(), source=str(file))}
        for file in files
        if file.suffix in (".yaml", ".yml", ".json")
    ]


def held(simulator: Simulator, kind: str) -> dict[str, dict[str, t.Any]]:
    answer = requests.get(
        f"{simulator.endpoint}/api/v3/{kind}", auth=(USERNAME, PASSWORD), verify=simulator.ca, timeout=LIMIT
    )
    return {item["Name"]: item for item in answer.json()}


@pytest.mark.needs_counters
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real content packs are not in {DATA}")
@pytest.mark.parametrize("pack", ["v1.12.0/content", "v4/content"])
def test_params_and_profiles_of_a_pack(
    run_tasks: PlaybookRunner, pack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    resources = [*load(pack, "profiles"), *load(pack, "params")]
    assert len(resources) > 30
    task = thing(resources=literal(resources))
    first = run_tasks(task)
    assert first[0].get("msg") is None
    assert first.changed == [True]
    server = {kind: held(run_tasks.simulator, kind) for kind in ("params", "profiles")}
    for entry in resources:
        there = server[entry["kind"]][entry["spec"]["Name"]]
        for member, value in entry["spec"].items():
            assert member in there, f"{entry['kind']}/{entry['spec']['Name']}: {member}"
            assert contains(member, there[member], value), f"{entry['spec']['Name']}: {member}"
    run_tasks.simulator.reset_stats()
    again = run_tasks(task)
    assert again.changed == [False], [line for line in again[0]["results"] if line["changed"]]
    assert run_tasks.simulator.stats()["writes"] == 0


def contains(member: str, there: t.Any, sent: t.Any) -> bool:
    """Equality; metadata is text, to which the server may add, and null is what was left out."""
    if member == "Meta":
        words = {True: "true", False: "false"}
        return all(there[name] == words.get(value, str(value)) for name, value in sent.items())
    return bool(there == sent) or sent is None


def literal(value: t.Any) -> t.Any:
    """Content holds Go templates: marked so that Ansible does not take them for Jinja's."""
    if isinstance(value, dict):
        return {name: literal(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    if isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value):
        return {"__ansible_unsafe": value}
    return value
