# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user reads when something is wrong."""

from __future__ import annotations

import socket
import time

import pytest
import requests
from patience import LIMIT
from playbook_runner import PlaybookRunner, machine, thing

from simulator.launch import PASSWORD, USERNAME, Simulator

JSON = "application/json"


def told(run_tasks: PlaybookRunner, **options: object) -> str:
    """The message of one failing drp_machine task, which shows neither a traceback nor a secret."""
    played = run_tasks(machine(**{"name": "m1", **options}), flags=["-vvv"])
    assert played[0]["failed"], played.output
    assert not played[0]["changed"]
    assert "Traceback" not in played.output
    assert PASSWORD not in played.output
    return str(played[0]["msg"])


def api(simulator: Simulator, method: str, path: str, **more: object) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    session.verify = simulator.ca
    answer = session.request(
        method, f"{simulator.endpoint}/api/v3/{path}", auth=(USERNAME, PASSWORD), timeout=LIMIT, **more
    )
    answer.raise_for_status()
    return answer


def test_endpoint_that_is_no_url(run_tasks: PlaybookRunner) -> None:
    message = told(run_tasks, endpoint="drp.example.com")
    assert "endpoint: 'drp.example.com' is not a URL such as https://" in message


@pytest.mark.slow
def test_closed_port(run_tasks: PlaybookRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = time.monotonic()
    message = told(run_tasks, endpoint=f"https://127.0.0.1:{port}")
    assert f"Cannot reach https://127.0.0.1:{port}: Connection refused (tried 6 times in 20 s)" in message
    assert time.monotonic() - start >= 20


def test_wrong_password(run_tasks: PlaybookRunner) -> None:
    message = told(run_tasks, password="not-it", token_cache="")
    assert f"refused the login of '{USERNAME}': unknown user or wrong password" in message


def test_password_with_colons(run_tasks: PlaybookRunner) -> None:
    api(run_tasks.simulator, "POST", "users", json={"Name": "colons", "Roles": ["superuser"]})
    api(run_tasks.simulator, "PUT", "users/colons/password", json={"Password": "a:b::c"})
    run_tasks.defaults = {"endpoint": run_tasks.simulator.endpoint, "ca_path": run_tasks.simulator.ca}
    played = run_tasks(machine(name="m1", key="colons:a:b::c"), machine(name="m2", key="colons"))
    assert played.changed == [True, False]
    assert played[1]["msg"] == "key: must be user:password, with neither part empty"


@pytest.mark.needs_faults
def test_expired_and_revoked_token(run_tasks: PlaybookRunner) -> None:
    simulator = run_tasks.simulator
    token = api(simulator, "GET", f"users/{USERNAME}/token", params={"ttl": "600"}).json()["Token"]
    run_tasks.defaults = {"endpoint": simulator.endpoint, "ca_path": simulator.ca, "token": token}
    assert run_tasks(machine(name="m1")).changed == [True]
    simulator.expire_tokens()
    assert "does not accept the token: it is expired" in told(run_tasks)
    api(simulator, "POST", "users", json={"Name": "brief", "Roles": ["superuser"]})
    api(simulator, "PUT", "users/brief/password", json={"Password": "one"})
    session = requests.get(
        f"{simulator.endpoint}/api/v3/users/brief/token",
        auth=("brief", "one"),
        verify=simulator.ca,
        timeout=LIMIT,
    )
    run_tasks.defaults["token"] = session.json()["Token"]
    api(simulator, "PUT", "users/brief/password", json={"Password": "two"})
    assert "the token was revoked" in told(run_tasks)


@pytest.mark.needs_faults
def test_tokens_that_expire_are_replaced_silently(run_tasks: PlaybookRunner) -> None:
    run_tasks(machine(name="m1"))
    run_tasks.simulator.expire_tokens()
    played = run_tasks(machine(name="m1"))
    assert played.changed == [False]
    assert not played[0].get("failed")


def test_certificates(run_tasks: PlaybookRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/certs/ca-certificates.crt")
    ca = run_tasks.defaults.pop("ca_path")
    message = told(run_tasks)
    assert "is not trusted" in message
    assert "ca_path" in message
    assert run_tasks.simulator.fingerprint in message
    message = told(run_tasks, cert_fingerprint="00" * 32)
    assert f"requires {'00' * 32}. Nothing was sent to it" in message
    assert "64 hexadecimal digits" in told(run_tasks, cert_fingerprint="12:34")
    assert "cannot be read" in told(run_tasks, ca_path="/nowhere.pem")
    good = run_tasks(
        machine(name="m1", ca_path=ca),
        machine(name="m2", cert_fingerprint=run_tasks.simulator.fingerprint),
        machine(name="m3", validate_certs=False),
    )
    assert [result.get("msg") for result in good.results] == [None] * 3


def test_objects_that_cannot_be(run_tasks: PlaybookRunner) -> None:
    run_tasks(machine(name="m1", address="192.0.2.1"))
    played = run_tasks(
        thing(kind="machine", spec={"Name": "x"}),
        thing(kind="params", spec={"Name": "odd", "Schema": {"type": "strong"}}),
        machine(name="m2", profiles=["absent"]),
        machine(name="m1", profiles=["absent"]),
        machine(name="not/valid"),
        machine(id="00000000-0000-0000-0000-0000000000aa", name="m1"),
        thing(kind="bootenvs", spec={"Name": "local", "Description": "mine"}),
        thing(kind="machines", spec={"Name": "m1", "Colour": "red"}),
        thing(kind="jobs", spec={"Uuid": "00000000-0000-0000-0000-0000000000aa"}),
        thing(kind="profiles", spec={"Description": "nameless"}),
        thing(kind="profiles", spec={"Name": "pp", "Params": [1]}),
    )
    messages = [str(result["msg"]) for result in played.results]
    assert "unknown kind 'machine'. Did you mean machines?" in messages[0]
    assert "param odd" in messages[1]
    assert "absent" in messages[2]
    assert "machine m1 is stored but not available: Profile absent (at 0) does not exist" in messages[3]
    assert "Invalid Name" in messages[4]
    assert "violates unique index Name" in messages[5]
    assert "bootenv local: it is read-only" in messages[6]
    assert "machines have no member Colour" in messages[7]
    assert "the server creates jobs itself" in messages[8]
    assert "profiles: the object has no Name" in messages[9]
    assert "Params must be a map" in messages[10]
    assert "Traceback" not in played.output


@pytest.mark.needs_faults
def test_conflict_that_never_settles(run_tasks: PlaybookRunner) -> None:
    run_tasks(machine(name="m1", description="mine"))
    body = '{"Model":"machines","Key":"x","Type":"PATCH","Messages":["Test op failed."],"Code":409}'
    conflict = {"status": 409, "body": body, "content_type": "application/json"}
    run_tasks.simulator.fault("status", "machines/", "PATCH", times=0, **conflict)
    message = told(run_tasks, description="mine again")
    # the object did not change, so nobody else is blamed
    assert "machine m1: PATCH: machines/x: Test op failed" in message
    assert "another client" not in message


@pytest.mark.needs_faults
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html"}, "is this the API port of a DRP server?"),
        (
            {"kind": "status", "status": 200, "body": '{"Name": "m1", ', "content_type": JSON},
            "not a complete JSON document",
        ),
        ({"kind": "status", "status": 500, "body": "", "content_type": ""}, "answered 500"),
    ],
    ids=["html", "half a document", "empty 500"],
)
def test_answers_that_make_no_sense(run_tasks: PlaybookRunner, fault: dict[str, object], words: str) -> None:
    run_tasks(machine(name="m1"))
    options = dict(fault)
    run_tasks.simulator.fault(str(options.pop("kind")), "machines/", "GET", times=0, **options)
    assert words in told(run_tasks)
