# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that changes under a session, its own or somebody else's."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.auth import TokenSession
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    CachedToken,
    TokenCache,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.transport import Transport

ME, OTHER = "rocketskates", "fred"


def logins(stub: Any) -> list[str]:
    """What was logged in with."""
    return [base64.b64decode(seen.token).decode() for seen in stub.logins()]


def test_a_session_logs_in_anew_with_its_new_password(stub: Any, client: Client) -> None:
    client.get("things", "one")
    users.set_password(client, ME, "new:one")
    stub.login_answers = [(200, {}, b'{"Token": "fresh"}')]
    stub.tokens = {"fresh"}
    client.get("things", "one")
    assert logins(stub)[-1] == f"{ME}:new:one"
    assert stub.seen[-1].token == "fresh"


def test_a_password_of_somebody_else_leaves_the_session_alone(stub: Any, client: Client) -> None:
    users.set_password(client, OTHER, "new")
    client.get("things", "one")
    assert len(logins(stub)) == 1


def test_cached_tokens_are_forgotten(stub: Any, make_client: Any, tmp_path: Path) -> None:
    mine, theirs = (TokenCache(str(tmp_path), stub.endpoint, name) for name in (ME, OTHER))
    client = make_client(cache=mine)
    client.get("things", "one")
    theirs.store(CachedToken("of-fred", 0, 600))
    client.session.on_password_changed(OTHER, "x")
    assert theirs.load() is None
    assert mine.load() is not None
    client.session.on_password_changed(ME, "x")
    assert mine.load() is None


def test_a_session_of_a_token_has_no_password(stub: Any) -> None:
    stub.tokens = {"given"}
    client = Client(Transport(stub.endpoint), TokenSession("given"))
    users.set_password(client, ME, "new")
    client.get("things", "one")
    assert logins(stub) == []


def test_trying_a_password_leaves_the_session_as_it_is(stub: Any, client: Client) -> None:
    client.get("things", "one")
    assert users.password_works(client, ME, "r0cket:sk8ts")
    assert not users.password_works(client, ME, "wrong")
    client.get("things", "one")
    assert stub.seen[-1].token == "t1"


def test_what_cannot_be_a_login(client: Client) -> None:
    with pytest.raises(UsageError, match="must not contain a colon"):
        users.password_works(client, "a:b", "c")
    with pytest.raises(UsageError, match="must not be empty"):
        users.set_password(client, ME, "")


@pytest.fixture
def asked(stub: Any, client: Client) -> list[str]:
    """The URLs below ``/api/v3`` that are asked for; the server makes tokens named ``minted`` for all."""
    urls: list[str] = []
    original = client.send

    def send(method: str, url: str, *rest: Any, **more: Any) -> Any:
        urls.append(url.partition("/api/v3/")[2])
        return original(method, url, *rest, **more)

    client.send = send  # type: ignore[method-assign]
    stub.answers["GET", f"/api/v3/users/{OTHER}/token"] = [(200, {}, b'{"Token": "minted"}')]
    stub.answers["GET", "/api/v3/info"] = [(200, {}, b"{}")]
    stub.tokens.add("minted")
    return urls


def test_roles_are_sent_only_when_there_are_any(client: Client, asked: list[str]) -> None:
    path = f"users/{OTHER}/token"
    assert users.mint_token(client, OTHER, 60) == "minted"
    assert users.mint_token(client, OTHER, 60, ["one", "two"]) == "minted"
    assert asked == [f"{path}?ttl=60", "info", f"{path}?ttl=60&roles=one%2Ctwo", "info"]


@pytest.mark.parametrize("refusal", ["revoked", "without a word"])
def test_a_token_that_the_server_does_not_take_is_never_handed_out(
    stub: Any, client: Client, asked: list[str], refusal: str
) -> None:
    body = json.dumps({"Type": "AUTH", "Messages": ["Validation failed"], "Code": 403}).encode()
    stub.answers["GET", "/api/v3/info"] = [(403, {}, body if refusal == "revoked" else b"")]
    with pytest.raises(users.DeadToken, match=OTHER):
        users.mint_token(client, OTHER, 60)
    assert asked[-1] == "info"


def test_a_token_that_may_not_read_the_info_is_good(stub: Any, client: Client, asked: list[str]) -> None:
    body = json.dumps({"Type": "AUTH", "Messages": ["Requires: info get"], "Code": 403}).encode()
    stub.answers["GET", "/api/v3/info"] = [(403, {}, body)]
    assert users.mint_token(client, OTHER, 60) == "minted"


def test_a_colon_in_the_name_of_who_is_to_log_in(client: Client) -> None:
    with pytest.raises(UsageError, match="must not contain a colon"):
        users.mint_token(client, "a:b", 60, password="c")
