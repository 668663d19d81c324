# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets inside of params, and hostile texts, on their way through the inventory, events and lookups."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import re
import typing as t

import hostile
import pytest
from patience import LIMIT
from unit.plugins.inventory.lab import Reports, inventory_machine, machine

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.show import masked
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory import (
    addresses,
    composed,
    connection_variables,
)
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.hosts import name_hosts
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.machine_fields import Field
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.reports import Refusals
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory.secrets import (
    Patterns,
    remove_secrets,
)

PATTERNS = ["*password*", "*secret*", "*token*", "*credential*"]


@pytest.mark.parametrize("name", sorted(hostile.NESTED_SECRETS))
@pytest.mark.parametrize("patterns", [PATTERNS, [*PATTERNS, "x[yz]"], [*PATTERNS, "caf\u00e9"]])
def test_the_inventory_holds_none(name: str, patterns: list[str]) -> None:
    item = machine(
        "web-1", Params={"held": copy.deepcopy(hostile.NESTED_SECRETS[name]), "plain": [1, {"a": 2}]}
    )
    remove_secrets([item], Patterns(patterns))
    assert hostile.PLANTED not in json.dumps(item)
    assert item["Params"]["plain"] == [1, {"a": 2}]


@pytest.mark.parametrize("name", sorted(hostile.NESTED_SECRETS))
@pytest.mark.parametrize("kind", ["machines", "profiles", "plugins", "things"])
def test_no_event_shows_any(name: str, kind: str) -> None:
    params = {"held": copy.deepcopy(hostile.NESTED_SECRETS[name]), "plain": [1, {"a": 2}]}
    for item in (
        {"Name": "x", "Params": params},
        {"Model": {"Name": "x", "Params": params}, "Params": params},
    ):
        shown = drp_events.Event(kind, "update", "k", item).redacted(item)
        assert hostile.PLANTED not in json.dumps(shown)
        assert shown["Params"]["plain"] == [1, {"a": 2}]


def test_results_hide_what_is_sealed_wherever_it_lies() -> None:
    item = {
        "Name": "x",
        "Params": {name: value for name, value in hostile.NESTED_SECRETS.items() if "sealed" in name},
    }
    assert hostile.PLANTED not in json.dumps(masked("machines", item))


@pytest.mark.parametrize("name", sorted(hostile.NO_HOSTS))
def test_what_is_no_host_names_none_and_is_connected_to_by_none(name: str) -> None:
    value = hostile.NO_HOSTS[name]
    assert not addresses.is_host(value)
    assert connection_variables.fault("ansible_host", value)
    assert connection_variables.fault("ansible_ssh_common_args", value)
    one = inventory_machine("good-1", Params={"it": value})
    reports, refusals = Reports(), Refusals()
    (named,) = name_hosts([one], [Field("it"), Field("Name")], t.cast("t.Any", reports), refusals)
    if not isinstance(value, (list, dict, bool)):
        assert named.name == "good-1"
        refusals.tell(t.cast("t.Any", reports))
        assert "uuid-of-good-1 good-1" in reports.warned[0]
        assert "it does not name its host" in reports.warned[0]
        assert str(value) not in reports.warned[0]


@pytest.mark.parametrize("name", sorted(hostile.HOSTS))
def test_hosts_are_hosts(name: str) -> None:
    assert not connection_variables.fault("ansible_host", hostile.HOSTS[name])
    assert addresses.is_host_label(hostile.HOSTS[name])


@pytest.mark.parametrize(
    "value", [*hostile.THE_CONTROLLER.values(), "127.1", "0177.0.0.1", "0", "LocalHost."]
)
def test_no_spelling_of_the_controller_is_the_name_of_a_host(value: str) -> None:
    assert connection_variables.fault("ansible_host", value)
    one = inventory_machine("good-1", Params={"it": value})
    (named,) = name_hosts([one], [Field("it"), Field("Name")], t.cast("t.Any", Reports()))
    assert named.name == "good-1"


@pytest.mark.parametrize("value", [True, 0, 65536, -1, "22 ", "+22", "\u0662\u0662", "22;x", [22], 22.0])
def test_no_port(value: t.Any) -> None:
    assert connection_variables.fault("ansible_port", value)


