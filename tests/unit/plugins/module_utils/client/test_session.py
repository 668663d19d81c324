# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in, staying logged in, and being sent away."""

from __future__ import annotations

import base64
import io
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.auth import (
    TokenSession,
    UserSession,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ConnectionFailed,
    LoginRequired,
    NotPermitted,
    TokenRevoked,
    UnreadableAnswer,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    CachedToken,
    TokenCache,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Retry, Transport

THING = "/api/v3/things/one"
REFUSED = (
    403,
    {"Content-Type": "application/json"},
    json.dumps(
        {"Model": "", "Key": "", "Type": "AUTH", "Messages": ["Cannot access /x", "Requires: y"], "Code": 403}
    ).encode(),
)


def test_basic_once_then_the_token(stub: Any, client: Client) -> None:
    for _ in range(3):
        assert client.get("things", "one") == {"ok": True}
    assert [seen.scheme for seen in stub.seen] == ["Basic", "Bearer", "Bearer", "Bearer"]
    assert stub.seen[0].path == "/api/v3/users/rocketskates/token"
    assert base64.b64decode(stub.seen[0].token) == b"rocketskates:r0cket:sk8ts"
    assert {seen.token for seen in stub.seen[1:]} == {"t1"}
    assert client.token() == "t1"


def test_the_login_tells_what_the_server_is(stub: Any, client: Client) -> None:
    client.get("things", "one")
    assert client.info()["version"] == "v3.12.0"
    assert client.has_feature("x")
    assert not client.has_feature("y")
    assert stub.asked("/api/v3/info") == []


def test_a_failed_info_is_not_remembered(stub: Any) -> None:
    stub.tokens.add("given")
    stub.answers["GET", "/api/v3/info"] = [(500, {}, b""), (200, {}, b'{"version":"v3"}')]
    client = Client(Transport(stub.endpoint), TokenSession("given"))
    with pytest.raises(Exception, match="500"):
        client.info()
    assert client.info() == {"version": "v3"}
    assert client.info() == {"version": "v3"}
    assert len(stub.asked("/api/v3/info")) == 2


def test_renewed_with_itself_at_half_life(stub: Any, client: Client, clock: Any) -> None:
    client.get("things", "one")
    clock.now += 299
    client.get("things", "one")
    assert stub.issued == 1
    clock.now += 2
    client.get("things", "one")
    assert len(stub.logins("Basic")) == 1
    assert [seen.token for seen in stub.logins("Bearer")] == ["t1"]
    assert stub.seen[-1].token == "t2"
    clock.now += 301
    client.get("things", "one")
    assert stub.seen[-1].token == "t3"


def test_a_token_that_ended_is_not_renewed_but_fetched_anew(stub: Any, client: Client, clock: Any) -> None:
    client.get("things", "one")
    clock.now += 601
    client.get("things", "one")
    assert len(stub.logins("Basic")) == 2
    assert stub.logins("Bearer") == []


def test_a_clock_that_went_back_does_not_make_a_token_live_longer(
    stub: Any, client: Client, clock: Any
) -> None:
    client.get("things", "one")
    clock.now -= 3600
    client.get("things", "one")
    assert len(stub.logins("Basic")) == 2


def test_a_refused_renewal_becomes_a_login(stub: Any, client: Client, clock: Any) -> None:
    client.get("things", "one")
    clock.now += 301
    stub.tokens.clear()
    client.get("things", "one")
    assert [seen.scheme for seen in stub.seen if seen.path.endswith("/token")] == ["Basic", "Bearer", "Basic"]
    assert isinstance(client.session, UserSession)
    assert isinstance(client.session.renewal_error, LoginRequired)


def test_a_renewal_that_fails_otherwise_leaves_the_old_token_in_use(
    stub: Any, client: Client, clock: Any
) -> None:
    client.get("things", "one")
    clock.now += 301
    stub.login_answers = [(500, {}, b"")]
    assert client.get("things", "one") == {"ok": True}
    assert stub.seen[-1].token == "t1"
    assert isinstance(client.session, UserSession)
    assert client.session.renewal_error is not None
    client.get("things", "one")
    assert stub.seen[-1].token == "t2"
    assert client.session.renewal_error is None


def test_logs_in_again_once_when_the_token_is_refused_without_a_word(stub: Any, client: Client) -> None:
    client.get("things", "one")
    stub.tokens.clear()
    assert client.get("things", "one") == {"ok": True}
    assert len(stub.logins("Basic")) == 2
    assert [seen.token for seen in stub.asked(THING)] == ["t1", "t1", "t2"]


def test_an_empty_401_is_treated_the_same(stub: Any, client: Client) -> None:
    stub.answers["GET", THING] = [(401, {"WWW-Authenticate": "dr-provision"}, b""), (200, {}, b"1")]
    assert client.req().get().url_for("things", "one").do() == 1
    assert len(stub.logins("Basic")) == 2


def test_gives_up_when_the_new_token_is_refused_too(stub: Any, client: Client) -> None:
    stub.answers["GET", THING] = [(403, {}, b"")]
    with pytest.raises(LoginRequired, match="accepts the login of 'rocketskates', but not the") as caught:
        client.get("things", "one")
    assert "password" not in str(caught.value), "which the server has just accepted"
    assert len(stub.asked(THING)) == 2
    assert len(stub.logins("Basic")) == 2


def test_never_logs_in_again_for_a_403_that_says_why(stub: Any, client: Client) -> None:
    stub.answers["GET", THING] = [REFUSED]
    with pytest.raises(NotPermitted) as caught:
        client.get("things", "one")
    assert str(caught.value) == "AUTH\n  Cannot access /x\n  Requires: y"
    assert len(stub.asked(THING)) == 1
    assert len(stub.logins("Basic")) == 1


def test_a_body_is_sent_again_whole_after_the_new_login(stub: Any, client: Client) -> None:
    stub.answers["POST", "/api/v3/files/x"] = [(403, {}, b""), (201, {}, b'{"Path": "/x"}')]
    stream = io.BytesIO(b"head body")
    stream.seek(5)
    client.req().post(stream).url_for("files", "x").do()
    assert [seen.body for seen in stub.asked("/api/v3/files/x")] == [b"body", b"body"]


def test_a_body_that_cannot_be_rewound_is_not_sent_as_half(stub: Any, client: Client) -> None:
    class Pipe(io.RawIOBase):
        pieces = [b"some ", b"bytes"]

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return self.pieces.pop(0) if self.pieces else b""

    stub.answers["POST", "/api/v3/files/x"] = [(403, {}, b""), (201, {}, b'{"Path": "/x"}')]
    with pytest.raises(LoginRequired, match="can be read only once. There is a new token now: send it again"):
        client.req().post(Pipe()).url_for("files", "x").do()
    assert [seen.body for seen in stub.asked("/api/v3/files/x")] == [b"some bytes"]
    Pipe.pieces = [b"again"]
    client.req().post(Pipe()).url_for("files", "x").do()
    assert [seen.token for seen in stub.asked("/api/v3/files/x")] == ["t1", "t2"]


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_credentials(stub: Any, make_client: Any, wrong: dict[str, str], clock: Any) -> None:
    with pytest.raises(LoginRequired, match="unknown user or wrong password") as caught:
        make_client(**wrong).get("things", "one")
    assert "wrong" not in str(caught.value).replace("wrong password", "")
    assert caught.value.code == 403
    assert len(stub.seen) == 1
    assert clock.slept == []


def test_a_revoked_token_costs_a_login_and_no_task(
    stub: Any, make_client: Any, clock: Any, tmp_path: Path
) -> None:
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    client = make_client(cache=cache)
    client.get("things", "one")
    stub.revoked.add("t1")
    assert client.get("things", "one") == {"ok": True}
    assert stub.seen[-1].token == "t2"
    assert cache.load().token == "t2"


def test_a_revoked_token_gives_way_to_that_of_another_process(
    stub: Any, make_client: Any, clock: Any, tmp_path: Path
) -> None:
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    client = make_client(cache=cache)
    client.get("things", "one")
    stub.revoked.add("t1")
    stub.tokens.add("theirs")
    other = CachedToken("theirs", clock.now, clock.now + 600)
    cache.store(other)
    assert client.get("things", "one") == {"ok": True}
    assert cache.load() == other
    assert len(stub.logins("Basic")) == 1


def test_a_forgotten_token_in_the_cache_too(stub: Any, make_client: Any, clock: Any, tmp_path: Path) -> None:
    """A server that has lost its secret says nothing to any of its tokens."""
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    client = make_client(cache=cache)
    client.get("things", "one")
    stub.tokens.discard("t1")
    cache.store(CachedToken("theirs", clock.now, clock.now + 600))
    assert client.get("things", "one") == {"ok": True}
    assert [seen.token for seen in stub.asked(THING)] == ["t1", "t1", "theirs", "t2"]
    assert cache.load().token == "t2"


def test_a_revoked_token_in_the_cache_too(stub: Any, make_client: Any, clock: Any, tmp_path: Path) -> None:
    """A new password ends all tokens at once, those that other processes have cached among them."""
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    client = make_client(cache=cache)
    client.get("things", "one")
    stub.revoked |= {"t1", "theirs"}
    cache.store(CachedToken("theirs", clock.now, clock.now + 600))
    assert client.get("things", "one") == {"ok": True}
    assert stub.seen[-1].token == "t2"
    assert cache.load().token == "t2"


def test_a_server_that_revokes_every_token(stub: Any, make_client: Any, tmp_path: Path) -> None:
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    client = make_client(cache=cache)
    stub.revoked |= {f"t{number}" for number in range(10)}
    with pytest.raises(TokenRevoked, match="revoked.*'rocketskates'"):
        client.get("things", "one")
    assert cache.load() is None
    assert [seen.token for seen in stub.asked(THING)] == ["t1", "t2"]


def test_a_cached_token_saves_the_login(stub: Any, make_client: Any, clock: Any, tmp_path: Path) -> None:
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    make_client(cache=cache).get("things", "one")
    make_client(cache=cache).get("things", "one")
    assert len(stub.logins("Basic")) == 1
    clock.now += 301
    make_client(cache=cache).get("things", "one")
    make_client(cache=cache).get("things", "one")
    assert len(stub.logins("Basic")) == 1
    assert len(stub.logins("Bearer")) == 1


def test_a_cached_token_that_the_server_forgot_costs_one_login(
    stub: Any, make_client: Any, clock: Any, tmp_path: Path
) -> None:
    cache = TokenCache(str(tmp_path), stub.endpoint, "rocketskates")
    cache.store(CachedToken("old", clock.now, clock.now + 600))
    assert make_client(cache=cache).get("things", "one") == {"ok": True}
    stored = cache.load()
    assert stored is not None
    assert stored.token == "t1"
    assert len(stub.logins("Basic")) == 1


def test_threads_share_one_login(stub: Any, client: Client) -> None:
    threads = [threading.Thread(target=client.get, args=("things", "one")) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert len(stub.logins("Basic")) == 1
    assert len(stub.asked(THING)) == 16


def test_a_bare_token(stub: Any) -> None:
    stub.tokens.add("given")
    client = Client(Transport(stub.endpoint), TokenSession(" given\n"))
    assert client.get("things", "one") == {"ok": True}
    assert (client.username, client.token()) == ("", "given")
    assert len(stub.seen) == 1
    stub.tokens.clear()
    with pytest.raises(LoginRequired, match="does not accept the token"):
        client.get("things", "one")
    assert len(stub.seen) == 2


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_an_empty_token_is_refused(token: str) -> None:
    with pytest.raises(UsageError):
        TokenSession(token)


@pytest.mark.parametrize(("username", "password"), [("", "x"), ("x", ""), ("a:b", "x")])
def test_impossible_credentials_are_refused(stub: Any, username: str, password: str) -> None:
    with pytest.raises(UsageError):
        UserSession(Transport(stub.endpoint), username, password)


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b'{"Token"', b"[]", b"{}", b"", b"null"])
def test_something_that_is_not_a_drp_server(stub: Any, client: Client, body: bytes) -> None:
    stub.login_answers = [(200, {"Content-Type": "text/html"}, body)]
    with pytest.raises(UnreadableAnswer, match="not a token"):
        client.get("things", "one")


