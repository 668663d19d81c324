# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries, delays and replies that get lost."""

from __future__ import annotations

import email.utils
import io
import json
import time
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    Conflict,
    ConnectionFailed,
    UnreadableAnswer,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.http.endpoint import (
    normalize_endpoint,
)

LOGIN = ("GET", "/api/v3/users/rocketskates/token")
SCHEDULE = [1, 1, 2, 3, 5, 8]


class Pipe(io.RawIOBase):
    """A stream that can be read once."""

    def __init__(self) -> None:
        self.pieces = [b"some ", b"bytes"]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@pytest.fixture
def ready(client: Client, stub: Any) -> Client:
    """A client that is logged in already."""
    client.token()
    stub.seen.clear()
    return client


def conflict(messages: str = "already exists") -> tuple[int, dict[str, str], bytes]:
    members = {"Model": "profiles", "Key": "p", "Type": "CREATE", "Messages": [messages], "Code": 409}
    return 409, {"Content-Type": "application/json"}, json.dumps(members).encode()


def test_vector_7_a_login_at_a_closed_port(make_client: Any, clock: Any, closed_port: str) -> None:
    client = make_client(endpoint=closed_port)
    with pytest.raises(ConnectionFailed) as caught:
        client.get("things", "one")
    assert clock.slept == SCHEDULE
    assert sum(clock.slept) == 20
    assert caught.value.attempts == 6
    assert "refused" in str(caught.value).lower()
    assert "6 times in 20 s" in str(caught.value)


def test_vector_7_fail_fast(make_client: Any, clock: Any, closed_port: str) -> None:
    client = make_client(endpoint=closed_port)
    with pytest.raises(ConnectionFailed) as caught:
        client.req().get().url_for("things", "one").fail_fast().do()
    assert clock.slept == []
    assert caught.value.attempts == 1