@pytest.mark.parametrize("value", ["-oX", "root ", "a b", "", "root\n", "$(x)", "a;b", ["root"], 0, "x" * 99])
def test_no_user(value: t.Any) -> None:
    assert connection_variables.fault("ansible_user", value)


@pytest.mark.parametrize(
    ("variable", "expression", "value", "allowed"),
    [
        ("ansible_connection", "'winrm' if drp.OS == 'w' else 'ssh'", "winrm", True),
        ("ansible_connection", "drp.OS", "local", False),
        ("ansible_connection", "'lo' ~ drp.OS", "local", False),
        ("ansible_become", "drp.OS == 'x'", True, True),
        ("ansible_ssh_args", "[drp.OS]", ["-F/tmp/x"], False),
        ("ansible_ssh_args", "vars['drp']['OS']", "-F/tmp/x", False),
        ("ansible_ssh_args", "drp.OS | regex_replace('x', 'y')", "-F/tmp/x", False),
        ("ansible_ssh_args", "'-F/tmp/x' if drp.OS is match('x') else ''", "-F/tmp/x", True),
        ("ansible_ssh_args", "drp.OS if drp.OS is match('x') else ''", "-F/tmp/x", False),
        ("ansible_ssh_args", "[1] | map('no_such_filter') | no_such_filter", "-F/tmp/x", True),
        ("ansible_ssh_args", "{% broken", "-F/tmp/x", False),
        ("ansible_ssh_args", "lookup('env', 'X')", "-F/tmp/x", True),
        ("ansible_ssh_args", "lookup('vars', 'drp_params')['it']", "-F/tmp/x", False),
        ("ansible_ssh_args", "query('ansible.builtin.vars', 'drp_params')", "-F/tmp/x", False),
        ("ansible_ssh_args", "q('template', 'x.j2')", "-F/tmp/x", False),
        (
            "ansible_ssh_args",
            "lookup('digitalrebar.provision.drp_param', 'x', machine='y')",
            "-F/tmp/x",
            False,
        ),
        ("ansible_ssh_args", "query('digitalrebar.provision.drp_object', 'y')[0].Name", "-F/tmp/x", False),
        ("ansible_ssh_args", "lookup('varnames', '^-F')", "-F/tmp/x", False),
        ("ansible_ssh_args", "lookup(mine, 'drp_params')", "-F/tmp/x", False),
        ("ansible_ssh_args", "mine", "-F/tmp/x", True),
        ("ansible_host", "drp.Address", "192.0.2.1", True),
        ("ansible_host", "drp.Address", "-F/tmp/x", False),
        ("ansible_port", "drp.OS", True, False),
        ("drp_endpoint", "drp.OS", "https://evil", False),
        ("rack", "drp.OS", "-anything goes", True),
    ],
)
def test_composed(variable: str, expression: str, value: t.Any, allowed: bool) -> None:
    guard = composed.ConnectionGuard(variable, expression, trusted={"mine"})
    assert (guard.fault(value, {"drp", "drp_params", "mine"}) == "") is allowed


@pytest.mark.parametrize(
    "name",
    [
        "all",
        "ungrouped",
        "localhost",
        "127.0.0.1",
        "stage_none",
        "profile_x",
        "a,b",
        "a:&b",
        "*",
        "~x",
        "web 1",
    ],
)
def test_no_event_limits_a_playbook_to_more_than_a_machine(name: str) -> None:
    assert not drp_events.HOST_NAME_PATTERN.fullmatch(name)


@pytest.mark.parametrize(
    "text", ["[1", "NaN", '{"Type": NaN}', '{"Type": 1e999}', '{"Type": "\\ud800"}', "[" * 999 + "]" * 999]
)
def test_what_is_no_json_is_no_event(text: str) -> None:
    with pytest.raises(ValueError, match=re.compile(".")):
        drp_events.Event.from_frame(text)


def test_a_list_that_never_ends_does_not_hold_the_source() -> None:
    class Endless(drp_events.Api):
        def __init__(self) -> None:
            self.endpoint = "https://drp"

        async def get(self, path: str, **query: int) -> bytes:
            return json.dumps([{"Uuid": str(number)} for number in range(query["limit"])]).encode()

    async def read() -> None:
        async for _item in Endless().items("machines"):
            pass

    with pytest.raises(drp_events.ConnectionLost, match="again and again"), contextlib.nullcontext():
        asyncio.run(asyncio.wait_for(read(), LIMIT))
