# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin through ansible-inventory, against the simulator."""

from __future__ import annotations

import subprocess
import typing as t
from collections.abc import Callable
from pathlib import Path

import inventory_tool
import pytest
import yaml
from ansible.constants import DEFAULT_VAULT_ID_MATCH
from ansible.parsing.vault import VaultLib, VaultSecret
from checkout import ansible_core
from inventory_tool import read

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects.secure import seal
from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

TOKEN = ("GET", f"users/{USERNAME}/token")
MACHINES = ("GET", "machines")
PROFILES = ("GET", "profiles")


PIN = "planted-pin"

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Asked = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def server(simulator: Simulator) -> Simulator:
    """Two machines, one of them with params of which two are secrets."""
    simulator.reset()
    api = Api(simulator)
    add(api, "params", Name="rack/pin", Secure=True, Schema={"type": "string"})
    add(api, "params", Name="rack/name", Schema={"type": "string"})
    add(api, "profiles", Name="web-app", Params={"http/port": 80})
    web = add(
        api,
        "machines",
        Name="web-1.example.com",
        Address="192.0.2.7",
        Description="{{ 1 + 1 }}",
        Profiles=["web-app"],
        Params={"rack/name": "r1", "ipmi/password": "planted-secret"},
    )
    # a server takes only what was sealed for this very machine
    sealed = seal(PIN, api("GET", f"machines/{web['Uuid']}/pubkey").json())
    assert api("POST", f"machines/{web['Uuid']}/params/rack/pin", json=sealed).status_code == 200
    add(api, "machines", Name="db-1.example.com")
    return simulator


def add(api: Api, kind: str, **members: t.Any) -> dict[str, t.Any]:
    answer = api("POST", kind, json=members)
    assert answer.status_code == 201, answer.text
    return t.cast("dict[str, t.Any]", answer.json())


@pytest.fixture
def inventory(server: Simulator, tmp_path: Path) -> Run:
    """Run ansible-inventory on a file with these options beside the connection."""

    def run(*arguments: str, **options: t.Any) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "lab.drp.yml"
        document = {
            "plugin": "digitalrebar.provision.drp",
            "endpoint": server.endpoint,
            "username": USERNAME,
            "password": PASSWORD,
            "ca_path": server.ca,
            **options,
        }
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return inventory_tool.run(path, *arguments)

    return run


@pytest.fixture
def asked(server: Simulator) -> Asked:
    """Tells what the server was asked since the last time, first of all since the machines were made."""
    seen = len(server.log())

    def news() -> list[tuple[str, str]]:
        nonlocal seen
        entries = server.log()[seen:]
        seen += len(entries)
        return [(entry["method"], entry["path"]) for entry in entries]

    return news


@pytest.mark.needs_counters
def test_list(inventory: Run, asked: Asked) -> None:
    done = inventory("--list")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert asked() == [TOKEN, MACHINES, PROFILES]
    found = read(done.stdout)
    assert found["profile_web_app"]["hosts"] == ["web-1.example.com"]
    assert found["stage_none"]["hosts"] == ["db-1.example.com", "web-1.example.com"]
    known = found["_meta"]["hostvars"]["web-1.example.com"]
    assert known["ansible_host"] == "192.0.2.7"
    assert known["drp"]["Description"] == "{{ 1 + 1 }}"
    assert known["drp_params"] == {"rack/name": "r1"}
    assert not {"Secret", "Params", "Profile"} & known["drp"].keys()
    for secret in (PASSWORD, "planted-secret", PIN, "Payload"):
        assert secret not in done.stdout


@pytest.mark.needs_counters
def test_the_second_run_needs_no_token(inventory: Run, asked: Asked) -> None:
    first = inventory("--list")
    assert asked() == [TOKEN, MACHINES, PROFILES]
    second = inventory("--list")
    assert asked() == [MACHINES, PROFILES]
    assert second.stdout == first.stdout


def test_graph(inventory: Run) -> None:
    done = inventory("--graph", groups_by=["profile"], group_prefix="lab_")
    assert done.stdout.split() == [
        "@all:",
        "|--@ungrouped:",
        "|",
        "|--db-1.example.com",
        "|--@lab_profile_web_app:",
        "|",
        "|--web-1.example.com",
    ]


@pytest.mark.needs_counters
def test_host(inventory: Run, asked: Asked) -> None:
    done = inventory("--host", "web-1.example.com", compose={"rack": "drp_params['rack/name']"})
    found = read(done.stdout)
    assert (found["rack"], found["drp"]["Name"]) == ("r1", "web-1.example.com")
    assert asked() == [TOKEN, MACHINES, PROFILES]


