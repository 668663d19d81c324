# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin with a client that answers from a list, and Ansible's own inventory data."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed

from ansible_collections.digitalrebar.provision.plugins.doc_fragments.connection import (
    ModuleDocFragment as Connection,
)
from ansible_collections.digitalrebar.provision.plugins.inventory import drp
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import errors
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import Settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.options import CONNECTION_SPEC

NAME = "digitalrebar.provision.drp"
KEY = "rocketskates:r0cketsk8ts"

Machine = dict[str, t.Any]
Parse = Callable[..., InventoryData]


def machine(name: str, **members: t.Any) -> Machine:
    return {
        "Name": name,
        "Uuid": f"uuid-of-{name}",
        "Address": "",
        "Available": True,
        "Arch": "amd64",
        "BootEnv": "local",
        "Stage": "none",
        "Workflow": "",
        "Profiles": [],
        "Params": {},
        "Profile": {"Name": "", "Params": {"old": "double"}},
        "Secret": "machine-secret",
        **members,
    }


class FakeClient:
    """Notes how it was made and asked."""

    def __init__(self) -> None:
        self.machines: list[Machine] = []
        self.error: errors.DrpError | None = None
        self.settings: Settings | None = None
        self.asked: list[tuple[t.Any, ...]] = []

    def connect(self, settings: Settings) -> FakeClient:
        self.settings = settings
        return self

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *reason: object) -> None:
        pass

    def list(self, kind: str, *words: str, page_size: int | None = None) -> list[Machine]:
        self.asked.append((kind, words, page_size))
        if self.error:
            raise self.error
        return self.machines


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    fake = FakeClient()
    monkeypatch.setattr(drp, "connect", fake.connect)
    return fake


@pytest.fixture(scope="module")
def definitions() -> None:
    """What Ansible's plugin loader does with the documentation."""
    options: dict[str, t.Any] = {}
    for text in (Constructed.DOCUMENTATION, Connection.PLUGINS, drp.DOCUMENTATION):
        options.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, options)


@pytest.fixture
def plugin(definitions: None) -> drp.InventoryModule:
    made = drp.InventoryModule()
    made._load_name = NAME
    made._redirected_names = [NAME]
    return made


@pytest.fixture
def parse(plugin: drp.InventoryModule, client: FakeClient, tmp_path: Path) -> Parse:
    """Parse a file with these options and, unless told otherwise, a key."""

    def run(*machines: Machine, **options: t.Any) -> InventoryData:
        path = tmp_path / "drp.yml"
        path.write_text(yaml.safe_dump({"plugin": NAME, "key": KEY, **options}), encoding="utf-8")
        client.machines = list(machines)
        inventory = InventoryData()
        plugin.parse(inventory, DataLoader(), str(path))
        return inventory

    return run


