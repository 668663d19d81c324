# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of a v4 server with drp_object: created, unchanged, changed, and gone."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models, settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params
from ansible_collections.digitalrebar.provision.plugins.modules import drp_info, drp_object, drp_wait
from simulator.launch import Simulator

KEY = "rocketskates:r0cketsk8ts"
UUID = "0b2d3e9c-8f3a-4a61-9d5a-3c1d2f4b5a60"
_TEXT = {"Description": "first"}, {"Description": "second"}
_PARAMS = {"Description": "first", "Params": {"colour": "red"}}, {"Params": {"colour": "blue"}}
SPECS: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "activities": ({"Type": "machine", "Count": 1}, {"Count": 2}),
    "alerts": ({"Name": "disk", "Level": "INFO", "Params": {"colour": "red"}}, {"Level": "ERROR"}),
    "batches": (
        {"SetupWorkOrderTemplate": {"Blueprint": "patch"}, "WorkOrderTemplate": {"Blueprint": "patch"}},
        {"WorkOrderTemplate": {"Blueprint": "other", "Params": {"colour": "red"}}},
    ),
    "blueprints": ({**_PARAMS[0], "Tasks": []}, _PARAMS[1]),
    "bootenvs": ({"OS": {"Name": "sledge"}, "Loaders": {"amd64": "a"}}, {"Kernel": "vmlinuz0"}),
    "catalog_items": ({"Name": "drp", "Shasum256": {"a": "b"}}, {"HotFix": True}),
    "clusters": ({"Name": "farm", "Params": {"colour": "red"}}, {"Params": {"colour": "blue"}}),
    "contexts": ({"Image": "runner", "Engine": "docker"}, {"Image": "other"}),
    "endpoints": (
        {"Components": [{"Name": "drp", "Type": "DRP"}], "Prefs": {"a": "b"}}, {"VersionSets": ["one"]}
    ),
    "filters": (
        {"Object": "machines", "Queries": [{"Name": "Name", "Op": "Eq", "Value": "x"}]}, {"Slim": "Meta"}
    ),
    "identity_providers": ({"GroupToRoles": {"admins": ["superuser"]}}, {"DisplayName": "single sign-on"}),
    "leases": ({"Token": "0a:00:00:00:00:01", "Strategy": "MAC", "State": "ACK"}, {"Duration": 60}),
    "machines": ({"Name": "web-1", "WorkOrderMode": True}, {"WorkOrderMode": False, "Pipeline": "p"}),
    "params": ({"Schema": {"type": "string"}}, _TEXT[1]),
    "pipelines": (_PARAMS[0], {"Pipelines": ["other"]}),
    "plugins": ({"Provider": "incrementer"}, _TEXT[1]),
    "pools": ({"EnterActions": {"Workflow": "w", "Blueprint": "b"}}, {"AutoFill": {"MinFree": 2}}),
    "profiles": _PARAMS,
    "reservations": ({"Token": "0a:00:00:00:00:01", "Strategy": "MAC"}, {"SkipDAD": True}),
    "resource_brokers": ({"Name": "cloud"}, {"Description": "second", "Meta": {"icon": "cloud"}}),
    "roles": ({"Claims": [{"scope": "work_orders", "action": "list", "specific": "*"}]}, _TEXT[1]),
    "stages": (_PARAMS[0], {"OutputParams": ["colour"]}),
    "store_objects": ({"Properties": {"a": {"b": 1}}}, {"Properties": {"a": 2}}),
    "subnets": (
        {"Subnet": "192.0.2.0/24", "ActiveStart": "192.0.2.10", "ActiveEnd": "192.0.2.20"},
        {"Params": {"colour": "red"}},
    ),
    "tasks": ({"Templates": []}, {"OutputParams": ["colour"], "ExtraDuration": 5}),
    "templates": ({"Contents": "text"}, {"StartDelimiter": "<%", "EndDelimiter": "%>"}),
    "tenants": ({"Members": {"machines": []}}, _TEXT[1]),
    "trigger_providers": ({"Method": "POST"}, {"NoURL": True}),
    "triggers": ({"Enabled": True, "WorkOrderParams": {"a": 1}}, {"Enabled": False}),
    "users": _TEXT,
    "ux_options": ({"Default": "dark"}, {"Global": True}),
    "ux_settings": ({"Option": "", "Value": "dark"}, {"Value": "light"}),
    "ux_views": (
        {"Menu": [{"Id": "m", "Items": [{"Id": "i", "GroupBy": ["Pool"]}]}], "Columns": {"jobs": ["Task"]}},
        {"Airgap": True},
    ),
    "version_sets": ({"Files": [{"Path": "a", "Explode": True}]}, {"Apply": True}),
    "work_orders": ({"Blueprint": "patch", "Params": {"colour": "red"}}, {"Params": {"colour": "blue"}}),
    "workflows": ({"Stages": []}, _TEXT[1]),
    "zones": (
        {"Origin": "example.com.", "Records": [{"Name": "www", "Type": "A", "Value": ["192.0.2.1"]}]},
        {"Priority": 3},
    ),
}  # fmt: skip
"""Kind -> the members of a new object, and others of the same object later."""
NOT_CREATED = {"connections", "interfaces", "jobs", "plugin_providers"}
"""Kinds that the server fills itself."""
KEYS = {"Uuid": UUID, "Addr": "192.0.2.7"}


