# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role agent does on the server: drp_enrol, drp_agent_token and drp_agent_package."""

from __future__ import annotations

import hashlib
import typing as t
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from info_tasks import add, task
from playbook_runner import PlaybookRunner

from simulator.launch import USERNAME, Simulator
from simulator.testing import Api

MAC, SERIAL = "52:54:00:00:00:01", "SN-1"
CHECK = ("--check", "--diff")


@pytest.fixture(scope="module")
def licensed() -> Iterator[Simulator]:
    with Simulator.start(licensed=True) as simulator:
        yield simulator


@pytest.fixture
def licensed_player(licensed: Simulator, tmp_path: Path) -> PlaybookRunner:
    licensed.reset()
    return PlaybookRunner(licensed, tmp_path)


def enrol(*hosts: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
    return task("enrol", hosts=list(hosts), **options)


# -- drp_enrol


@pytest.mark.needs_counters
def test_hosts_are_found_however_they_are_known(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    param = {"inventory/SerialNumber": SERIAL}
    by_uuid = add(api, "machines", Name="aa")["Uuid"]
    by_mac = add(api, "machines", Name="bb", HardwareAddrs=[MAC.upper()])["Uuid"]
    by_serial = add(api, "machines", Name="cc", Params=param)["Uuid"]
    by_name = add(api, "machines", Name="dd")["Uuid"]
    played = run_tasks(
        enrol(
            {"host": "1", "uuid": by_uuid.upper(), "name": "whatever"},
            {
                "host": "2",
                "macs": ["00:00:00:00:00:00", MAC.replace(":", "-")],
                "serial": "To be filled by O.E.M.",
            },
            {"host": "3", "serial": f" {SERIAL.lower()} "},
            {"host": "4", "name": "dd", "macs": ["52:54:00:00:00:99"], "serial": "other"},
        )
    )
    found = {host: (item["uuid"], item["matched_by"]) for host, item in played[0]["machines"].items()}
    assert found == {
        "1": (by_uuid, "uuid"),
        "2": (by_mac, "mac"),
        "3": (by_serial, "serial"),
        "4": (by_name, "name"),
    }
    assert played.changed == [False]
    assert run_tasks.simulator.stats()["writes"] == 4  # ours, with which it began


@pytest.mark.needs_counters
def test_one_list_serves_all_hosts(run_tasks: PlaybookRunner) -> None:
    hosts = [
        {"host": f"h{number}", "name": f"h{number}", "macs": [f"52:54:00:00:00:{number:02}"]}
        for number in range(30)
    ]
    run_tasks(enrol(hosts[0]))
    run_tasks.simulator.reset_stats()
    played = run_tasks(enrol(*hosts[:1]), enrol(*hosts[:1]))
    assert played.changed == [False, False]
    assert run_tasks.simulator.stats()["requests"] == 2


@pytest.mark.needs_counters
def test_what_is_missing_is_created(run_tasks: PlaybookRunner) -> None:
    wish = {"host": "web", "name": "web-1", "macs": [MAC], "serial": SERIAL, "address": "192.0.2.7"}
    checked = run_tasks(enrol(wish), flags=CHECK)
    assert checked.changed == [True]
    assert run_tasks.simulator.stats()["writes"] == 0
    assert "web-1" in str(checked[0]["diff"]["after"])
    played = run_tasks(enrol(wish), enrol(wish), enrol({**wish, "name": "renamed"}))
    assert played.changed == [True, False, False], played.output
    assert [result["machines"]["web"]["matched_by"] for result in played.results] == [
        "created",
        "name",
        "mac",
    ]
    made = Api(run_tasks.simulator)("GET", "machines/Name:web-1").json()
    assert (made["HardwareAddrs"], made["Address"]) == ([MAC], "192.0.2.7")
    assert made["Params"] == {"inventory/SerialNumber": SERIAL}


@pytest.mark.parametrize(
    ("hosts", "options", "told"),
    [
        ([{"host": "x", "name": "aa", "macs": [MAC]}], {}, "hosts: x matches 2 machines: aa ("),
        (
            [{"host": "x", "name": "aa"}, {"host": "y", "name": "aa"}],
            {},
            "hosts: x and y both match the machine aa",
        ),
        ([{"host": "x", "name": "nn"}, {"host": "x", "name": "mm"}], {}, "hosts: x is listed more than once"),
        ([{"host": "x"}], {}, "hosts: nothing identifies x; set uuid, name, macs or serial"),
        (
            [{"host": "x", "macs": ["52:54:00:00:00:77"]}],
            {},
            "x has no machine; set its name to create one",
        ),
        (
            [{"host": "x", "name": "nn"}],
            {"create": False},
            "hosts: the server has no machine for x. Set create: true",
        ),
        (
            [{"host": "x", "uuid": "7" * 8}],
            {},
            "hosts: there is no machine with the UUID 77777777 set for x",
        ),
        ([{"host": "x", "name": "no/good"}], {}, "1 of 1 failed: machine no/good"),
    ],
)
def test_what_cannot_be(run_tasks: PlaybookRunner, hosts: t.Any, options: t.Any, told: str) -> None:
    api = Api(run_tasks.simulator)
    add(api, "machines", Name="aa")
    add(api, "machines", Name="bb", HardwareAddrs=[MAC])
    played = run_tasks(enrol(*hosts, **options))
    assert played[0]["failed"]
    assert told in played[0]["msg"]
    assert "Traceback" not in played.output
    assert len(api("GET", "machines").json()) == 2


# -- drp_agent_token


def allowed(api: Api, token: str, path: str) -> bool:
    return bool(api("GET", path, headers={"Authorization": f"Bearer {token}"}).status_code == 200)


@pytest.mark.needs_license
def test_a_token_for_one_machine(licensed_player: PlaybookRunner) -> None:
    api = Api(licensed_player.simulator)
    uuid, other = (add(api, "machines", Name=name)["Uuid"] for name in ("mine", "other"))
    want, gone = (
        task("agent_token", machine="mine", ttl=600),
        task("agent_token", machine="mine", state="absent"),
    )
    checked = licensed_player(want, gone, flags=CHECK)
    assert (checked.changed, checked[0]["token"]) == ([True, False], ""), checked.output
    assert api("GET", f"users/drp-agent-{uuid}").status_code == 404
    played = licensed_player(want, want)
    assert played.changed == [True, True], played.output
    token = played[1]["token"]
    assert not allowed(api, played[0]["token"], f"machines/{uuid}")
    assert (played[1]["user"], played[1]["machine"]) == (f"drp-agent-{uuid}", uuid)
    assert allowed(api, token, f"machines/{uuid}")
    assert not allowed(api, token, f"machines/{other}")
    assert licensed_player(gone, flags=CHECK).changed == [True]
    assert allowed(api, token, f"machines/{uuid}")
    assert licensed_player(gone, gone).changed == [True, False]
    assert not allowed(api, token, f"machines/{uuid}")
    assert api("GET", "roles").json() == [] or uuid not in api("GET", "roles").text
    fresh = licensed_player(want)
    assert fresh.changed == [True]
    assert [allowed(api, text, f"machines/{uuid}") for text in (token, fresh[0]["token"])] == [False, True]


@pytest.mark.needs_v4
def test_a_token_for_a_cluster(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    uuid, other = (add(api, "clusters", Name=name)["Uuid"] for name in ("mine", "other"))
    want = task("agent_token", kind="clusters", machine="mine", ttl=600)
    gone = task("agent_token", kind="clusters", machine="mine", state="absent")
    played = run_tasks_v4(want, task("agent_token", machine="mine"))
    token = played[0]["token"]
    assert played[0]["machine"] == uuid
    assert "no such machine" in played[1]["msg"]
    assert [allowed(api, token, f"clusters/{key}") for key in (uuid, other)] == [True, False]
    assert run_tasks_v4(gone).changed == [True]
    assert not allowed(api, token, f"clusters/{uuid}")


def test_no_cluster_before_version_4(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(task("agent_token", kind="clusters", machine="mine"))
    assert "kind: clusters: not supported by this server" in played[0]["msg"]


@pytest.mark.needs_license
def test_the_role_has_what_tokens_of_the_server_have(licensed_player: PlaybookRunner) -> None:
    api = Api(licensed_player.simulator)
    uuid = add(api, "machines", Name="placed", Address="192.0.2.10")["Uuid"]
    played = licensed_player(task("agent_token", machine="placed", ttl=600))
    role = api("GET", f"roles/drp-agent-{uuid}").json()
    assert (role["Available"], role["Errors"]) == (True, [])
    headers = {"Authorization": f"Bearer {played[0]['token']}"}
    event = {"Type": "custom", "Action": "ring", "Key": "bell", "Object": {}}
    own, other = (
        {"Addr": address, "Token": f"52:54:00:00:00:{address[-2:]}", "Strategy": "MAC"}
        for address in ("192.0.2.10", "192.0.2.11")
    )
    assert api("POST", "events", json=event, headers=headers).status_code == 204
    assert api("POST", "reservations", json=own, headers=headers).status_code == 201
    assert api("POST", "reservations", json=other, headers=headers).status_code == 201
    assert api("DELETE", "reservations/192.0.2.11", headers=headers).status_code == 403
    assert api("DELETE", "reservations/192.0.2.10", headers=headers).status_code == 200
    api("DELETE", "reservations/192.0.2.11")


def test_without_a_licence_somebody_has_to_say_whose_rights(run_tasks: PlaybookRunner) -> None:
    api = Api(run_tasks.simulator)
    uuid = add(api, "machines", Name="mine")["Uuid"]
    add(api, "users", Name="fred", Roles=["superuser"])
    api("PUT", "users/fred/password", json={"Password": "of-fred"})
    played = run_tasks(
        task("agent_token", machine="mine"),
        task("agent_token", machine="mine", user=USERNAME, ttl=60),
        task("agent_token", machine="mine", user="nobody"),
        task("agent_token", machine="absent"),
        task("agent_token", machine="mine", ttl=0),
        task("agent_token", machine="mine", state="absent"),
        task("agent_token", machine="mine", state="absent", user=USERNAME),
        task("agent_token", machine="mine", user="fred"),
        task("agent_token", machine="mine", user="fred", user_password="of-fred"),
    )
    checked = run_tasks(task("agent_token", machine="mine"), flags=CHECK)
    assert checked[0]["msg"] == played[0]["msg"]
    assert "this server cannot create a token for a single machine" in played[0]["msg"]
    assert "Set user (in the role: agent_token_user)" in played[0]["msg"]
    assert allowed(api, played[1]["token"], f"machines/{uuid}")
    assert "nobody" in played[2]["msg"]
    assert "no such machine: absent" in played[3]["msg"]
    assert "ttl: must be at least 1 second" in played[4]["msg"]
    assert "a token of another user, if its agent has one, stays valid" in played[5]["warnings"][0]
    assert f"its token of user {USERNAME} stays valid" in played[6]["warnings"][0]
    assert "the server refuses the token" in played[7]["msg"]
    assert "(in the role: agent_token_password" in played[7]["msg"]
    assert allowed(api, played[8]["token"], f"machines/{uuid}")
    assert played.changed == [False] * 9


@pytest.mark.needs_v4
def test_a_v4_server_mints_it_by_itself(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    uuid = add(api, "machines", Name="mine")["Uuid"]
    played = run_tasks_v4(
        task("agent_token", machine="mine"), task("agent_token", machine="mine", user="ignored")
    )
    assert played.changed == [False, False], played.output
    token = played[0]["token"]
    assert allowed(api, token, f"machines/{uuid}")
    gone = run_tasks_v4(task("agent_token", machine="mine", state="absent"))
    assert gone.changed == [True]
    assert not allowed(api, token, f"machines/{uuid}")
    assert run_tasks_v4(task("agent_token", machine="absent", state="absent")).changed == [False]


# -- drp_agent_package


@pytest.mark.needs_counters
def test_the_package(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    dest = tmp_path / "deep" / "drp-agent"
    want = task("agent_package", dest=str(dest))
    assert run_tasks(want, flags=CHECK).changed == [True]
    assert not dest.exists()
    played = run_tasks(want, want)
    assert played.changed == [True, False], played.output
    assert hashlib.sha256(dest.read_bytes()).hexdigest() == played[0]["sha256"]
    assert dest.stat().st_size == played[0]["size"]
    assert zipfile.is_zipfile(dest)
    assert played[0]["versions"]["requests"]
    dest.write_bytes(b"broken")
    assert run_tasks(want).changed == [True]
    assert run_tasks.simulator.stats()["requests"] == 0


def test_what_cannot_be_built(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (tmp_path / "none").mkdir()
    played = run_tasks(
        task("agent_package", dest=str(file / "agent")),
        task("agent_package", dest=str(tmp_path / "agent"), packages=str(tmp_path / "absent")),
        task("agent_package", dest=str(tmp_path / "agent"), packages=str(tmp_path / "none")),
        task("agent_package", dest=str(tmp_path / "agent"), run_in="target"),
    )
    assert f"dest: {file}/agent: Not a directory" in played[0]["msg"]
    assert f"packages: {tmp_path}/absent is not a folder" in played[1]["msg"]
    assert "must be installed" in played[2]["msg"]
    assert "can only be built where the collection is installed: on the controller" in played[3]["msg"]
    assert not (tmp_path / "agent").exists()
