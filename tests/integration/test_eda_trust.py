# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the event source trusts and as whom it logs in, at the start and later, against the simulator."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eda_listener import Listener, create
from front_proxy import ClientAuthority, FrontProxy
from patience import LIMIT, eventually

from simulator import certs
from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

pytestmark = pytest.mark.needs_counters


@pytest.fixture(autouse=True)
def fresh(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    simulator.clear_faults()
    simulator.reset()
    caplog.set_level(logging.INFO)
    yield
    simulator.clear_faults()
    assert simulator.stats()["would_crash"] == 0


@pytest.fixture
def api(simulator: Simulator, fresh: None) -> Api:
    return Api(simulator)


def refusal(simulator: Simulator, **arguments: Any) -> str:
    with pytest.raises(Exception, match=".") as caught, Listener(simulator, **arguments):
        pass
    assert type(caught.value).__name__ in ("AccessRefused", "ArgumentError")
    return str(caught.value)


def test_errors_at_the_start(simulator: Simulator) -> None:
    assert f"refused the login of {USERNAME!r}" in refusal(simulator, username=USERNAME, password="wrong")
    assert "refused the login of 'nobody'" in refusal(simulator, key="nobody:wrong")
    assert refusal(simulator, token="nonsense").startswith("token: ")
    assert "must have three parts" in refusal(simulator, events=["machines.update"])
    assert simulator.stats()["would_crash"] == 0


def test_trust(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = certs.make(tmp_path).cert
    wrong = "0" * 64
    assert "is not trusted: self-signed certificate" in refusal(simulator, ca_path="")
    assert "is not trusted" in refusal(simulator, ca_path=str(other))
    shown = refusal(simulator, cert_fingerprint=wrong)
    assert shown.startswith("cert_fingerprint: ")
    assert simulator.fingerprint in shown
    assert "cert_fingerprint: " in refusal(simulator, cert_fingerprint=wrong, validate_certs=False)
    assert "cert_fingerprint: " in refusal(simulator, cert_fingerprint=wrong, ca_path=simulator.ca)
    right = simulator.fingerprint
    assert "is not trusted" in refusal(simulator, cert_fingerprint=right, ca_path=str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    for accepted in (
        {"cert_fingerprint": right},
        {"cert_fingerprint": right, "ca_path": simulator.ca},
        {"validate_certs": False},
        {"ca_path": simulator.ca},
    ):
        with Listener(simulator, **accepted):
            pass
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", simulator.ca)
    with Listener(simulator, ca_path=""):
        pass


def test_nothing_is_sent_to_a_server_with_the_wrong_certificate(simulator: Simulator) -> None:
    simulator.reset_stats()
    refusal(simulator, cert_fingerprint="0" * 64)
    assert simulator.log() == []


def test_the_environment_of_drpcli(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RS_ENDPOINTS", f"https://127.0.0.1:9 {simulator.endpoint}")
    monkeypatch.setenv("RS_KEY", f"{USERNAME}:{PASSWORD}")
    with Listener(simulator, endpoint="", username="", password=""):
        pass


@pytest.mark.needs_faults
def test_expired_tokens(simulator: Simulator, api: Api) -> None:
    with Listener(simulator) as listener:
        simulator.expire_tokens()
        simulator.drop_websockets()
        listener.wait_for_state(2)
        api.login()
        create(api, "machines", Name="m1")
        assert listener.next()["machine"] == "m1"
    assert simulator.stats()["logins"] == 4  # twice the listener, twice this test


@pytest.mark.needs_faults
def test_an_expired_token_that_cannot_be_renewed(
    simulator: Simulator, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    token = api.authorization.partition(" ")[2]
    with Listener(simulator, token=token) as listener:
        simulator.expire_tokens()
        simulator.drop_websockets()
        eventually(lambda: caplog.text.count("does not accept it") >= 2)
        assert listener.problem is None
    assert token not in caplog.text


@pytest.mark.needs_faults
def test_a_password_that_is_changed_and_changed_back(
    simulator: Simulator, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    create(api, "users", Name="eda", Roles=["superuser"])
    api("PUT", "users/eda/password", {"Password": "first"})
    with Listener(simulator, key="eda:first") as listener:
        api("PUT", "users/eda/password", {"Password": "second"})
        simulator.drop_websockets()
        eventually(lambda: "refused the login of 'eda'" in caplog.text)
        create(api, "machines", Name="m1")
        api("PUT", "users/eda/password", {"Password": "first"})
        assert listener.next()["machine"] == "m1"
    assert "first" not in caplog.text


def test_a_server_that_is_not_there_yet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Simulator.start(state_dir=tmp_path) as before:
        port = int(before.endpoint.rpartition(":")[2])
        first = Listener(before)
    running = threading.Event()

    def start() -> None:
        eventually(lambda: "cannot reach" in caplog.text)
        with Simulator.start(port=port, state_dir=tmp_path):
            running.wait(LIMIT)

    starter = threading.Thread(target=start)
    starter.start()
    try:
        with first:
            pass
    finally:
        running.set()
        starter.join()


def test_cancelling_ends_the_connection(simulator: Simulator) -> None:
    with Listener(simulator):
        assert simulator.stats()["websockets"] == 1
    eventually(lambda: simulator.stats()["websockets"] == 0)


def test_a_client_certificate_is_the_login_below_a_path(
    simulator: Simulator, api: Api, tmp_path: Path
) -> None:
    clients = ClientAuthority(tmp_path)
    certificate, key = map(str, clients.issue("eda"))
    with (
        FrontProxy(simulator, prefix="/dc1", clients=clients).serving() as proxy,
        Listener(
            simulator, endpoint=proxy.endpoint, ca_path=proxy.ca, client_cert=certificate, client_key=key
        ) as listener,
    ):
        create(api, "machines", Name="m1")
        assert listener.next()["machine"] == "m1"
    assert proxy.seen
    assert all(line.startswith("GET /dc1/api/v3/") for line in proxy.seen)
    assert not any("/token" in line for line in proxy.seen)
