# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Tokens for others to use, short-lived and, where the server can do that, narrowed to some roles."""

from __future__ import annotations

import typing as t

from ..client import features, models
from ..client.client import Client
from ..client.errors import NotFound, UsageError
from ..client.objects import users
from ..converge.task import Options, Result, Task
from .lookup import find_one


def run(task: Task) -> Result:
    """What ``drp_token`` does.

    The server makes tokens from what it knows and stores none, so that nothing is changed by it; check
    mode makes them too, for the tasks that follow.
    """
    options, client = task.options, task.client
    ttl = options["ttl"]
    if ttl < 1:
        raise UsageError("ttl: must be at least 1 second")
    if options.get("machine"):
        return _result(_for_machine(client, options["machine"], ttl), ttl, machine=options["machine"])
    name = _user(client, options)
    roles = options.get("roles") or []
    if roles:
        client.require_feature(features.V4, "roles: to narrow a token")
        _check_roles(client, name, roles)
    return _result(
        mint_for_user(client, name, ttl, options.get("user_password") or "", roles), ttl, user=name
    )


def mint_for_user(
    client: Client, name: str, ttl: int, password: str = "", roles: t.Sequence[str] = (), more_ways: str = ""
) -> str:
    """A token of a user that somebody has named; UsageError with the ways that work, where this does not."""
    try:
        return users.mint_token(client, name, ttl, roles, password)
    except NotFound as error:
        raise UsageError(f"user: there is no user {name}") from error
    except users.DeadToken as error:
        raise UsageError(
            f"user: {error.messages[0]}, because another user asked for it: on v3.12, only {name} itself "
            f"gets a valid one. Set its password in user_password, or log in as {name}{more_ways}"
        ) from error


def _for_machine(client: Client, named: str, ttl: int) -> str:
    client.require_feature(features.V4, "machine: to mint the token of a machine")
    return users.mint_machine_token(
        client, models.key_of("machines", find_one(client, "machines", named)), ttl
    )


def _user(client: Client, options: Options) -> str:
    name = options.get("user") or client.username
    if not name:
        raise UsageError("user: is required when the task itself logs in with a token")
    return str(name)


def _check_roles(client: Client, name: str, roles: list[str]) -> None:
    """The server drops roles that the user does not have, and so would give a token that can do less."""
    has = find_one(client, "users", name).get("Roles") or []
    lacking = [role for role in roles if role not in has]
    if lacking and "superuser" not in has:
        raise UsageError(
            f"roles: user {name} does not have {', '.join(lacking)}, only {', '.join(has) or 'none'}"
        )


def _result(token: str, ttl: int, **owner: str) -> Result:
    return {"changed": False, "token": token, "ttl": ttl, **owner}
