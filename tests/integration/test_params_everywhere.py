# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option that carries params: in each, secure ones are sealed, compared and hidden, or refused."""

from __future__ import annotations

import typing as t

import pytest
from info_tasks import add, task
from playbook_runner import PlaybookRunner, Task

from ansible_collections.digitalrebar.provision.plugins.plugin_utils.modules import load_module, module_names
from simulator.testing import Api

pytest.importorskip("nacl.public")
pytestmark = pytest.mark.needs_v4

NAME = "db/password"
FIRST, SECOND = "hush-hush 1f3b", "hush-hush 77aa"
UUID = "3e7031fe-3062-45f1-835c-92541bc9cbd3"
ORDER = {"blueprint": "rotate", "machine": "m1"}


class Sealed(t.NamedTuple):
    """An option whose secure values are sealed, and where they are found then."""

    build: t.Callable[[dict[str, str]], Task]
    path: str
    changeable: bool = True
    """Whether a second value replaces the first; else the object is left as it is."""


SEALED: dict[str, Sealed] = {
    "drp_machine.params": Sealed(lambda p: task("machine", name="m1", params=p), "machines/Name:m1/params"),
    "drp_cluster.params": Sealed(lambda p: task("cluster", name="web", params=p), "clusters/Name:web/params"),
    "drp_cluster.group_params": Sealed(
        lambda p: task("cluster", name="web", group_params=p), "clusters/Name:web/group/params"
    ),
    "drp_resource_broker.params": Sealed(
        lambda p: task("resource_broker", name="cloud", params=p), "resource_brokers/Name:cloud/params"
    ),
    "drp_resource_broker.group_params": Sealed(
        lambda p: task("resource_broker", name="cloud", group_params=p),
        "resource_brokers/Name:cloud/group/params",
    ),
    "drp_profile.params": Sealed(lambda p: task("profile", name="rack", params=p), "profiles/rack/params"),
    "drp_plugin.params": Sealed(
        lambda p: task("plugin", name="inc", provider="incrementer", params=p, require_available=False),
        "plugins/inc/params",
    ),
    "drp_stage.params": Sealed(lambda p: task("stage", name="late", params=p), "stages/late/params"),
    "drp_work_order.params": Sealed(
        lambda p: task("work_order", uuid=UUID, params=p, **ORDER), f"work_orders/{UUID}/params", False
    ),
    "drp_object.spec": Sealed(
        lambda p: task("object", kind="profiles", spec={"Name": "single", "Params": p}),
        "profiles/single/params",
    ),
    "drp_object.resources": Sealed(
        lambda p: task("object", resources=[{"kind": "subnets", "spec": {**SUBNET, "Params": p}}]),
        "subnets/net/params",
    ),
}
SUBNET = {"Name": "net", "Subnet": "192.0.2.0/24", "ActiveStart": "192.0.2.10", "ActiveEnd": "192.0.2.20",
          "ActiveLeaseTime": 60, "ReservedLeaseTime": 7200, "Strategy": "MAC"}  # fmt: skip
REFUSED: dict[str, t.Callable[[dict[str, str]], Task]] = {
    "drp_pool.params": lambda p: task("pool", pool="default", state="allocated", count=1, params=p),
    "drp_batch.setup": lambda p: task("batch", setup={**ORDER, "params": p}),
    "drp_batch.work_order": lambda p: task("batch", setup=ORDER, work_order={**ORDER, "params": p}),
    "drp_batch.post": lambda p: task("batch", setup=ORDER, post={**ORDER, "params": p}),
}
NO_PARAMS_OF_OBJECTS = {
    "drp_action.params": "they go to a plugin, for which nobody can seal them",
    "drp_bootenv.spec": "boot environments have no params",
}


def carries_params(name: str, entry: dict[str, t.Any]) -> bool:
    is_map = entry.get("type") == "dict"
    inner = entry.get("options") or {}
    return (is_map and name in ("params", "group_params", "spec")) or (
        name == "resources" or carries_inner(inner)
    )


def carries_inner(options: dict[str, t.Any]) -> bool:
    return any(name == "params" and entry.get("type") == "dict" for name, entry in options.items())


def test_each_option_that_carries_params_is_here() -> None:
    found = {
        f"{module}.{name}"
        for module in module_names()
        for name, entry in load_module(module).SPEC["argument_spec"].items()
        if carries_params(name, entry)
    }
    assert found == {*SEALED, *REFUSED, *NO_PARAMS_OF_OBJECTS}


@pytest.fixture
def player(run_tasks_v4: PlaybookRunner) -> PlaybookRunner:
    api = Api(run_tasks_v4.simulator)
    add(api, "params", Name=NAME, Secure=True, Schema={"type": "string"})
    add(api, "blueprints", Name="rotate")
    add(api, "machines", Name="m1", WorkOrderMode=True)
    return run_tasks_v4


def test_secure_values_are_sealed_compared_and_hidden(player: PlaybookRunner) -> None:
    api = Api(player.simulator)
    first = [carrier.build({NAME: FIRST}) for carrier in SEALED.values()]
    second = [carrier.build({NAME: SECOND}) for carrier in SEALED.values()]
    checked = player(*first, flags=["-vvv", "--diff", "--check"])
    played = player(*first, *first, *second, flags=["-vvv", "--diff"])
    assert played.code == 0, played.output
    count = len(SEALED)
    for number, (option, carrier) in enumerate(SEALED.items()):
        changed = [checked.changed[number], *played.changed[number::count]]
        assert changed == [True, True, False, carrier.changeable], option
        clear = api("GET", f"{carrier.path}/{NAME}?decode=true").json()
        assert clear == (SECOND if carrier.changeable else FIRST), option
        assert set(api("GET", carrier.path).json()[NAME]) == {"Key", "Nonce", "Payload"}, option
    for output in (checked.output, played.output):
        assert FIRST not in output
        assert SECOND not in output


def test_secure_values_that_cannot_be_sealed_are_refused(player: PlaybookRunner) -> None:
    played = player(*(build({NAME: FIRST}) for build in REFUSED.values()), flags=["-vvv"])
    for option, result in zip(REFUSED, played.results, strict=True):
        assert result.get("failed"), option
        assert f"{NAME} cannot be set here" in result["msg"], option
    assert FIRST not in played.output
    assert Api(player.simulator)("GET", "batches").json() == []


def test_secure_values_that_the_server_keeps_in_clear_are_told_and_hidden(player: PlaybookRunner) -> None:
    trigger = {"Name": "nightly", "Blueprint": "rotate", "TriggerProvider": "cron"}
    spec = {**trigger, "WorkOrderParams": {NAME: FIRST}}
    played = player(
        task("object", kind="triggers", spec=spec, require_available=False),
        task("object", resources=[{"kind": "triggers", "spec": spec}], require_available=False),
        flags=["-vvv", "--diff"],
    )
    assert played.changed == [True, False], played.output
    assert f"WorkOrderParams: the server keeps the secure params {NAME} in clear" in played[0]["warnings"][0]
    assert FIRST not in played.output
