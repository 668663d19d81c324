# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users, passwords, tokens and preferences against a server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    LoginRequired,
    NotFound,
    NotPermitted,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users

FIRST, SECOND = "first:one", "second"


@pytest.fixture
def user(client: Any, factory: Any) -> str:
    """A user with a password."""
    name = str(factory.make("users")["Name"])
    users.set_password(client, name, FIRST)
    return name


def test_passwords(client: Any, factory: Any) -> None:
    name = factory.make("users")["Name"]
    assert not users.password_works(client, name, FIRST)
    users.set_password(client, name, FIRST)
    assert users.password_works(client, name, FIRST)
    users.set_password(client, name, SECOND)
    assert not users.password_works(client, name, FIRST)
    assert users.password_works(client, name, SECOND)
    assert not users.password_works(client, f"{name}x", SECOND)
    with pytest.raises(NotFound):
        users.set_password(client, f"{name}x", SECOND)
    assert "PasswordHash" not in client.get("users", name)


def test_a_patch_keeps_the_password(client: Any, user: str) -> None:
    old, new = client.get_for_patch("users", user)
    new["Description"] = "patched"
    client.patch_to("users", old, new)
    assert users.password_works(client, user, FIRST)


def test_ones_own_password(connect: Any, user: str) -> None:
    mine = connect(key=f"{user}:{FIRST}")
    before = mine.token()
    users.set_password(mine, user, SECOND)
    assert mine.get("users", user)["Name"] == user
    assert mine.token() != before
    with pytest.raises(NotPermitted, match="the token was revoked"):
        connect(key=None, token=before).get("users", user)
    with pytest.raises(LoginRequired):
        connect(key=f"{user}:{FIRST}", token_cache="").token()


@pytest.mark.needs_faults
def test_ones_own_password_though_the_reply_is_lost(connect: Any, endpoint: Any, user: str) -> None:
    mine = connect(key=f"{user}:{FIRST}", token_cache="")
    mine.token()
    endpoint.simulator.fault("lose_reply", f"users/{user}/password", "PUT")
    users.set_password(mine, user, SECOND)
    assert mine.get("users", user)["Name"] == user
    assert users.password_works(mine, user, SECOND)


def test_tokens(client: Any, connect: Any, user: str) -> None:
    token = users.mint_token(client, user, 60, password=FIRST)
    session = connect(key=None, token=token)
    assert session.get("users", user)["Name"] == user
    users.set_password(client, user, SECOND)
    with pytest.raises(NotPermitted, match="the token was revoked"):
        session.get("users", user)
    with pytest.raises(NotFound):
        users.mint_token(client, f"{user}x", 60)
    with pytest.raises(UsageError, match="refused the login"):
        users.mint_token(client, user, 60, password=FIRST)


def test_a_user_that_asks_for_its_own_token(connect: Any, user: str) -> None:
    mine = connect(key=f"{user}:{FIRST}", token_cache="")
    again = connect(key=None, token=users.mint_token(mine, user, 60))
    assert again.get("users", user)["Name"] == user
    assert users.token_works(mine, users.mint_token(again, user, 60))


@pytest.mark.parametrize("how", ["request", "events"])
def test_a_revoked_token_is_replaced_by_a_login(client: Any, connect: Any, user: str, how: str) -> None:
    """Somebody sets the same password again: a session that knows it goes on."""
    mine = connect(key=f"{user}:{FIRST}", token_cache="")
    before = mine.token()
    users.set_password(client, user, FIRST)
    if how == "events":
        mine.events().close()
    else:
        assert mine.get("users", user)["Name"] == user
    assert mine.token() != before
    with pytest.raises(NotPermitted, match="the token was revoked"):
        connect(key=None, token=before).events()


def test_a_token_for_somebody_else_is_dead_and_not_handed_out(client: Any, user: str) -> None:
    with pytest.raises(users.DeadToken, match=user):
        users.mint_token(client, user, 60)


def test_a_token_of_a_user_whose_password_nobody_needs(client: Any, connect: Any, user: str) -> None:
    first = users.mint_with_new_password(client, user, 60)
    assert connect(key=None, token=first).get("users", user)["Name"] == user
    assert not users.password_works(client, user, FIRST)
    second = users.mint_with_new_password(client, user, 60)
    assert users.token_works(client, second)
    assert not users.token_works(client, first)


def test_tokens_outlive_their_user(client: Any, factory: Any, user: str) -> None:
    """A user that is gone has no secret to compare: what drp_user warns of."""
    token = users.mint_token(client, user, 60, password=FIRST)
    client.delete("users", user)
    assert users.token_works(client, token)
    factory.make("users", Name=user)
    assert not users.token_works(client, token)


def test_what_may_not_be_seen_is_still_there(connect: Any, factory: Any, user: str) -> None:
    """404 to GET and 200 to HEAD: what lookup.missing_text relies on."""
    machine = factory.make("machines")
    weak = connect(key=f"{user}:{FIRST}")
    assert weak.find("machines", machine["Uuid"]) is None
    assert weak.exists("machines", machine["Uuid"])
    assert weak.list("machines") == []