@pytest.fixture(scope="module")
def v4(v4_simulator: Simulator) -> Simulator:
    v4_simulator.reset()
    return v4_simulator


def run(server: Simulator, module: t.Any, check: bool = False, **given: t.Any) -> dict[str, t.Any]:
    """The result of a task in this process."""
    spec = module.SPEC["argument_spec"]
    options = {name: one.get("default") for name, one in spec.items()}
    options |= {"endpoint": server.endpoint, "key": KEY, "ca_path": server.ca, "token_cache": ""}
    return runner.run(module.run, {**options, **given}, check, environ={})


def test_every_kind_is_tried() -> None:
    assert {*SPECS, *NOT_CREATED} == set(models.MODELS)


@pytest.mark.needs_v4
@pytest.mark.parametrize("kind", sorted(SPECS))
def test_a_kind(v4: Simulator, kind: str) -> None:
    first, second = SPECS[kind]
    key = KEYS.get(models.get(kind).key, "some-key")
    task: dict[str, t.Any] = {"kind": kind, "id": key, "require_available": False}
    named = {models.get(kind).key: key}

    assert run(v4, drp_object, True, **task, spec={**named, **first})["changed"]
    created = run(v4, drp_object, **task, spec={**named, **first})
    assert (created.get("msg"), created["changed"]) == (None, True)
    assert created.get("warnings", []) == []
    assert models.key_of(kind, created["object"]) == key
    again = run(v4, drp_object, **task, spec={**named, **first})
    assert (again.get("msg"), again["changed"]) == (None, False)

    changed = run(v4, drp_object, **task, spec=second)
    assert (changed.get("msg"), changed["changed"]) == (None, True)
    assert not run(v4, drp_object, True, **task, spec=second)["changed"]
    listed = run(v4, drp_info, kind=kind)["objects"]
    assert [item for item in listed if models.key_of(kind, item) == key] == [changed["object"]]

    gone = run(v4, drp_object, **task, state="absent")
    assert (gone.get("msg"), gone["changed"]) == (None, True)
    assert not run(v4, drp_object, **task, state="absent")["changed"]


@pytest.mark.needs_v4
def test_members_that_nobody_knows_are_sent_and_told_when_they_were_not_kept(v4: Simulator) -> None:
    template = {"Name": "t", "Contents": "text", "Shape": "round"}
    spec: dict[str, t.Any] = {"Name": "newer", "Colour": "red", "Templates": [template]}
    told = ["task newer: the server has not kept Colour, Templates[0].Shape; it may have no such member"]
    created = run(v4, drp_object, kind="tasks", spec=spec, require_available=False)
    assert (created.get("msg"), created["changed"], created["warnings"]) == (None, True, told)
    again = run(v4, drp_object, kind="tasks", spec=spec, require_available=False)
    assert (again["changed"], again["action"], again["warnings"]) == (False, "unchanged", told)
    known = run(v4, drp_object, kind="tasks", spec={**spec, "Description": "d"}, require_available=False)
    assert (known["changed"], known["warnings"]) == (True, told)
    run(v4, drp_object, kind="tasks", spec={"Name": "newer"}, state="absent")


def test_members_that_nobody_knows_are_an_error_on_v3_12(simulator: Simulator) -> None:
    result = run(simulator, drp_object, kind="tasks", spec={"Name": "newer", "Colour": "red"})
    assert "tasks have no member Colour; the server would drop it" in result["msg"]


def test_leases_are_made_by_clients_of_v4_only(simulator: Simulator) -> None:
    spec = {"Addr": "192.0.2.7", "Token": "0a:00:00:00:00:01", "Strategy": "MAC"}
    result = run(simulator, drp_object, kind="leases", spec=spec)
    assert "the server creates leases itself" in result["msg"]


