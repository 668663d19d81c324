# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin with a client that answers from a list, and Ansible's own inventory data."""

from __future__ import annotations

import gc
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible._internal._datatag._tags import TrustedAsTemplate
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from unit.plugins.inventory.lab import KEY, FakeClient, hosts, machine, variables

from ansible_collections.digitalrebar.provision.plugins.doc_fragments.connection import (
    ModuleDocFragment as Connection,
)
from ansible_collections.digitalrebar.provision.plugins.inventory import drp
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors
from ansible_collections.digitalrebar.provision.plugins.module_utils.options import CONNECTION_SPEC

Parse = Callable[..., InventoryData]


# -- the file


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("drp.yml", True),
        ("drp.yaml", True),
        ("lab.drp.yml", True),
        ("lab.drp.yaml", True),
        ("mydrp.yml", False),
        ("drp.yml.bak", False),
        ("hosts.yml", False),
    ],
)
def test_verify_file(plugin: drp.InventoryModule, tmp_path: Path, name: str, ours: bool) -> None:
    path = tmp_path / name
    path.write_text("plugin: x\n", encoding="utf-8")
    assert plugin.verify_file(str(path)) is ours


def test_a_file_that_is_not_there(plugin: drp.InventoryModule, tmp_path: Path) -> None:
    assert plugin.verify_file(str(tmp_path / "drp.yml")) is False


def test_relative_names_of_files(
    plugin: drp.InventoryModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drp.yml").write_text("plugin: x\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert plugin.verify_file("drp.yml") is True


def test_another_plugins_file(parse: Parse) -> None:
    with pytest.raises(AnsibleParserError, match="Incorrect plugin name"):
        parse(plugin="amazon.aws.aws_ec2")


# -- requests


def test_one_list_of_machines_and_one_of_profiles(parse: Parse, client: FakeClient) -> None:
    inventory = parse(machine("web-2"), machine("web-1"))
    assert list(inventory.hosts) == ["web-1", "web-2"]
    assert client.asked == [("machines",), ("profiles",)]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"groups_by": []}, [("machines",)]),
        ({"params": "none"}, [("machines", "slim", "Params"), ("profiles",)]),
        (
            {"params": "none", "children_param": ""},
            [("machines", "slim", "Params"), ("profiles", "slim", "Params")],
        ),
        ({"params": "none", "groups_by": [], "groups_by_params": ["rack"]}, [("machines",)]),
        ({"params": "none", "groups_by": [], "groups_by_params": ["Arch"]}, [("machines", "slim", "Params")]),
        ({"params": "none", "groups_by": [], "machine_variable": ""}, [("machines", "slim", "Params,Meta")]),
        (
            {"params": "none", "groups_by": [], "machine_variable": "", "hostnames": ["Meta.dns", "Name"]},
            [("machines", "slim", "Params")],
        ),
        ({"nested_profiles": "ignore", "children_param": ""}, [("machines",)]),
        (
            {"groups_by": [], "params": "aggregated"},
            [("info",), ("machines",), ("profiles",), ("stages",)],
        ),
        ({"groups_by": ["tenant"]}, [("machines",), ("tenants",)]),
        ({"groups_by": [], "page_size": 100}, [("machines", 100)]),
    ],
)
def test_nothing_is_asked_that_is_not_needed(
    parse: Parse, client: FakeClient, options: dict[str, t.Any], asked: list[t.Any]
) -> None:
    parse(machine("a"), **options)
    assert client.asked == asked


