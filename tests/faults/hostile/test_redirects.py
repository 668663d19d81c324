# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server, or somebody on the way to it, sends us elsewhere."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from rogue_server import RogueServer, Seen, answer

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import DrpError, Redirected
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.download import (
    DownloadFailed,
    fetch,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users
from simulator import certs

MACHINE = "3e7031fe-0000-4000-8000-000000000001"
STATUSES = ("301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect")
REQUESTS: dict[str, Callable[[Client], t.Any]] = {
    "get": lambda client: client.get("machines", "one"),
    "head": lambda client: client.exists("machines", "one"),
    "list": lambda client: client.list("machines"),
    "create": lambda client: client.create("users", {"Name": "bob", "Secret": "hush"}),
    "patch": lambda client: client.patch("machines", "one", [{"op": "remove", "path": "/Name"}]),
    "put": lambda client: client.put("machines", {"Uuid": "one"}),
    "delete": lambda client: client.delete("machines", "one"),
    "password": lambda client: users.set_password(client, "bob", "hush"),
    "upload": lambda client: blobs.post_blob(client, "files", "a", b"hush"),
    "download": lambda client: blobs.open_blob(client, "files", "a"),
    "events": lambda client: client.events(),
}


@pytest.fixture
def elsewhere(serve: t.Any) -> RogueServer:
    """Where nothing must ever arrive; it would answer everything as if it were the server."""
    return t.cast(RogueServer, serve(lambda request: [answer({"Uuid": MACHINE, "Token": "stolen"})]))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_follows(
    serve: t.Any, connect: t.Any, elsewhere: RogueServer, name: str, status: str
) -> None:
    server = serve(lambda request: [answer(b"", status, Location=f"{elsewhere.url}{request.path}?sig=hush")])
    client = connect(server.url)
    with pytest.raises(Redirected) as caught:
        REQUESTS[name](client)
    assert elsewhere.seen == []
    assert elsewhere.url in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.code == int(status[:3])


@pytest.mark.parametrize("status", STATUSES)
def test_no_login_follows(serve: t.Any, connect: t.Any, elsewhere: RogueServer, status: str) -> None:
    def respond(request: Seen) -> list[bytes]:
        return [answer(b"", status, Location=f"{elsewhere.url}{request.path}")]

    server = serve(respond, logins=False)
    with pytest.raises(Redirected, match="redirect to"):
        connect(server.url).token()
    assert elsewhere.seen == []


@pytest.mark.parametrize(
    "location", ["", "//", "http://[", "ftp://x/y", "javascript:alert(1)", "\x1b[2J", "http://u:hush@h/"]
)
def test_any_target_is_an_error_that_can_be_shown(serve: t.Any, connect: t.Any, location: str) -> None:
    server = serve(lambda _request: [answer(b"", "302 Found", Location=location)])
    with pytest.raises(DrpError) as caught:
        connect(server.url).get("machines", "one")
    assert "\x1b" not in str(caught.value)
    assert "hush" not in str(caught.value)


# -- downloads from the web


def test_a_download_follows_but_never_gives_up_encryption(serve: t.Any, tmp_path: Path) -> None:
    made = certs.make(tmp_path)
    plain = serve(lambda _request: [answer(b"exchanged", Content_Type="application/octet-stream")])
    middle = serve(lambda _request: [answer(b"", "302 Found", Location=plain.url)], tls=made.context())
    secure = serve(
        lambda _request: [answer(b"", "302 Found", Location=f"{middle.url}/m")], tls=made.context()
    )
    for checksum in (None, "0" * 64):
        with pytest.raises(DownloadFailed, match="not encrypted"):
            fetch(f"{secure.url}/f", str(tmp_path / "f"), checksum, ca_path=str(made.cert))
    assert plain.seen == []
    assert len(middle.seen) == 2


def test_a_bomb_in_a_redirect_and_a_circle_of_them(serve: t.Any, tmp_path: Path) -> None:
    def respond(request: Seen) -> t.Iterator[bytes]:
        yield f"HTTP/1.1 302 Found\r\nLocation: {request.path}x\r\n\r\n".encode()
        while True:
            yield b"x" * (1 << 16)

    server = serve(respond)
    with pytest.raises(DownloadFailed, match="more than 10 redirects"):
        fetch(f"{server.url}/f", str(tmp_path / "f"))
    assert server.sent < 64 << 20
    assert list(tmp_path.iterdir()) == []
