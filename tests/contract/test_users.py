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
    # a server mints a token that works only for whoever asks for it
    own = connect(key=f"{user}:{FIRST}")
    token = users.mint_token(own, user, 60)
    session = connect(key=None, token=token)
    assert session.get("users", user)["Name"] == user
    users.set_password(client, user, SECOND)
    with pytest.raises(NotPermitted, match="the token was revoked"):
        session.get("users", user)
    with pytest.raises(NotFound):
        users.mint_token(client, f"{user}x", 60)


def test_what_may_not_be_seen_is_still_there(connect: Any, factory: Any, user: str) -> None:
    """404 to GET and 200 to HEAD: what lookup.missing_text relies on."""
    machine = factory.make("machines")
    weak = connect(key=f"{user}:{FIRST}")
    assert weak.find("machines", machine["Uuid"]) is None
    assert weak.exists("machines", machine["Uuid"])
    assert weak.list("machines") == []
