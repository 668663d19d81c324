# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are reached through another: below a path, or with a client certificate."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from front_proxy import ClientAuthority, FrontProxy
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    DrpError,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs


@pytest.fixture
def below(simulator: Any) -> Iterator[FrontProxy]:
    with FrontProxy(simulator, prefix="/managed/dc1").serving() as proxy:
        yield proxy


@pytest.fixture
def clients(tmp_path: Path) -> ClientAuthority:
    return ClientAuthority(tmp_path)


@pytest.fixture
def guarded(simulator: Any, clients: ClientAuthority) -> Iterator[FrontProxy]:
    with FrontProxy(simulator, clients=clients).serving() as proxy:
        yield proxy


def key_of(simulator: Any) -> str:
    return f"{simulator.username}:{simulator.password}"


def connect(options: dict[str, Any], **environ: str) -> Client:
    environ.setdefault("RS_TOKEN_CACHE", "")
    return settings.connect(settings.resolve(options, {"NO_PROXY": "*", **environ}))


def use(client: Client) -> None:
    """A write, a read, a file, and an event."""
    name = f"front-{uuid.uuid4()}"
    with client.events() as stream:
        subscription = stream.register("profiles.create.*")
        client.create("profiles", {"Name": name})
        event = subscription.get(LIMIT)
        assert event is not None
        assert event.event["Key"] == name
    client.delete("profiles", name)
    blobs.post_blob(client, "files", name, io.BytesIO(b"content"))
    try:
        assert b"".join(blobs.static_file(client, f"files/{name}").chunks()) == b"content"
    finally:
        blobs.delete_blob(client, "files", name)


@pytest.mark.parametrize("by", ["path", "variable"])
def test_a_server_below_a_path(below: FrontProxy, simulator: Any, by: str) -> None:
    """Logging in, objects, the websocket and the static files: nothing is asked for outside of the path."""
    endpoint, environ = below.endpoint, {}
    if by == "variable":
        endpoint, environ = endpoint.removesuffix("/managed/dc1"), {"RS_URL_PROXY": "/managed/dc1/"}
    with connect({"endpoint": endpoint, "key": key_of(simulator), "ca_path": below.ca}, **environ) as client:
        use(client)
    assert below.seen[0] == f"GET /managed/dc1/api/v3/users/{simulator.username}/token"
    assert all(line.partition(" ")[2].startswith("/managed/dc1/") for line in below.seen)
    assert any("/managed/dc1/files/front-" in line for line in below.seen)


def test_another_path_is_another_server(below: FrontProxy, simulator: Any) -> None:
    endpoint = below.endpoint.replace("dc1", "dc2")
    with (
        connect({"endpoint": endpoint, "key": key_of(simulator), "ca_path": below.ca}) as client,
        pytest.raises(NotFound),
    ):
        client.info()


@pytest.mark.parametrize("name", ["https://dc1", "dc1?x=1", "..", "dc1/../dc2", "a b", "dc1/", "%2e", "#"])
def test_a_variable_that_is_no_path(name: str) -> None:
    environ = {"RS_URL_PROXY": name, "RS_TOKEN": "t"}
    if name == "dc1/":
        assert settings.resolve({"endpoint": "https://m"}, environ).endpoints == ("https://m/dc1",)
        return
    with pytest.raises(UsageError, match="RS_URL_PROXY: must be the name of an endpoint"):
        settings.resolve({"endpoint": "https://m"}, environ)


def test_static_files_come_by_tls_where_the_server_has_that(simulator: Any) -> None:
    with FrontProxy(simulator, secure_files=True).serving() as proxy:
        options = {"endpoint": proxy.endpoint, "key": key_of(simulator), "ca_path": proxy.ca}
        with connect(options) as client:
            assert blobs.static_url(client) == f"https://127.0.0.1:{proxy.port}"
            use(client)
        assert any(line.startswith("GET /files/front-") for line in proxy.seen)


@pytest.mark.parametrize("by", ["options", "variables", "one file"])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with a password"])
def test_a_client_certificate(
    guarded: FrontProxy, clients: ClientAuthority, simulator: Any, tmp_path: Path, by: str, alone: bool
) -> None:
    certificate, key = map(str, clients.issue(simulator.username))
    options: dict[str, Any] = {"endpoint": guarded.endpoint, "ca_path": guarded.ca}
    options |= {} if alone else {"key": key_of(simulator)}
    environ = {}
    if by == "options":
        options |= {"client_cert": certificate, "client_key": key}
    elif by == "variables":
        environ = {"RS_CLIENT_CERT": certificate, "RS_CLIENT_KEY": key}
    else:
        both = tmp_path / "both.pem"
        both.write_text(Path(certificate).read_text() + Path(key).read_text())
        options["client_cert"] = str(both)
    with connect(options, **environ) as client:
        use(client)
    assert any("/token" in line for line in guarded.seen) is not alone


def test_without_a_certificate_nobody_gets_in(guarded: FrontProxy, simulator: Any) -> None:
    options = {"endpoint": guarded.endpoint, "ca_path": guarded.ca, "key": key_of(simulator)}
    client = connect(options).with_timeout(LIMIT)
    with pytest.raises(DrpError, match="Cannot reach"):
        client.req().get().url_for("info").fail_fast().do()
    assert guarded.seen == []


def test_a_certificate_that_is_no_login(simulator: Any, clients: ClientAuthority) -> None:
    """The simulator, as v3.12, does not look at certificates."""
    certificate, key = map(str, clients.issue(simulator.username))
    options = {"endpoint": simulator.endpoint, "ca_path": simulator.ca}
    options |= {"client_cert": certificate, "client_key": key}
    with connect(options) as client, pytest.raises(DrpError, match="does not accept the client certificate"):
        client.list("profiles")


def test_a_client_key_with_a_passphrase(tmp_path: Path) -> None:
    authority = ClientAuthority(tmp_path)
    certificate, key = authority.issue("somebody")
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    secret = serialization.BestAvailableEncryption(b"open sesame")
    key.write_bytes(
        private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret)
    )
    with pytest.raises(UsageError, match=f"client_key: the key in {key} has a passphrase"):
        settings.resolve({"token": "t", "client_cert": str(certificate), "client_key": str(key)}, {})


def test_a_client_certificate_is_a_login_only_when_there_is_no_other(tmp_path: Path) -> None:
    certificate, key = map(str, ClientAuthority(tmp_path).issue("somebody"))
    options = {"client_cert": certificate, "client_key": key}
    alone = settings.resolve(options, {})
    assert (alone.username, alone.password, alone.token) == ("", "", "")
    assert (alone.trust.client_cert, alone.trust.client_key) == (certificate, key)
    assert settings.resolve(options, {"RS_KEY": "u:p"}).username == "u"
    with pytest.raises(UsageError, match="set both or neither"):
        settings.resolve({**options, "username": "u"}, {})