@pytest.fixture
def params_of_all(v4: Simulator) -> t.Iterator[Client]:
    """A secure param, and a value in the profile global."""
    options = {"endpoint": v4.endpoint, "key": KEY, "ca_path": v4.ca, "token_cache": ""}
    with settings.connect(settings.resolve(options)) as client:
        client.create("params", {"Name": "pin", "Schema": {"type": "string"}, "Secure": True})
        params.set(client, "profiles", "global", "everywhere", "yes")
        yield client
        client.delete("params", "pin")


@pytest.mark.needs_v4
@pytest.mark.parametrize("kind", sorted(kind for kind in SPECS if models.get(kind).has_params))
def test_params_of_a_kind(v4: Simulator, params_of_all: Client, kind: str) -> None:
    key = KEYS.get(models.get(kind).key, "some-key")
    spec = {models.get(kind).key: key, **SPECS[kind][0], "Params": {"pin": "open-sesame", "colour": "red"}}
    task: dict[str, t.Any] = {"kind": kind, "spec": spec, "require_available": False}
    created = run(v4, drp_object, **task)
    assert (created.get("msg"), created["changed"]) == (None, True)
    assert created["object"]["Params"] == {"pin": "(hidden)", "colour": "red"}
    assert not run(v4, drp_object, **task)["changed"]
    assert params.get(params_of_all, kind, key, "pin", decode=True) == "open-sesame"
    assert params.get(params_of_all, kind, key, "everywhere", aggregate=True) == "yes"
    assert params.get_all(params_of_all, kind, key, aggregate=True)["everywhere"] == "yes"
    changed = {**task, "spec": {**spec, "Params": {"pin": "closed-sesame"}}}
    assert run(v4, drp_object, **changed)["changed"]
    assert params.get(params_of_all, kind, key, "pin", decode=True) == "closed-sesame"
    assert run(v4, drp_object, kind=kind, id=key, state="absent")["changed"]


@pytest.mark.needs_v4
def test_many_objects_of_a_new_kind_are_many(v4: Simulator) -> None:
    blueprints = [{"kind": "blueprints", "spec": {"Name": f"blueprint-{number}"}} for number in range(25)]
    made = run(v4, drp_object, resources=blueprints)
    assert (made.get("msg"), len({entry["key"] for entry in made["results"]})) == (None, 25)
    gone = run(v4, drp_object, resources=[{**entry, "state": "absent"} for entry in blueprints])
    assert (gone.get("msg"), {entry["action"] for entry in gone["results"]}) == (None, {"deleted"})
    assert run(v4, drp_info, kind="blueprints")["objects"] == []


@pytest.mark.needs_v4
def test_a_wait_looks_at_every_object_of_a_new_kind(v4: Simulator) -> None:
    uuids = [f"{UUID[:-1]}{number}" for number in range(2)]
    orders = [
        {"kind": "work_orders", "spec": {"Uuid": uuid, "Blueprint": "patch", "State": state}}
        for uuid, state in zip(uuids, ("finished", "running"), strict=True)
    ]
    made = run(v4, drp_object, resources=orders, require_available=False)
    assert made.get("msg") is None
    until = [{"path": "State", "equals": "finished"}]
    waited = run(v4, drp_wait, kind="work_orders", filters={}, until=until, timeout=0)
    assert (waited["failed"], waited["total"]) == (True, 2)
    waited = run(v4, drp_wait, kind="work_orders", id=uuids[0], until=until, timeout=0)
    assert (waited["outcome"], waited["object"]["Uuid"]) == ("complete", uuids[0])
    run(v4, drp_object, resources=[{**entry, "state": "absent"} for entry in orders])


@pytest.mark.needs_v4
def test_secrets_of_clusters_and_brokers_are_hidden(v4: Simulator) -> None:
    for kind in ("clusters", "resource_brokers"):
        spec = {"Name": "farm", "Secret": "open-sesame"}
        made = run(v4, drp_object, kind=kind, spec=spec)
        assert made.get("msg") is None
        waited = run(v4, drp_wait, kind=kind, name="farm", timeout=0)
        assert "open-sesame" not in str([made, waited, run(v4, drp_info, kind=kind)])
        assert "Secret" not in run(v4, drp_info, kind=kind)["objects"][0]
        run(v4, drp_object, kind=kind, spec={"Name": "farm"}, state="absent")