def test_vector_7_a_stream_that_cannot_seek(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["POST", "/api/v3/files/x"] = ["drop"]
    with pytest.raises(ConnectionFailed) as caught:
        ready.req().post(Pipe()).url_for("files", "x").do()
    assert clock.slept == []
    assert caught.value.attempts == 1
    assert [seen.body for seen in stub.seen] == [b"some bytes"]


def test_a_request_without_an_answer_is_sent_again(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["GET", "/api/v3/things/one"] = ["drop", "drop", (200, {}, b"1")]
    request = ready.req().get().url_for("things", "one")
    assert request.do() == 1
    assert clock.slept == [1, 1]
    assert request.answer is not None
    assert request.answer.attempts == 3


def test_a_file_is_rewound_to_where_it_was(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["POST", "/api/v3/files/x"] = ["drop", (201, {}, b'{"Path": "/x"}')]
    stream = io.BytesIO(b"head body")
    stream.seek(5)
    ready.req().post(stream).url_for("files", "x").do()
    assert [seen.body for seen in stub.seen] == [b"body", b"body"]
    assert clock.slept == [1]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_waits_as_long_as_it_is_told(ready: Client, stub: Any, clock: Any, status: int) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [
        (status, {"Retry-After": "7"}, b""),
        (status, {}, b""),
        (200, {}, b"1"),
    ]
    assert ready.req().get().url_for("things", "one").do() == 1
    assert clock.slept == [7, 1]


def test_a_read_gives_up_with_the_last_answer(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [(503, {}, b"<h1>Busy</h1>")]
    with pytest.raises(ApiError, match=r"503 .*Busy") as caught:
        ready.get("things", "one")
    assert len(stub.seen) == 6
    assert caught.value.attempts == 6
    assert clock.slept == SCHEDULE[:5]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_that_was_answered_is_never_sent_again(
    ready: Client, stub: Any, clock: Any, method: str
) -> None:
    stub.answers[method, "/api/v3/things/one"] = [(503, {"Retry-After": "1"}, b""), (200, {}, b"1")]
    with pytest.raises(ApiError, match="503"):
        ready.req().meth(method).url_for("things", "one").do()
    assert len(stub.seen) == 1
    assert clock.slept == []


def test_a_500_is_not_repeated(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [(500, {}, b"")]
    with pytest.raises(ApiError, match="500"):
        ready.get("things", "one")
    assert len(stub.seen) == 1


@pytest.mark.parametrize(
    ("told", "waits"),
    [("0", []), ("86400", [30]), ("-5", [1]), ("soon", [1]), ("\u00b2", [1]), ("", [1]), ("1.5", [1])],
)
def test_strange_delays(ready: Client, stub: Any, clock: Any, told: str, waits: list[float]) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [(503, {"Retry-After": told}, b""), (200, {}, b"1")]
    assert ready.req().get().url_for("things", "one").do() == 1
    assert clock.slept == waits


def test_a_delay_may_be_a_date(ready: Client, stub: Any, clock: Any) -> None:
    dates = [email.utils.formatdate(time.time() + moment, usegmt=True) for moment in (-100, 20, 9999)]
    stub.answers["GET", "/api/v3/things/one"] = [
        *((503, {"Retry-After": date}, b"") for date in dates),
        (200, {}, b"1"),
    ]
    assert ready.req().get().url_for("things", "one").do() == 1
    assert clock.slept[-1] == 30
    assert 15 < clock.slept[-2] <= 20


def test_silence_is_not_asked_again(make_client: Any, stub: Any, clock: Any) -> None:
    def slow(seen: Any) -> Any:
        time.sleep(0.5)
        return 200, {}, b"1"

    client = make_client(read_timeout=0.2)
    stub.answers["GET", "/api/v3/things/one"] = [slow]
    with pytest.raises(ConnectionFailed, match=r"did not answer GET /api/v3/things/one within 0\.2 s"):
        client.get("things", "one")
    assert len(stub.asked("/api/v3/things/one")) == 1
    assert clock.slept == []


def test_an_answer_that_breaks_off_is_no_answer(ready: Client, stub: Any, clock: Any) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [
        (200, {"Content-Length": "99", "Connection": "close"}, b'{"a":'),
        (200, {}, b"1"),
    ]
    # the second Content-Length of the stub is the true one; both together are refused by the client
    assert ready.req().get().url_for("things", "one").do() == 1
    assert clock.slept == [1]


def test_a_create_whose_reply_was_lost_is_recognised(ready: Client, stub: Any, clock: Any) -> None:
    there = {"Name": "p", "Params": {"a": 1, "b": {"c": [1]}}, "Description": "", "Meta": {}}
    stub.answers["POST", "/api/v3/profiles"] = ["drop", conflict()]
    stub.answers["GET", "/api/v3/profiles/p"] = [(200, {}, json.dumps(there).encode())]
    assert ready.create("profiles", {"Name": "p", "Params": {"a": 1, "b": {"c": [1]}}}) == there


def test_a_create_that_meets_a_different_object_is_a_conflict(ready: Client, stub: Any) -> None:
    stub.answers["POST", "/api/v3/profiles"] = ["drop", conflict()]
    stub.answers["GET", "/api/v3/profiles/p"] = [(200, {}, b'{"Name":"p","Description":"theirs"}')]
    with pytest.raises(Conflict, match="already exists"):
        ready.create("profiles", {"Name": "p", "Description": "ours"})


def test_a_create_refused_at_the_first_try_is_not_ours(ready: Client, stub: Any) -> None:
    stub.answers["POST", "/api/v3/profiles"] = [conflict()]
    stub.answers["GET", "/api/v3/profiles/p"] = [(200, {}, b'{"Name":"p"}')]
    with pytest.raises(Conflict):
        ready.create("profiles", {"Name": "p"})
    assert stub.asked("/api/v3/profiles/p") == []


@pytest.mark.parametrize("body", [b'{"Name": "p', b"<html>hello</html>", b"\xff\xfe", b"[]", b"null", b""])
def test_a_success_that_is_not_json(ready: Client, stub: Any, body: bytes) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [(200, {"Content-Type": "text/html"}, body)]
    with pytest.raises(UnreadableAnswer, match="GET /api/v3/things/one answered 200"):
        ready.get("things", "one")


@pytest.mark.parametrize(("body", "value"), [(b"", None), (b"null", None), (b'{"a":1}\n{"b":2}', {"a": 1})])
def test_bodies(ready: Client, stub: Any, body: bytes, value: Any) -> None:
    stub.answers["GET", "/api/v3/things/one"] = [(200, {}, body)]
    assert ready.req().get().url_for("things", "one").do() == value


def test_no_content(ready: Client, stub: Any) -> None:
    stub.answers["DELETE", "/api/v3/things/one"] = [(204, {"Content-Type": "application/json"}, b"")]
    assert ready.delete("things", "one") is None


def test_a_stream_is_copied_and_an_error_is_not(ready: Client, stub: Any) -> None:
    stub.answers["GET", "/api/v3/files/x"] = [(200, {"Content-Type": "image/png"}, b"\x89PNG" * 9)]
    stub.answers["GET", "/api/v3/files/y"] = [(404, {}, b'{"Type":"GET","Messages":["Not Found"]}')]
    target = io.BytesIO()
    assert ready.req().get().url_for("files", "x").do_into(target) == 36
    with pytest.raises(ApiError, match="GET: Not Found"):
        ready.req().get().url_for("files", "y").do_into(target)
    assert target.getvalue() == b"\x89PNG" * 9


def test_headers(ready: Client, stub: Any) -> None:
    ready.trace_token("marker")
    ready.get("things", "one")
    ready.trace("debug")
    ready.get("things", "one")
    ready.req().get().url_for("things", "one").trace("").do()
    ready.req().patch([]).url_for("things", "one").do()
    ready.req().post(b"raw").url_for("things", "one").do()
    traced = [(seen.headers.get("X-Log-Request"), seen.headers.get("X-Log-Token")) for seen in stub.seen]
    assert traced[:3] == [(None, None), ("debug", "marker"), (None, None)]
    assert [seen.headers.get("Content-Type") for seen in stub.seen] == [
        None,
        None,
        None,
        "application/json",
        "application/octet-stream",
    ]
    assert {seen.headers["Accept"] for seen in stub.seen} == {"application/json"}


def test_keys_are_encoded(ready: Client, stub: Any) -> None:
    ready.exists("params", "a b/c?d%e#f")
    ready.exists("machines", "Name:m\u00fc")
    assert [seen.path for seen in stub.seen] == [
        "/api/v3/params/a%20b/c%3Fd%25e%23f",
        "/api/v3/machines/Name:m%C3%BC",
    ]


@pytest.mark.parametrize("call", ["get", "find", "exists", "delete", "get_for_patch"])
def test_an_empty_key_never_becomes_the_whole_kind(ready: Client, stub: Any, call: str) -> None:
    with pytest.raises(UsageError, match="empty key"):
        getattr(ready, call)("machines", "")
    assert stub.seen == []


def test_mistakes_are_collected_and_nothing_is_sent(ready: Client, stub: Any) -> None:
    request = ready.req().params("a", "b").headers("x").post({1, 2})
    with pytest.raises(UsageError) as caught:
        request.do()
    assert caught.value.messages[:2] == [
        "Cannot call WithParams before UrlFor or UrlForM",
        "WithHeaders was not passed an even number of arguments",
    ]
    assert caught.value.messages[-1] == "No URL to talk to"
    with pytest.raises(UsageError, match="WithParams was not passed an even number"):
        ready.req().url_for("machines").params("a").do()
    with pytest.raises(UsageError, match="Cannot Fill machines with an empty key"):
        ready.fill("machines", {})
    with pytest.raises(UsageError, match="is outside"):
        ready.req().url_for("..", "..", "etc").do()
    assert stub.seen == []


def test_pages(ready: Client, stub: Any) -> None:
    pages = [["a", "b"], ["b", "c"], ["d"]]
    stub.answers["GET", "/api/v3/profiles"] = [
        (200, {}, json.dumps([{"Name": name} for name in page]).encode()) for page in pages
    ]
    names = [item["Name"] for item in ready.list("profiles", page_size=2)]
    assert names == ["a", "b", "c", "d"]
    assert len(stub.seen) == 3


def test_a_server_that_pages_by_itself_is_read_to_the_end(ready: Client, stub: Any) -> None:
    total = {"X-DRP-LIST-TOTAL-COUNT": "3"}
    stub.answers["GET", "/api/v3/profiles"] = [
        (200, total, b'[{"Name":"a"},{"Name":"b"}]'),
        (200, total, b'[{"Name":"c"}]'),
    ]
    assert [item["Name"] for item in ready.list("profiles")] == ["a", "b", "c"]
    assert len(stub.seen) == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8092",
        "ftp://h",
        "https://",
        "https://h:port",
        "https://h:99999",
        "https://user:secret@h",
        "https://user:secret@h/?x=1",
        "https://user:secret@h:port",
        "user:secret@h:8092",
        "https://user:secret@h/api/v3/machines",
        "https://user:se@secret@h/#/x",
        "https://user:sec/secret@h",
        "user:secret@h",
        "https://h,https://g",
        "https://h g",
        "https://h\x00",
        "wss://h/api/v3/ws",
        "https:/h",
        "https://h?x=1",
        "https://h#x",
    ],
)
def test_unusable_endpoints(url: str) -> None:
    with pytest.raises(UsageError, match="endpoint:") as caught:
        normalize_endpoint(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://h:8092/", "https://h:8092"),
        (" https://h ", "https://h"),
        ("https://[::1]:8092", "https://[::1]:8092"),
        ("https://h/drp/", "https://h/drp"),
        ("https://h:8092/api/v3", "https://h:8092"),
        ("https://h:8092/api/v3//", "https://h:8092"),
        ("https://h/drp/API/v3/?", "https://h/drp"),
        ("HTTPS://H:8092/", "https://H:8092"),
        ("https://[fe80::1%eth0]:8092/api/v3", "https://[fe80::1%eth0]:8092"),
    ],
)
def test_usable_endpoints(url: str, normal: str) -> None:
    assert normalize_endpoint(url) == normal


@pytest.mark.parametrize("path", ["/api/v3/machines", "/API/v3/ws/", "/api/v3/api/v3/x"])
def test_an_endpoint_that_is_the_url_of_an_object(path: str) -> None:
    with pytest.raises(UsageError, match="use https://h:8092/drp$"):
        normalize_endpoint(f"https://h:8092/drp{path}")