def test_a_thousand_machines_cost_the_same_requests(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [{"Name": f"p{number}", "Params": {}} for number in range(50)]
    parse(*(machine(f"m{number}", Profiles=[f"p{number % 50}"]) for number in range(1000)))
    assert client.asked == [("machines",), ("profiles",)]


def test_texts_of_the_server_are_no_templates(parse: Parse) -> None:
    text = "{{ 1 + 1 }}"
    inventory = parse(
        machine("web-1", Description=text, Profiles=[text], Params={"said": text}),
        compose={"said": "drp.Description", "shouted": "drp.Description | upper", "param": "drp_params.said"},
        keyed_groups=[{"key": "drp.Description", "prefix": "said"}, {"key": "shouted", "prefix": "shouted"}],
        host_variables={"spoken": "said"},
        strict=True,
    )
    known = variables(inventory, "web-1")
    places = [known[name] for name in ("said", "shouted", "param", "spoken")]
    for value in (*places, known["drp"]["Description"], known["drp_params"]["said"]):
        assert value == text
        assert not TrustedAsTemplate.is_tagged_on(value)
    assert "profile____1___1___" in hosts(inventory)
    assert not any(name.endswith("_2") for name in inventory.groups)


def test_the_garbage_collector_is_left_as_it_was(parse: Parse, client: FakeClient) -> None:
    assert gc.isenabled()
    client.error = errors.ConnectionFailed("nobody there")
    with pytest.raises(AnsibleParserError):
        parse()
    assert gc.isenabled()


# -- options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"page_size": 0}, "page_size: must be at least 1"),
        ({"page_size": -1}, "page_size: must be at least 1"),
        ({"groups_by": ["colour"]}, "groups_by"),
        ({"machine_variable": "a-b"}, "machine_variable: a-b is not a valid variable name"),
        ({"params_variable": "drp"}, "params_variable: drp is already the name of machine_variable"),
        ({"hostnames": [""]}, "hostnames: contains an empty name"),
        ({"hostnames": ["my/password"]}, "hostnames: my/password is secret"),
        ({"groups_by_params": ["Secret"]}, "groups_by_params: Secret is secret"),
        ({"host_variables": {"ansible_password": "ssh/PASSWORD"}}, "host_variables: ssh/PASSWORD is secret"),
        ({"host_variables": {"a-b": "Name"}}, "host_variables: a-b is not a valid variable name"),
        ({"host_variables": {"a": 7}}, "host_variables: a: must be a field, or a list of them"),
        (
            {"host_variables": {"a": {"field": "Name"}}},
            "host_variables: a: field is unknown, use fields and default",
        ),
        ({"group_prefixes": {"colour": "x"}}, "group_prefixes: colour is neither in groups_by nor in"),
        ({"profile_variables": True, "groups_by": []}, "profile_variables: requires profile in groups_by"),
    ],
)
def test_bad_options(parse: Parse, client: FakeClient, options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleError, match=told):
        parse(**options)
    assert client.asked == []


def test_templates_in_any_option(parse: Parse, client: FakeClient) -> None:
    inventory = parse(
        machine("a", Stage="none"),
        page_size="{{ 20 + 1 }}",
        groups_by="{{ ['stage'] }}",
        group_prefix="{{ 'x_' }}",
        hostnames=["{{ 'Uu' ~ 'id' }}"],
        filters={"Stage": "{{ 'none' }}", "Workflow": "{{ omit }}"},
        host_variables={"ansible_user": {"default": "{{ 'ro' ~ 'ot' }}"}},
        params_variable="{{ omit }}",
    )
    assert client.asked == [("machines", "Stage", "Eq", "none", 21)]
    assert hosts(inventory) == {"x_stage_none": ["uuid-of-a"]}
    assert variables(inventory, "uuid-of-a")["ansible_user"] == "root"
    assert "drp_params" in variables(inventory, "uuid-of-a")


def test_a_template_that_fails_names_its_option(parse: Parse) -> None:
    with pytest.raises(
        AnsibleParserError, match="^group_prefix: the template cannot be evaluated: .*no_such"
    ):
        parse(group_prefix="{{ 'x' | no_such_filter }}")


# -- what can be wrong with machines