def test_all_at_once(inventory: Run) -> None:
    """Options that meet in no other test, through the whole of Ansible and without a warning."""
    done = inventory(
        "--list",
        hostnames=["Meta.dns", "Name"],
        host_variables={"ansible_user": {"fields": ["ssh/user"], "default": "root"}},
        params="aggregated",
        flatten=["params"],
        groups_by=["profile", "runnable", "available", "arch", "tenant", "os", "pool"],
        groups_by_params=["rack/name"],
        group_parents=True,
        profile_variables=True,
        compose={"shouted": "drp.Name | upper"},
        keyed_groups=[{"key": "drp.Stage", "prefix": "st", "parent_group": "stages"}],
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
    found = read(done.stdout)
    assert found["by_rack_name"]["children"] == ["rack_name_r1"]
    assert found["stages"]["children"] == ["st_none"]
    known = found["_meta"]["hostvars"]["web-1.example.com"]
    assert known["drp_params"] == {"rack/name": "r1", "http/port": 80}
    assert (known["drp_http_port"], known["ansible_user"]) == (80, "root")
    assert known["shouted"] == "WEB-1.EXAMPLE.COM"


def test_aggregated_params_are_those_of_the_server(inventory: Run, server: Simulator) -> None:
    api = Api(server)
    add(api, "profiles", Name="low", Params={"xx": "low", "yy": "low", "zz": "low"})
    add(api, "profiles", Name="high", Params={"xx": "high"})
    add(api, "profiles", Name="of-stage", Params={"zz": "stage", "ww": "stage"})
    add(api, "stages", Name="staged", Profiles=["of-stage"])
    api("PATCH", "profiles/global", json=[{"op": "add", "path": "/Params/gg", "value": "global"}])
    machines = [
        add(api, "machines", Name="m1", Profiles=["high", "low"], Stage="staged", Params={"own": 1}),
        add(api, "machines", Name="m2", Profiles=["low", "high"], Params={"zz": "own"}),
        add(api, "machines", Name="m3", Stage="staged"),
        add(api, "machines", Name="m4", Params={"gg": "own"}),
    ]
    found = read(inventory("--list", params="aggregated").stdout)["_meta"]["hostvars"]
    for machine in machines:
        answer = api("GET", f"machines/{machine['Uuid']}/params?aggregate=true").json()
        assert found[machine["Name"]]["drp_params"] == answer
        assert answer


# -- filters and pages


@pytest.mark.needs_counters
def test_filters_are_the_servers_work(inventory: Run, asked: Asked) -> None:
    done = inventory("--list", "-v", filters={"Address": "192.0.2.7", "Runnable": True, "rack/name": "r1"})
    assert list(read(done.stdout[done.stdout.index("{") :])["_meta"]["hostvars"]) == ["web-1.example.com"]
    assert asked() == [TOKEN, MACHINES, PROFILES]
    assert "compared on this side" not in done.stdout + done.stderr


@pytest.mark.needs_counters
@pytest.mark.parametrize(
    ("filters", "requests", "why"),
    [
        ({"Arch": "amd64", "Name": {"Gt": "m"}}, [MACHINES, MACHINES], "has no such index or param"),
        ({"Name": {"Re": "^web"}}, [MACHINES], "this server does not support Re"),
        ({"http/port": 80}, [MACHINES], "servers do not compare params that are numbers"),
        ({"Address": {"Ne": ""}}, [MACHINES], "cannot compare with an empty value"),
    ],
)
def test_filters_that_the_server_cannot_apply(
    inventory: Run, asked: Asked, filters: t.Any, requests: list[t.Any], why: str
) -> None:
    done = inventory("--graph", "-v", filters=filters)
    assert "web-1.example.com" in done.stdout
    assert "db-1.example.com" not in done.stdout
    assert [entry for entry in asked() if entry == MACHINES] == requests
    assert why in " ".join((done.stdout + done.stderr).split())


def test_texts_that_look_like_numbers(inventory: Run, server: Simulator) -> None:
    """The server reads a value as JSON first, and refuses a number for a param that is a string."""
    api = Api(server)
    add(api, "params", Name="os/release", Schema={"type": "string", "minLength": 1})
    for number in ("7", "8"):
        add(api, "machines", Name=f"el{number}", Params={"os/release": number, "rack/name": "true"})
    done = inventory("--graph", filters={"os/release": {"In": ["7"]}, "rack/name": "true"})
    assert "el7" in done.stdout, done.stdout + done.stderr
    assert "el8" not in done.stdout


@pytest.mark.needs_v4
def test_a_v4_server_knows_more(tmp_path: Path) -> None:
    with Simulator.start(v4=True) as server:
        api = Api(server)
        add(api, "profiles", Name="inner")
        add(api, "profiles", Name="outer", Profiles=["inner"])
        add(api, "machines", Name="web-1", Profiles=["outer"])
        add(api, "machines", Name="db-1", Profiles=["inner"])
        path = tmp_path / "drp.yml"
        document = {"plugin": "digitalrebar.provision.drp", "endpoint": server.endpoint, "ca_path": server.ca}
        document |= {"username": USERNAME, "password": PASSWORD, "groups_by": ["profile", "pool"]}
        path.write_text(yaml.safe_dump({**document, "filters": {"Name": {"Re": "-1$"}}}), encoding="utf-8")
        done = inventory_tool.run(path, "--list", "-v")
        assert "compared on this side" not in done.stdout + done.stderr
        found = read(done.stdout[done.stdout.index("{") :])
        assert found["profile_inner"] == {"children": ["profile_outer"], "hosts": ["db-1"]}
        assert found["pool_default"]["hosts"] == ["db-1", "web-1"]


@pytest.mark.needs_counters
def test_pages(inventory: Run, server: Simulator, asked: Asked) -> None:
    api = Api(server)
    for number in range(30):
        add(api, "machines", Name=f"node-{number:02d}")
    asked()
    whole = inventory("--list").stdout
    assert asked() == [TOKEN, MACHINES, PROFILES]
    assert inventory("--list", page_size=10).stdout == whole
    requests = asked()
    assert set(requests) == {MACHINES, PROFILES}
    assert 4 <= requests.count(MACHINES) <= 9


# -- the cache


def cache_in(folder: Path, **more: t.Any) -> dict[str, t.Any]:
    connection = {"cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder / "cache")}
    return {"cache": True, **connection, **more}


def anew(inventory: Run, options: dict[str, t.Any]) -> subprocess.CompletedProcess[str]:
    """Ask again whatever the cache holds; ansible-inventory has a flag for that from ansible-core 2.19."""
    if ansible_core() < (2, 19):
        return inventory("--graph", **{**options, "refresh_cache": True})
    return inventory("--graph", "--flush-cache", **options)


@pytest.mark.needs_counters
def test_cached(inventory: Run, asked: Asked, tmp_path: Path) -> None:
    without = inventory("--list").stdout
    asked()
    first = inventory("--list", **cache_in(tmp_path))
    assert asked() == [MACHINES, PROFILES]
    second = inventory("--list", **cache_in(tmp_path))
    assert asked() == []
    assert without == first.stdout == second.stdout
    anew(inventory, cache_in(tmp_path))
    assert asked() == [MACHINES, PROFILES]
    inventory("--graph", "-e", "anew=true", **cache_in(tmp_path, refresh_cache="{{ anew | default(false) }}"))
    assert asked() == [MACHINES, PROFILES]
    inventory("--graph", **cache_in(tmp_path, refresh_cache="{{ anew | default(false) }}"))
    assert asked() == []
    [entry] = (tmp_path / "cache").iterdir()
    for secret in (PASSWORD, "planted-secret", PIN, "Payload"):
        assert secret not in entry.read_text()


@pytest.mark.needs_faults
def test_the_server_is_away(inventory: Run, server: Simulator, tmp_path: Path) -> None:
    options = cache_in(tmp_path, cache_timeout=1, stale_on_error=True)
    before = inventory("--graph", **options)
    server.fault("status", "machines", status=500, times=0)
    after = anew(inventory, options)
    assert after.stdout == before.stdout
    assert "(stale_on_error)" in " ".join(after.stderr.split())
    failed = inventory("--graph", **{**options, "stale_on_error": False, "refresh_cache": True})
    assert "web-1" not in failed.stdout
    server.clear_faults()


# -- credentials


def test_credentials_of_the_environment(
    server: Simulator, inventory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_KEY", f"{USERNAME}:{PASSWORD}")
    monkeypatch.setenv("RS_ENDPOINT", server.endpoint)
    done = inventory("--graph", endpoint=None, username=None, password=None)
    assert "web-1.example.com" in done.stdout


def test_a_pinned_server_and_a_password_from_a_lookup(
    server: Simulator, inventory: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RS_TOKEN", "of no use")
    monkeypatch.setenv("LAB_PASSWORD", PASSWORD)
    done = inventory(
        "--graph",
        ca_path=None,
        cert_fingerprint=server.fingerprint,
        password="{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}",
    )
    assert "web-1.example.com" in done.stdout, done.stderr


@pytest.mark.parametrize("whole", [False, True], ids=["one-value", "the-file"])
def test_vault(server: Simulator, tmp_path: Path, whole: bool) -> None:
    (tmp_path / "vault-password").write_text("open sesame\n", encoding="utf-8")
    vault = VaultLib([(DEFAULT_VAULT_ID_MATCH, VaultSecret(b"open sesame"))])
    plain = f"plugin: digitalrebar.provision.drp\nendpoint: {server.endpoint}\nca_path: {server.ca}\n"
    plain += f"username: {USERNAME}\n"
    path = tmp_path / "lab.drp.yml"
    if whole:
        path.write_bytes(vault.encrypt(f"{plain}password: {PASSWORD}\n"))
    else:
        lines = vault.encrypt(PASSWORD).decode().replace("\n", "\n  ")
        path.write_text(f"{plain}password: !vault |\n  {lines}\n", encoding="utf-8")
    done = inventory_tool.run(path, "--graph", "--vault-password-file", str(tmp_path / "vault-password"))
    assert "web-1.example.com" in done.stdout, done.stderr


# -- what can go wrong


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"password": "not-the-password"}, f"refused the login of '{USERNAME}'"),
        ({"ca_path": None}, "cert_fingerprint, ca_path, validate_certs: The certificate of"),
        ({"cert_fingerprint": "00" * 32, "ca_path": None}, "cert_fingerprint requires"),
        ({"filters": {"sort": "Name"}}, "filters: sort is neither an index nor a param"),
        ({"filters": {"Uuid": "red"}}, "filters: GET: machines: Invalid UUID: red"),
        ({"page_size": 0}, "page_size: must be at least 1"),
        ({"filter": {"Name": "web-1"}}, "unknown option filter. Did you mean filters?"),
        ({"validate_certs": "ture"}, "validate_certs: 'ture' is neither true nor false"),
        ({"validate_certs": "{{ 'ture' }}"}, "validate_certs: 'ture' is neither true nor false"),
        ({"validate_certs": "{{ 1 == 1 }}", "ca_path": None}, "validate_certs: The certificate of"),
        ({"strict": "perhaps"}, "strict: 'perhaps' is neither true nor false"),
        ({"username": None, "password": None}, "no credentials: set token"),
        ({"groups_by": ["color"]}, "groups_by"),
        (
            {"password": "{{ 'secret-in-a-template' | nothing }}"},
            "password: the template cannot be evaluated",
        ),
    ],
)
def test_errors(inventory: Run, options: dict[str, t.Any], told: str) -> None:
    done = inventory("--graph", "-vvv", **options)
    assert told in " ".join(done.stderr.split())
    for secret in (PASSWORD, "not-the-password", "secret-in-a-template"):
        assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "example.com" not in done.stdout


