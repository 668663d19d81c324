# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.converge import invocation
from ansible_collections.digitalrebar.provision.plugins.module_utils.options import CONNECTION_SPEC
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.inventory import connection_variables
from ansible_collections.digitalrebar.provision.plugins.plugin_utils.modules import load_module, module_names

NEVER_SECRET = {
    *("filters", "select", "until", "any_of", "fail_when", "hosts", "isos", "meta", "options", "mode"),
    *("claims", "extra_claims", "members"),
}
"""Options with maps of which nothing goes into a param: conditions, facts of hosts, metadata, rights."""


@pytest.mark.parametrize("name", module_names())
def test_it_is_decided_for_each_option_with_a_map(name: str) -> None:
    """A new option that holds data has to be in one of the two sets."""
    spec = load_module(name).SPEC["argument_spec"]
    with_data = {
        option
        for option, entry in spec.items()
        if entry.get("type") in ("dict", "raw", "json") or entry.get("elements") in ("dict", "raw")
    }
    assert with_data <= invocation.OBJECT_OPTIONS | NEVER_SECRET


def test_every_option_of_lookups_is_known_to_the_inventory() -> None:
    assert all(connection_variables.is_connection_variable(f"drp_{name}") for name in CONNECTION_SPEC)
    assert not connection_variables.is_connection_variable("drp_params")


@pytest.mark.parametrize("value", [{"a": 1}, {}, [{"a": 1}], "text", [["x"]]])
def test_what_goes_into_objects_is_not_logged(value: t.Any) -> None:
    options = {"params": value, "name": "x"}
    assert invocation.loggable(options) == {"params": invocation.HIDDEN, "name": "x"}
    assert invocation.shown(options) == invocation.loggable(options)
    assert invocation.shown(options, {"params"}) == options


def test_names_of_params_and_what_is_not_given_are_shown() -> None:
    options = {"params": ["rack/name"], "spec": None}
    assert invocation.loggable(options) == options
    assert invocation.loggable({"object": ["rack/name"]}) == {"object": invocation.HIDDEN}


def test_a_list_of_texts_is_data_where_no_names_belong() -> None:
    options = {"params": ["it may be a secret"]}
    assert invocation.loggable(options, set()) == {"params": invocation.HIDDEN}
    assert invocation.shown(options, (), {"params"}) == options
