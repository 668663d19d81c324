# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""REST and websocket believe the same servers, and a server that drips does not outlast a wait."""

from __future__ import annotations

import socket
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import NEVER
from rogue_server import Seen, answer

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import CertificateRejected
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls, peer_fingerprint
from ansible_collections.digitalrebar.provision.plugins.modules import drp_wait
from simulator import certs

MACHINE = "3e7031fe-0000-4000-8000-000000000001"


def test_pin_and_ca_path_with_a_wrong_host_name(serve: t.Any, connect: t.Any, tmp_path: Path) -> None:
    made = certs.make(tmp_path)
    server = serve(lambda _request: [answer({"Uuid": MACHINE})], tls=made.context())
    pin = peer_fingerprint("127.0.0.1", server.port)
    right, wrong = server.url, server.url.replace("127.0.0.1", "127.0.0.2")
    both = Tls.create(True, str(made.cert), pin)
    assert connect(right, trust=both).get("machines", MACHINE)
    # the listener is on 127.0.0.1 only: reach it under a name that the certificate does not have
    resolve = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **options: resolve(
                "127.0.0.1" if host in ("127.0.0.2", "wrong.example.com") else host, *args, **options
            ),
        )
        for endpoint in (wrong, f"https://wrong.example.com:{server.port}"):
            client = connect(endpoint, trust=both)
            before = len(server.seen)
            for ask in (lambda client: client.token(), lambda client: client.events()):
                with pytest.raises(CertificateRejected):
                    ask(client)
            assert len(server.seen) == before, "nothing is sent to it"
            pinned = connect(endpoint, trust=Tls.create(True, None, pin))
            assert pinned.get("machines", MACHINE), "a pin alone looks at no name"


def test_a_wrong_pin_with_the_right_ca(serve: t.Any, connect: t.Any, tmp_path: Path) -> None:
    made = certs.make(tmp_path)
    server = serve(lambda _request: [answer({"Uuid": MACHINE})], tls=made.context())
    client = connect(server.url, trust=Tls.create(True, str(made.cert), "0" * 64))
    for ask in (lambda: client.token(), lambda: client.events()):
        with pytest.raises(CertificateRejected, match="cert_fingerprint"):
            ask()
    assert server.seen == []


DRIPS = {
    "the login": "/token",
    "the machine": "/machines",
    "the kinds": "/indexes",
}


@pytest.mark.parametrize("name", DRIPS)
@pytest.mark.parametrize("check", [False, True])
def test_a_wait_ends_in_time_whatever_drips(serve: t.Any, name: str, check: bool) -> None:
    def respond(request: Seen) -> Iterator[bytes]:
        if DRIPS[name] not in request.path:
            yield answer({"Token": "t0ken", "Uuid": MACHINE} if "token" in request.path else {})
            return
        for letter in answer({"Uuid": MACHINE, "Name": "x" * 100_000}):
            time.sleep(0.3)
            yield bytes([letter])

    server = serve(respond, logins=False)
    spec = drp_wait.SPEC["argument_spec"]
    options = {name: each.get("default") for name, each in spec.items()}
    options.update(endpoint=server.url, username="ann", password="pa55word", token_cache="", timeout=2.0)
    options.update(kind="gadgets" if name == "the kinds" else "machines", name="one")
    options.update(request_timeout=int(NEVER))
    result = runner.run(drp_wait.run, options, check, {})
    assert result["failed"]
    assert "within" in result["msg"]