def hosts(inventory: InventoryData) -> dict[str, list[str]]:
    """Group -> names of its hosts."""
    return {
        name: [host.name for host in group.hosts]
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


def variables(inventory: InventoryData, name: str) -> dict[str, t.Any]:
    host = inventory.get_host(name)
    assert host is not None
    return t.cast("dict[str, t.Any]", host.vars)


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


# -- hosts and variables


def test_one_request_and_hosts_in_the_order_of_their_names(parse: Parse, client: FakeClient) -> None:
    inventory = parse(machine("web-2"), machine("web-1"))
    assert list(inventory.hosts) == ["web-1", "web-2"]
    assert client.asked == [("machines", (), None)]


def test_variables_hold_the_machine_without_its_secrets(parse: Parse) -> None:
    sealed = {"Key": "a2V5", "Nonce": "bm9uY2U=", "Payload": "cGF5bG9hZA=="}
    given = machine("web-1", Address="192.0.2.7", Params={"rack/name": "r1", "password": sealed})
    found = variables(parse(given), "web-1")
    assert found["ansible_host"] == "192.0.2.7"
    assert found["drp_params"] == {"rack/name": "r1"}
    assert found["drp"]["Uuid"] == "uuid-of-web-1"
    assert not {"Secret", "Params", "Profile"} & found["drp"].keys()
    assert "machine-secret" not in repr(found)
    assert "cGF5bG9hZA" not in repr(found)


@pytest.mark.parametrize(
    "value",
    [
        {"Key": 1, "Nonce": 2},
        {"Key": 1, "Nonce": 2, "Payload": 3, "More": 4},
        ["Key", "Nonce", "Payload"],
        None,
    ],
)
def test_only_what_looks_exactly_sealed_is_left_out(parse: Parse, value: t.Any) -> None:
    inventory = parse(machine("web-1", Params={"almost": value}))
    assert variables(inventory, "web-1")["drp_params"] == {"almost": value}


def test_no_address_no_ansible_host(parse: Parse) -> None:
    assert "ansible_host" not in variables(parse(machine("web-1")), "web-1")


def test_missing_members_do_no_harm(parse: Parse) -> None:
    inventory = parse({"Name": "bare", "Profiles": None, "Params": None})
    assert variables(inventory, "bare")["drp_params"] == {}
    assert hosts(inventory) == {}


def test_texts_of_the_server_are_no_templates(parse: Parse) -> None:
    text = "{{ 1 + 1 }}"
    inventory = parse(
        machine("web-1", Description=text, Profiles=[text]),
        compose={"said": "drp.Description"},
        keyed_groups=[{"key": "drp.Description", "prefix": "said"}],
        strict=True,
    )
    assert variables(inventory, "web-1")["said"] == text
    assert "profile____1___1___" in hosts(inventory)
    assert not any(name.endswith("_2") for name in inventory.groups)


def test_machines_without_a_name_are_skipped(parse: Parse) -> None:
    assert list(parse(machine(""), machine("web-1")).hosts) == ["web-1"]


def test_of_two_with_one_name_the_later_counts(
    parse: Parse, plugin: drp.InventoryModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(plugin.display, "warning", warnings.append)
    inventory = parse(machine("web-1", Stage="old"), machine("web-1", Uuid="second", Stage="new"))
    assert warnings == ["Two machines are called web-1: uuid-of-web-1 and second. The second is used."]
    assert variables(inventory, "web-1")["drp"]["Uuid"] == "second"
    assert "stage_old" not in inventory.groups


# -- groups


def test_groups(parse: Parse) -> None:
    inventory = parse(
        machine("a", Profiles=["web-app", "eu"], Workflow="discover", BootEnv="sledgehammer"),
        machine("b", Profiles=["eu"], Stage=""),
    )
    assert hosts(inventory) == {
        "profile_web_app": ["a"],
        "profile_eu": ["a", "b"],
        "stage_none": ["a"],
        "workflow_discover": ["a"],
        "bootenv_sledgehammer": ["a"],
        "bootenv_local": ["b"],
    }


def test_chosen_groups_with_a_prefix(parse: Parse) -> None:
    inventory = parse(machine("a", Workflow="w"), groups_by=["workflow"], group_prefix="drp-")
    assert hosts(inventory) == {"drp_workflow_w": ["a"]}


def test_no_groups(parse: Parse) -> None:
    assert hosts(parse(machine("a"), groups_by=[])) == {}


def test_an_unknown_kind_of_group(parse: Parse) -> None:
    with pytest.raises(AnsibleError, match="groups_by"):
        parse(groups_by=["colour"])


def test_constructed(parse: Parse) -> None:
    inventory = parse(
        machine("a", Available=False, Params={"tier": "gold"}),
        machine("b"),
        groups_by=[],
        compose={"level": "drp_params.tier"},
        groups={"broken": "not drp.Available"},
        keyed_groups=[{"key": "drp.Arch", "prefix": "arch"}, {"key": "level", "prefix": "level"}],
    )
    assert variables(inventory, "a")["level"] == "gold"
    assert "level" not in variables(inventory, "b")
    assert hosts(inventory) == {"broken": ["a"], "arch_amd64": ["a", "b"], "level_gold": ["a"]}


def test_strict(parse: Parse) -> None:
    with pytest.raises(AnsibleError, match="level"):
        parse(machine("b"), strict=True, compose={"level": "drp_params.tier"})


# -- filters and pages


def test_filters_and_pages_are_the_servers_work(parse: Parse, client: FakeClient) -> None:
    parse(filters={"Runnable": True, "rack/name": "r 1", "size": 3}, page_size=100)
    words = ("Runnable", "Eq", "true", "rack/name", "Eq", "r 1", "size", "Eq", "3")
    assert client.asked == [("machines", words, 100)]


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"sort": "Name"}, "filters: sort is neither an index nor a param"),
        ({"reverse": True}, "filters: reverse is neither"),
        ({"Stage": ["a", "b"]}, "filters: the value of Stage must be"),
        ({"Stage": None}, "filters: the value of Stage must be"),
        ({"Name": "a)b"}, "filters: .*cannot compare"),
    ],
)
def test_bad_filters(parse: Parse, client: FakeClient, filters: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleParserError, match=told):
        parse(filters=filters)
    assert client.asked == []


@pytest.mark.parametrize("size", [0, -1])
def test_bad_page_size(parse: Parse, client: FakeClient, size: int) -> None:
    with pytest.raises(AnsibleParserError, match="page_size"):
        parse(page_size=size)
    assert client.asked == []


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


# the full name of a lookup needs the loader of collections, which only the command line tools start
EXAMPLES = list(yaml.safe_load_all(drp.EXAMPLES.replace("ansible.builtin.env", "env")))


@pytest.mark.parametrize("example", EXAMPLES, ids=["all", "lab", "groups"])
def test_examples_run(
    parse: Parse, client: FakeClient, example: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_KEY", KEY)
    monkeypatch.setenv("LAB_PASSWORD", "from the lab")
    inventory = parse(machine("a", Params={"rack/name": "r1"}), machine("b"), **{"key": None, **example})
    assert list(inventory.hosts) == ["a", "b"]
    assert client.settings is not None
    if "password" in example:
        assert client.settings.password == "from the lab"
    if "compose" in example:
        assert variables(inventory, "a")["ansible_user"] == "admin"
        assert hosts(inventory) == {
            "arch_amd64": ["a", "b"],
            "rack_r1": ["a"],
            "rack_unknown": ["b"],
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
    assert {name: without(entry, "description", "env") for name, entry in plugin.items()} == facts


def without(entry: dict[str, t.Any], *names: str) -> dict[str, t.Any]:
    return {name: value for name, value in entry.items() if name not in names}
