# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Passwords and tokens: what one does with a user beside the standard verbs."""

from __future__ import annotations

import secrets
import typing as t

from .. import features
from ..auth import basic_auth_header
from ..client import Client
from ..errors import DrpError, LoginRequired, NotPermitted, UsageError, is_revocation

Object = dict[str, t.Any]


class DeadToken(DrpError):
    """The server made a token that it does not take."""


def password_works(client: Client, name: str, password: str) -> bool:
    """Whether ``name`` can log in with ``password``, found out by doing so.

    Costs the server about 50 ms.  False for an unknown user too, and for one that has no password yet.
    """
    _refuse_colon(name)
    request = client.req().get().url_for("users", name, "token").params("ttl", "1")
    try:
        request.headers("Authorization", basic_auth_header(name, password)).do()
    except LoginRequired:
        return False
    return True


def set_password(client: Client, name: str, password: str) -> None:
    """Give the user another password.  Needs the claim ``users password <name>``; one has it for oneself.

    All tokens of the user die, and all that it granted to others.  A session of that very user logs in
    anew with its next request; a session of a bare token cannot.  NotFound without such a user.
    """
    if not password:
        raise UsageError("the password of a user must not be empty")
    try:
        client.req().put({"Password": password}).url_for("users", name, "password").do()
    except (NotPermitted, LoginRequired):
        # if the reply to a first try was lost, that try has ended the very token of the second
        if client.username != name or not password_works(client, name, password):
            raise
    client.session.on_password_changed(name, password)


def mint_token(client: Client, name: str, ttl: int, roles: t.Sequence[str] = (), password: str = "") -> str:
    """A token of the user that lives ``ttl`` seconds, tried before it is handed out.

    With ``password`` the user itself asks for it.  Otherwise the session does, which needs the claim
    ``users token <name>``; a v3.12 server then takes the token only if the session is of that very user.
    DeadToken for one that the server does not take, NotFound without such a user.

    It can do what the user can; a v4 server narrows it to those of ``roles`` that the user has.  Never
    send ``roles`` to a v3.12 server, which fails with 500.  The server stores nothing: a token ends by
    itself, or with the password of its user or of the user who asked for it.
    """
    query = ["ttl", str(ttl), *(["roles", ",".join(roles)] if roles else [])]
    request = client.req().get().url_for("users", name, "token").params(*query)
    if password:
        _refuse_colon(name)
        request = request.headers("Authorization", basic_auth_header(name, password))
    try:
        token = str(request.do_object()["Token"])
    except LoginRequired as error:
        if not password:
            raise
        raise UsageError(
            f"{client.endpoint} refused the login of {name!r} with the password given for it: "
            "unknown user or wrong password"
        ) from error
    if not token_works(client, token):
        raise DeadToken(f"the server refuses the token that it has just created for user {name}")
    return token


def mint_with_new_password(client: Client, name: str, ttl: int) -> str:
    """A token of a user whose password nobody needs: it gets a random one, which is then forgotten.

    A user has to ask for its own tokens on v3.12.  The new password ends all earlier tokens of the user.
    """
    password = secrets.token_urlsafe(32)
    set_password(client, name, password)
    return mint_token(client, name, ttl, password=password)


def token_works(client: Client, token: str) -> bool:
    """Whether the server takes the token, found out with one request."""
    try:
        client.req().get().url_for("info").headers("Authorization", f"Bearer {token}").do()
    except LoginRequired:
        return False
    except NotPermitted as error:
        return not is_revocation(error)
    return True


def is_logged_in_as(client: Client, name: str) -> bool:
    """Whether the session is of the user ``name``.

    A bare token does not say whose it is.  On v3.12, it is found out by two requests: only the user itself
    gets a token that works.  On v4, everybody who may mint one does, and the answer is False.
    """
    if client.username or client.has_feature(features.V4.flag):
        return client.username == name
    try:
        mint_token(client, name, 60)
    except DrpError:
        return False
    return True


def _refuse_colon(name: str) -> None:
    if ":" in name:
        raise UsageError("the name of a user must not contain a colon")


def mint_machine_token(client: Client, uuid: str, ttl: int, kind: str = "machines") -> str:
    """A token such as templates give to the agent of a machine, or of another ``kind`` that runs tasks.

    A v3.12 server has no route for it.
    """
    answer = client.req().get().url_for(kind, uuid, "token").params("ttl", str(ttl)).do()
    return str(answer["Token"])