@pytest.mark.needs_faults
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "html"}, "is this the API port of a DRP server?"),
        ({"kind": "status", "status": 500}, "GET /api/v3/machines answered 500"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_answers_that_are_none(inventory: Run, server: Simulator, fault: dict[str, t.Any], told: str) -> None:
    server.fault(path="^machines", times=0, **fault)
    done = inventory("--graph")
    server.clear_faults()
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "example.com" not in done.stdout


@pytest.mark.needs_counters
@pytest.mark.needs_faults
def test_half_an_answer_is_asked_for_again(inventory: Run, server: Simulator, asked: Asked) -> None:
    server.fault("half", "^machines")
    done = inventory("--list")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert asked() == [TOKEN, MACHINES, MACHINES, PROFILES]
    assert len(read(done.stdout)["_meta"]["hostvars"]) == 2


def test_a_file_that_names_no_plugin(server: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "drp.yml"
    path.write_text(f"endpoint: {server.endpoint}\npassword: {PASSWORD}\n", encoding="utf-8")
    done = inventory_tool.run(path, "--graph", ANSIBLE_INVENTORY_ENABLED="digitalrebar.provision.drp")
    assert "Incorrect plugin name in file: none found" in " ".join(done.stderr.split())
    assert PASSWORD not in done.stdout + done.stderr