def test_an_authorization_of_the_caller_is_left_alone(stub: Any, client: Client) -> None:
    with pytest.raises(LoginRequired):
        client.req().get().url_for("things", "one").headers("Authorization", "Bearer mine").do()
    assert [seen.token for seen in stub.seen] == ["mine"]


def test_close_twice(stub: Any, client: Client) -> None:
    client.get("things", "one")
    client.close()
    client.close()
    assert client.token() == "t1"
    with pytest.raises(UsageError, match="Connection Closed"):
        client.get("things", "one")


def test_the_first_endpoint_that_answers(stub: Any, closed_port: str) -> None:
    """A dead endpoint costs one try, although nobody is logged in yet."""
    resolved = settings.resolve(
        {
            "endpoint": f"{closed_port} {stub.endpoint}",
            "username": "rocketskates",
            "password": "r0cket:sk8ts",
            "token_cache": "",
        },
        {},
    )
    slept: list[float] = []
    client = settings.connect(resolved, Retry(sleep=slept.append))
    assert client.endpoint == stub.endpoint
    assert slept == []
    client.close()


def test_no_endpoint_answers(closed_port: str) -> None:
    resolved = settings.resolve({"endpoint": f"{closed_port} {closed_port}", "token": "x"}, {})
    with pytest.raises(ConnectionFailed, match="None of the endpoints answers"):
        settings.connect(resolved)
