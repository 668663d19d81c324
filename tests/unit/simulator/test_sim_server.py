# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running server: faults, tokens, uploads that break off, the websocket."""

from __future__ import annotations

import json
import socket
import ssl
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from patience import LIMIT, eventually

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

OCTETS = {"Content-Type": "application/octet-stream"}


def test_dropped_and_lost(api: Api) -> None:
    api.sim.reset_stats()
    api.sim.fault("drop", "^profiles$", "POST")
    with pytest.raises(requests.ConnectionError):
        api("POST", "profiles", {"Name": "first"})
    assert api.sim.stats()["changes"] == 0
    api.sim.fault("lose_reply", "^profiles$", "POST")
    with pytest.raises(requests.ConnectionError):
        api("POST", "profiles", {"Name": "first"})
    stats = api.sim.stats()
    assert (stats["changes"], stats["writes"], stats["requests"]) == (1, 1, 2)
    assert api("POST", "profiles", {"Name": "first"}).status_code == 409
    assert [entry["status"] for entry in api.sim.log() if entry["method"] == "POST"] == [0, 201, 409]


def test_wrong_answers(api: Api) -> None:
    api.sim.fault("status", "info", status=503, headers={"Retry-After": "7"}, skip=1, times=2, body="busy")
    answers = [api("GET", "info") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 503, 503, 200]
    assert (answers[1].text, answers[1].headers["Retry-After"]) == ("busy", "7")
    assert "Content-Type" not in answers[1].headers
    api.sim.fault("html", "info")
    assert api("GET", "info").headers["Content-Type"].startswith("text/html")
    api.sim.fault("half", "info")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api("GET", "info")
    api.sim.fault("slow", "info", delay=0.05)
    assert api("GET", "info").json()["version"].startswith("v3.12.0-")
    api.sim.fault("status", times=0)
    api.sim.clear_faults()
    assert api("GET", "info").status_code == 200


def test_touch_makes_another_writer_first(api: Api) -> None:
    api("POST", "profiles", {"Name": "shared", "Params": {"aa": 1, "bb": 1}})
    api.sim.fault("touch", "profiles/shared", "PATCH", changes={"Params": {"aa": 2}})
    ops = [
        {"op": "test", "path": "/Params/aa", "value": 1},
        {"op": "replace", "path": "/Params/aa", "value": 3},
    ]
    assert api("PATCH", "profiles/shared", ops).status_code == 409
    assert api("GET", "profiles/shared").json()["Params"] == {"aa": 2, "bb": 1}


def test_bad_faults_are_refused(api: Api) -> None:
    for options in ({"kind": "nonsense"}, {"kind": "drop", "path": "("}, {"kind": "drop", "unknown": 1}):
        answer = api.session.post(f"{api.sim.endpoint}/simulator/faults", json=options)
        assert answer.status_code == 400


def test_token_outcomes(api: Api) -> None:
    api.sim.expire_tokens()
    expired = api("GET", "info")
    assert (expired.status_code, expired.content) == (403, b"")
    assert expired.headers["WWW-Authenticate"] == "dr-provision"
    api.login()
    assert api("PUT", f"users/{USERNAME}/password", {"Password": PASSWORD}).status_code == 200
    revoked = api("GET", "info")
    assert (revoked.status_code, revoked.json()["Messages"]) == (403, ["Validation failed"])


def test_empty_bodies_are_gzip_of_nothing(api: Api) -> None:
    with api.session.get(
        f"{api.sim.endpoint}/api/v3/info", headers={"Authorization": "Bearer x"}, stream=True
    ) as bad:
        assert (bad.headers["Content-Length"], len(bad.raw.read(decode_content=False))) == ("23", 23)
    assert "Content-Type" not in bad.headers


def test_upload_that_breaks_off(api: Api) -> None:
    api("POST", "files/kept.bin", data=b"old", headers=OCTETS)
    address = urlsplit(api.sim.endpoint)
    context = ssl.create_default_context(cafile=api.sim.ca)
    head = "POST /api/v3/files/kept.bin HTTP/1.1\r\nHost: x\r\n"
    head += f"Authorization: {api.authorization}\r\n"
    head += "Content-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection((str(address.hostname), address.port or 0)) as plain:
        secured = context.wrap_socket(plain, server_hostname="127.0.0.1")
        secured.sendall(head.encode() + b"only this")
        secured.close()
    # the next upload waits for nothing: the broken one left no .part behind
    eventually(lambda: api("GET", "files").json() == [], "that it is gone")


def test_websocket(api: Api) -> None:
    stream = websocket.create_connection(
        f"{api.sim.endpoint.replace('https', 'wss')}/api/v3/ws",
        header=[f"Authorization: {api.authorization}"],
        sslopt={"ca_certs": api.sim.ca},
        timeout=LIMIT,
    )
    stream.send("register profiles.*.*")
    assert json.loads(stream.recv())["Action"] == "register"
    api("POST", "profiles", {"Name": "seen"})
    event = json.loads(stream.recv())
    assert (event["Type"], event["Action"], event["Object"]["Name"]) == ("profiles", "create", "seen")
    before = api.sim.stats()["would_crash"]
    stream.send("register profiles.*")
    stream.recv()
    assert api.sim.stats()["would_crash"] == before + 1
    assert api.sim.drop_websockets() == 1
    with pytest.raises((websocket.WebSocketException, OSError)):
        stream.recv()


def test_reset_is_a_fresh_server(api: Api, running: Simulator) -> None:
    api("POST", "profiles", {"Name": "gone"})
    api("POST", "files/gone.bin", data=b"x", headers=OCTETS)
    running.reset()
    assert api("GET", "info").status_code == 403
    api.login()
    assert api("HEAD", "profiles/gone").status_code == 404
    assert api("GET", "files").json() == []


def test_static_service_needs_no_credentials(api: Api) -> None:
    api("POST", "files/a/b.txt", data=b"hello", headers=OCTETS)
    found = requests.get(f"{api.sim.static}/files/a/b.txt", headers={"Range": "bytes=1-2"}, timeout=LIMIT)
    assert (found.status_code, found.text) == (206, "el")
    assert requests.get(f"{api.sim.static}/files/none", timeout=LIMIT).status_code == 404
