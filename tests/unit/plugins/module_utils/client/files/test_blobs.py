# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs on a server that has checksums, and one that says yes too soon."""

from __future__ import annotations

import hashlib
import io
import posixpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ConnectionFailed,
    DrpError,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs, uploads

CONTENT = b"content"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WRONG = hashlib.sha256(b"other").hexdigest()
PATH = "/api/v3/files/x"
PART = "/api/v3/files/x.part"
ABSENT = (404, {}, b"")
CREATED = (201, {}, b'{"Path":"/x","Size":7}')


def first_byte(size: int, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 206, {"Content-Range": f"bytes 0-0/{size}", **headers}, b"c"


@pytest.mark.parametrize(
    ("headers", "sha256"),
    [
        ({"X-DRP-SHA256SUM": SHA256.upper()}, SHA256),
        ({"ETag": f'"SHA256:{SHA256}"'}, SHA256),
        ({"ETag": f"SHA256:{SHA256}"}, SHA256),
        ({"ETag": '"5f3-abc"'}, ""),
        ({}, ""),
    ],
)
def test_the_checksum_of_a_newer_server(client: Any, stub: Any, headers: dict[str, str], sha256: str) -> None:
    stub.answers["GET", PATH] = [first_byte(7, **headers)]
    stub.answers["HEAD", PATH] = [(404, {}, b"")]
    assert blobs.stat_blob(client, "files", "x", checksum=True) == blobs.Stat(7, sha256)
    stub.answers["GET", PATH] = [first_byte(7)]
    stub.answers["HEAD", PATH] = [(200, headers, b"")]
    assert blobs.stat_blob(client, "files", "x", checksum=True) == blobs.Stat(7, sha256)
    assert blobs.stat_blob(client, "files", "x") == blobs.Stat(7)


@pytest.mark.parametrize(
    ("answer", "size"),
    [
        (first_byte(7), 7),
        ((200, {}, b"whole content"), 13),
        ((416, {"Content-Range": "bytes */0"}, b""), 0),
    ],
)
def test_sizes(client: Any, stub: Any, answer: Any, size: int) -> None:
    stub.answers["GET", PATH] = [answer]
    assert blobs.stat_blob(client, "files", "x").size == size


def test_a_server_that_hides_the_size(client: Any, stub: Any) -> None:
    stub.answers["GET", PATH] = [(206, {"Content-Range": "bytes 0-0/*"}, b"c")]
    with pytest.raises(DrpError, match="does not report the size"):
        blobs.stat_blob(client, "files", "x")


def test_a_server_that_never_had_an_iso(client: Any, stub: Any) -> None:
    stub.answers["GET", "/api/v3/isos"] = [ABSENT]
    stub.answers["GET", "/api/v3/files"] = [ABSENT]
    assert blobs.list_blobs(client, "isos") == []
    with pytest.raises(NotFound):
        blobs.list_blobs(client, "files", "absent")


def test_blobs_are_asked_for_as_they_are(client: Any, stub: Any) -> None:
    """Compressed, they would have no length, and ranges no meaning."""
    stub.answers["GET", PATH] = [(200, {}, CONTENT)]
    blobs.get_blob(client, "files", "x", io.BytesIO())
    assert stub.asked(PATH)[0].headers["Accept-Encoding"] == "identity"


def upload(client: Any) -> uploads.Uploaded:
    return uploads.upload(client, "files", "x", uploads.Source(io.BytesIO(CONTENT)))


def test_a_yes_for_the_wrong_content(client: Any, stub: Any) -> None:
    """It is removed and sent again, as often as any upload; a broken blob is never left behind."""
    stub.answers["GET", PART] = [ABSENT]
    stub.answers["GET", PATH] = [ABSENT, first_byte(7, **{"X-DRP-SHA256SUM": WRONG}), ABSENT]
    stub.answers["GET", PATH] += [first_byte(7, **{"X-DRP-SHA256SUM": SHA256})]
    stub.answers["POST", PATH] = [CREATED]
    stub.answers["DELETE", PATH] = [(204, {}, b"")]
    assert upload(client) == uploads.Uploaded(7, SHA256, 2)
    stub.answers["GET", PATH] = [first_byte(6), *[first_byte(6), ABSENT] * 3]
    with pytest.raises(uploads.UploadFailed, match=r"6 bytes arrived of 7.*tried 3 times.*old file is lost"):
        upload(client)
    assert [seen.method for seen in stub.asked(PATH)].count("DELETE") == 1 + uploads.MAX_ATTEMPTS


def test_a_lost_reply_and_a_checksum(client: Any, stub: Any) -> None:
    """With the server's checksum an old file of the same size is told from the new one."""
    stub.answers["GET", PART] = [ABSENT]
    stub.answers["POST", PATH] = ["drop"]
    stub.answers["GET", PATH] = [first_byte(7, **{"X-DRP-SHA256SUM": SHA256})]
    assert upload(client) == uploads.Uploaded(7, SHA256, 1, response_received=False)
    stub.answers["GET", PATH] = [first_byte(7, **{"X-DRP-SHA256SUM": WRONG})]
    with pytest.raises(uploads.UploadFailed, match="tried 3 times"):
        upload(client)


def test_another_login_sends_the_body_again(client: Any, stub: Any) -> None:
    stub.answers["GET", PART] = [ABSENT]
    stub.answers["GET", PATH] = [ABSENT, first_byte(7)]
    stub.answers["HEAD", PATH] = [ABSENT]
    stub.answers["POST", PATH] = [(403, {}, b""), CREATED]
    assert upload(client) == uploads.Uploaded(7)
    bodies = [seen.body for seen in stub.asked(PATH) if seen.method == "POST"]
    assert bodies == [CONTENT, CONTENT]
    assert all(seen.headers["Content-Length"] == "7" for seen in stub.asked(PATH) if seen.method == "POST")


def test_the_static_port_is_on_the_host_of_the_endpoint(client: Any, stub: Any, closed_port: str) -> None:
    port = int(closed_port.rpartition(":")[2])
    client._info = {"file_port": port, "address": "192.0.2.1"}
    assert blobs.static_url(client) == closed_port
    with pytest.raises(ConnectionFailed, match=f"Cannot reach the static file port {closed_port}"):
        blobs.static_file(client, "x")
    client._info = {"file_port": 8091, "prov_enabled": False}
    with pytest.raises(UsageError, match=blobs.STATIC_PORT_OFF):
        blobs.static_file(client, "x")
    client.transport.endpoint = "https://[::1]:8092"
    client._info = {"file_port": 8091}
    assert blobs.static_url(client) == "http://[::1]:8091"


@given(st.text(alphabet="ab./\0é%", max_size=12))
def test_no_path_climbs(path: str) -> None:
    try:
        normal = blobs.blob_path("files", path)
    except DrpError:
        return
    assert posixpath.normpath(f"/r/{normal}") == f"/r/{normal}"
    assert normal in path or "//" in path


@pytest.mark.parametrize(("kind", "part"), [("files", "a/x.part"), ("isos", "a/.x.part")])
def test_where_the_part_is(kind: str, part: str) -> None:
    assert uploads.partial_path(kind, "a/x") == part