def test_a_host_with_the_name_of_a_group(parse: Parse, warnings: list[str]) -> None:
    inventory = parse(machine("web", Profiles=["web"]), machine("db"), group_prefixes={"profile": ""})
    assert warnings == [
        "1 machine (uuid-of-web) cannot be called web: that is the name of a group; "
        "give the groups a prefix (group_prefix), or the hosts other names (hostnames)"
    ]
    assert hosts(inventory)["web"] == ["uuid-of-web"]
    assert variables(inventory, "uuid-of-web")["drp"]["Name"] == "web"
    assert not inventory.groups["web"].vars


def test_strict_ends_it(parse: Parse) -> None:
    with pytest.raises(AnsibleParserError, match="cannot be called web: that is the name of a group"):
        parse(machine("web", Profiles=["web"]), group_prefixes={"profile": ""}, strict=True)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_machine_never_takes_the_place_of_the_controller(
    parse: Parse, warnings: list[str], name: str
) -> None:
    inventory = parse(machine("a", Params={"dns": name}), machine("b"), hostnames=["dns", "Name"])
    assert list(inventory.hosts) == ["a", "b"]
    assert inventory.localhost is None
    assert warnings == [f"1 machine (uuid-of-a) cannot be called {name}: that is the name of the controller"]
    assert list(parse(machine(name, Uuid="u1")).hosts) == ["u1"]


def test_missing_members_do_no_harm(parse: Parse, client: FakeClient) -> None:
    client.objects["profiles"] = [{"Name": "p", "Params": None, "Profiles": None}]
    inventory = parse({"Name": "bare", "Profiles": None, "Params": None})
    assert variables(inventory, "bare")["drp_params"] == {}
    assert hosts(inventory) == {}


def test_a_list_of_something_else(parse: Parse, client: FakeClient) -> None:
    with pytest.raises(
        AnsibleParserError, match="the list of machines contains an entry that is not an object"
    ):
        parse(t.cast("dict[str, t.Any]", "a text"))


def test_a_megabyte_of_param(parse: Parse) -> None:
    inventory = parse(machine("a", Params={"big": "x" * 1_000_000}), groups_by_params=["big"])
    assert len(variables(inventory, "a")["drp_params"]["big"]) == 1_000_000
    assert "big_" not in "".join(hosts(inventory))


# -- connection


def test_the_file_wins_over_the_environment(
    parse: Parse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_TOKEN", "token-of-the-shell")
    monkeypatch.setenv("RS_ENDPOINT", "https://shell.example.com:8092")
    parse(endpoint="https://drp.example.com:8092", key=None, username="me", password="mine")
    assert client.settings is not None
    assert client.settings.endpoints == ("https://drp.example.com:8092",)
    assert (client.settings.username, client.settings.password, client.settings.token) == ("me", "mine", "")


def test_credentials_of_the_environment(
    parse: Parse, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_KEY", "me:with {{ braces }}")
    monkeypatch.setenv("RS_ENDPOINTS", "https://a.example.com:8092 https://b.example.com:8092")
    parse(key=None)
    assert client.settings is not None
    assert client.settings.endpoints == ("https://a.example.com:8092", "https://b.example.com:8092")
    assert (client.settings.username, client.settings.password) == ("me", "with {{ braces }}")


def test_other_connection_options(parse: Parse, client: FakeClient) -> None:
    parse(validate_certs=False, cert_fingerprint="ab" * 32, request_timeout=7, token_cache="")
    assert client.settings is not None
    assert client.settings.trust.verify is False
    assert client.settings.trust.fingerprint == "ab" * 32
    assert client.settings.timeout == 7.0
    assert client.settings.token_cache == ""


def test_templates(parse: Parse, client: FakeClient) -> None:
    parse(endpoint="https://{{ 'drp' }}.example.com:8092", key="{{ 'me' }}:{{ 1 + 1 }}")
    assert client.settings is not None
    assert client.settings.endpoints == ("https://drp.example.com:8092",)
    assert client.settings.password == "2"


@pytest.mark.parametrize("name", ["endpoint", "token"])
def test_templates_that_fail(parse: Parse, name: str) -> None:
    with pytest.raises(AnsibleParserError, match=f"^{name}: the template cannot be evaluated") as caught:
        parse(**{name: "{{ 'visible' | no_such_filter }}"})
    assert ("no_such_filter" in str(caught.value)) is (name == "endpoint")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"key": None}, "no credentials: set token"),
        ({"key": "only-a-user"}, "key: must be user:password"),
        ({"username": "me"}, "username and password"),
        ({"endpoint": "drp.example.com"}, "endpoint: .*is not a URL"),
        ({"cert_fingerprint": "12:34"}, "cert_fingerprint: must be"),
        ({"ca_path": "/no/such/file"}, "ca_path: "),
    ],
)
def test_bad_connections(parse: Parse, options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleParserError, match=told):
        parse(**options)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.ConnectionFailed("nobody there"), "endpoint: nobody there"),
        (errors.CertificateRejected("another"), "cert_fingerprint, ca_path, validate_certs: another"),
        (errors.LoginRequired("no", type="AUTH", code=401), "username, password, key, token: AUTH: no"),
        (errors.ApiError("no such index", type="GET", code=406), "filters: GET: no such index"),
        (errors.ApiError("bad r0cketsk8ts", type="GET", code=500), r"GET: bad \*{8}$"),
    ],
)
def test_errors_name_the_option_and_no_secret(
    parse: Parse, client: FakeClient, error: errors.DrpError, told: str
) -> None:
    client.error = error
    with pytest.raises(AnsibleParserError, match=told) as caught:
        parse()
    assert "r0cketsk8ts" not in str(caught.value)
    assert caught.value.__suppress_context__  # Ansible shows the causes that are not


