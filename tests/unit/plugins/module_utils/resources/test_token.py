# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens on a server of version 4: narrowed to roles, and for machines."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import features
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import users
from ansible_collections.digitalrebar.provision.plugins.module_utils.converge.task import Task
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources import token

UUID = "3e7031fe-3062-45f1-835c-92541bc9cbd3"


class NewServer:
    """Has one user, with some roles, and one machine."""

    username = "ann"

    def __init__(self, *roles: str) -> None:
        self.roles = list(roles)

    def require_feature(self, feature: features.Feature, what: str) -> None:
        assert feature == features.V4

    def find(self, kind: str, key: str) -> dict[str, t.Any] | None:
        there = {
            ("users", "ann"): {"Name": "ann", "Roles": self.roles},
            ("machines", "Name:m1"): {"Uuid": UUID},
        }
        return there.get((kind, key))

    def exists(self, kind: str, key: str) -> bool:
        return False


@pytest.fixture
def minted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[t.Any, ...]]:
    """What tokens were asked for."""
    asked: list[tuple[t.Any, ...]] = []

    def mint(client: t.Any, *what: t.Any) -> str:
        asked.append(what)
        return "minted"

    monkeypatch.setattr(users, "mint_token", mint)
    monkeypatch.setattr(users, "mint_machine_token", mint)
    return asked


def run(server: NewServer, **options: t.Any) -> dict[str, t.Any]:
    return token.run(Task({"ttl": 60, **options}, False, t.cast(t.Any, server), lambda text: None))


def test_a_token_with_some_roles(minted: list[t.Any]) -> None:
    result = run(NewServer("one", "two"), roles=["two"])
    assert result == {"changed": False, "token": "minted", "ttl": 60, "user": "ann"}
    assert minted == [("ann", 60, ["two"], "")]


def test_a_superuser_may_have_any_role(minted: list[t.Any]) -> None:
    run(NewServer("superuser"), roles=["readonly"])
    assert minted == [("ann", 60, ["readonly"], "")]


def test_roles_that_the_server_would_drop_without_a_word(minted: list[t.Any]) -> None:
    with pytest.raises(UsageError, match="roles: user ann does not have three, only one, two"):
        run(NewServer("one", "two"), roles=["one", "three"])
    with pytest.raises(UsageError, match="does not have one, only none"):
        run(NewServer(), roles=["one"])
    assert minted == []


def test_a_token_of_a_machine(minted: list[t.Any]) -> None:
    assert run(NewServer(), machine="m1") == {
        "changed": False,
        "token": "minted",
        "ttl": 60,
        "machine": "m1",
    }
    assert minted == [(UUID, 60)]
    with pytest.raises(UsageError, match="no such machine: m2"):
        run(NewServer(), machine="m2")