# -- documentation


# the full names of other plugins need the loader of collections, which only the command line tools start
EXAMPLES = list(yaml.safe_load_all(drp.EXAMPLES.replace("ansible.builtin.", "")))


@pytest.mark.parametrize("example", EXAMPLES, ids=["all", "lab", "groups", "cached"])
def test_examples_run(
    parse: Parse,
    client: FakeClient,
    example: dict[str, t.Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("RS_KEY", KEY)
    monkeypatch.setenv("LAB_PASSWORD", "from the lab")
    monkeypatch.setenv("HOME", str(tmp_path))
    machines = [machine("a", Address="192.0.2.1", Params={"rack/name": "r1"}), machine("b")]
    inventory = parse(*machines, **{"key": None, **example})
    assert list(inventory.hosts) == ["a", "b"]
    assert client.settings is not None
    if "password" in example:
        assert client.settings.password == "from the lab"
    if "compose" in example:
        known = variables(inventory, "a")
        assert (known["ansible_host"], known["ansible_user"]) == ("192.0.2.1", "root")
        assert known["in_discovery"] is False
        assert hosts(inventory) == {
            "drp_runnable_true": ["a", "b"],
            "drp_rack_name_r1": ["a"],
            "arch_amd64": ["a", "b"],
            "dc_unknown": ["a", "b"],
        }


def test_the_two_fragments_and_the_spec_say_the_same() -> None:
    module = yaml.safe_load(Connection.DOCUMENTATION)["options"]
    plugin = yaml.safe_load(Connection.PLUGINS)["options"]
    facts = {
        name: {key: value for key, value in entry.items() if key != "no_log"}
        for name, entry in CONNECTION_SPEC.items()
    }
    assert {name: without(entry, "description") for name, entry in module.items()} == facts
    facts.pop("run_in")
    facts["token_cache"]["type"] = "str"  # a plugin's path cannot be empty
    assert {name: without(entry, "description", "env", "vars") for name, entry in plugin.items()} == facts
    assert {name: entry["vars"] for name, entry in plugin.items()} == {
        name: [{"name": f"drp_{name}"}] for name in facts
    }


def without(entry: dict[str, t.Any], *names: str) -> dict[str, t.Any]:
    return {name: value for name, value in entry.items() if name not in names}
