# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Credentials: sessions of a user, which renew their token, and sessions of a given token."""

from __future__ import annotations

import base64
import re
import threading
import time
import typing as t
import urllib.parse

from .errors import DrpError, LoginRequired, TokenRevoked, UnreadableAnswer, UsageError, from_answer
from .limits import first_document
from .token_cache import CachedToken, TokenCache
from .transport import Answer, Transport

API_PATH = "/api/v3"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_MAX_TOKENS = 3
"""For one request: ours, the one in the cache, and a new one."""
TOKEN_LIFETIME = 600
"""Seconds asked for at login and at each renewal; renewed when half of it is over."""


class Session(t.Protocol):
    """What a client needs to know about its credentials."""

    username: str
    info: dict[str, t.Any] | None
    secrets: set[str]
    """What must reach no output: the password, and each token that there has been so far."""
    warnings: list[str]
    """What whoever started this should hear."""

    def token(self, fail_fast: bool = False) -> str:
        """A token that should work now, "" for requests without one; with ``fail_fast`` one try to get it."""

    def replace_token(self, refused: str, fail_fast: bool = False) -> bool:
        """Get another token in place of ``refused``; False when there is no way to."""

    def was_adopted(self, token: str) -> bool:
        """Whether another process got ``token``: then it may be as dead as the one that it replaced."""

    def on_token_revoked(self) -> TokenRevoked:
        """Forget the token, which the server has revoked; the error to raise."""

    def explain(self, error: LoginRequired) -> LoginRequired:
        """The same error, of a token that was refused and could not be replaced, with a text about it."""

    def on_password_changed(self, username: str, password: str) -> None:
        """A password was changed, which revoked all tokens of the user; if it is ours, log in with it."""


def replace_refused(session: Session, refused: str, number: int, fail_fast: bool = False) -> bool:
    """Whether there is another token to try after ``refused``, the ``number``-th of this request.

    One that was issued for this request and is refused as well is the last.  One that another process has
    stored is not: after a restart of the server with another secret all of them are dead.
    """
    last = number >= _MAX_TOKENS or (number > 1 and not session.was_adopted(refused))
    return not last and session.replace_token(refused, fail_fast)


class TokenSession:
    """A token that was minted elsewhere; it is never renewed, and needs no request to the server."""

    username = ""
    info: dict[str, t.Any] | None = None

    def __init__(self, token: str) -> None:
        self._token = check_token(token)
        self.secrets = {self._token}
        self.warnings: list[str] = []

    def token(self, fail_fast: bool = False) -> str:  # noqa: ARG002  the protocol's signature
        return self._token

    def replace_token(self, refused: str, fail_fast: bool = False) -> bool:  # noqa: ARG002
        return False

    def was_adopted(self, token: str) -> bool:  # noqa: ARG002
        return False

    def on_token_revoked(self) -> TokenRevoked:
        return _revoked_token_error("Mint a new one")

    def explain(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            "the endpoint does not accept the token: it is expired, or another server issued it. "
            "Mint a new one, or log in with a user name and password",
            type="AUTH",
            code=error.code,
        )

    def on_password_changed(self, username: str, password: str) -> None:
        del username, password


class CertificateSession:
    """The client certificate of the connection is the credential: requests carry no other."""

    username = ""
    info: dict[str, t.Any] | None = None

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.warnings: list[str] = []

    def token(self, fail_fast: bool = False) -> str:  # noqa: ARG002  the protocol's signature
        return ""

    def replace_token(self, refused: str, fail_fast: bool = False) -> bool:  # noqa: ARG002
        return False

    def was_adopted(self, token: str) -> bool:  # noqa: ARG002
        return False

    def on_token_revoked(self) -> TokenRevoked:
        return _revoked_token_error("Use another client certificate")

    def explain(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            "the endpoint does not accept the client certificate as a login. Use one of an authority that "
            "the server trusts for clients, or set a user name and password, or a token",
            type="AUTH",
            code=error.code,
        )

    def on_password_changed(self, username: str, password: str) -> None:
        del username, password


class UserSession:
    """Logs in with Basic authentication once, and uses tokens from then on.

    A token is renewed with itself when half of its life is over, and by logging in again when that
    fails or when it has ended.  Checking a password costs the server about 50 ms, a token nothing.
    """

    def __init__(
        self,
        transport: Transport,
        username: str,
        password: str,
        cache: TokenCache | None = None,
        clock: t.Callable[[], float] = time.time,
    ) -> None:
        if not username or not password:
            raise UsageError("username and password: both must be set")
        if ":" in username:
            raise UsageError("username: must not contain a colon")
        self.username = username
        self.info: dict[str, t.Any] | None = None
        self.renewal_error: DrpError | None = None
        """Why the last renewal failed; the session goes on with what it has."""
        self.secrets = {password}
        self.warnings: list[str] = []
        self._password = password
        self._transport = transport
        self._cache = cache
        self._clock = clock
        self._lock = threading.Lock()
        self._current_token: CachedToken | None = None
        self._issued = ""
        """The last token that we asked for ourselves."""

    def token(self, fail_fast: bool = False) -> str:
        """A usable token; logs in, or renews, when that is due.  Raises what the login raises."""
        with self._lock:
            if self._current_token is None and self._cache is not None:
                self._current_token = self._from_cache(self._cache)
            now = self._clock()
            if self._current_token is None or not self._current_token.usable(now):
                self._current_token = self._login(None, fail_fast)
            elif not self._current_token.fresh(now):
                self._current_token = self._renew(self._current_token, fail_fast)
            return self._current_token.token

    def replace_token(self, refused: str, fail_fast: bool = False) -> bool:
        """Log in again because the server refused ``refused``, unless another thread just did."""
        with self._lock:
            if self._current_token is None or self._current_token.token == refused:
                self._current_token = self._login(refused, fail_fast)
        return True

    def was_adopted(self, token: str) -> bool:
        return token != self._issued

    def on_token_revoked(self) -> TokenRevoked:
        with self._lock:
            if self._current_token is not None and self._cache is not None:
                self._cache.drop(self._current_token.token)
            self._current_token = None
        return _revoked_token_error(
            f"The token was discarded: the next request logs in {self.username!r} again"
        )

    def explain(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            f"{self._transport.endpoint} accepts the login of {self.username!r}, but not the token that it "
            "has issued for it. Is there a proxy that takes the token away, or are there several servers "
            "behind this address?",
            type="AUTH",
            code=error.code,
        )

    def on_password_changed(self, username: str, password: str) -> None:
        if self._cache is not None:
            self._cache.for_user(username).drop()
        if username == self.username:
            with self._lock:
                self._password, self._current_token = password, None
                self.secrets.add(password)

    def _login(self, refused: str | None, fail_fast: bool) -> CachedToken:
        """A new token; or the one that another process has stored while we waited for our turn."""
        if self._cache is None:
            return self._request_token(self._basic_auth_header(), fail_fast)
        with self._cache.lock():
            stored = self._from_cache(self._cache)
            if stored and stored.token != refused and stored.fresh(self._clock()):
                return stored
            return self._request_token(self._basic_auth_header(), fail_fast)

    def _from_cache(self, cache: TokenCache) -> CachedToken | None:
        """What is stored; a warning, once, when somebody else has put something into its place."""
        stored = cache.load()
        if stored is not None:
            self.secrets.add(stored.token)
        if cache.problem and cache.problem not in self.warnings:
            self.warnings.append(cache.problem)
        return stored

    def _renew(self, current: CachedToken, fail_fast: bool) -> CachedToken:
        try:
            renewed = self._request_token(f"Bearer {current.token}", fail_fast=True)
        except DrpError as error:
            self.renewal_error = error
            return self._login(current.token, fail_fast) if isinstance(error, LoginRequired) else current
        self.renewal_error = None
        return renewed

    def _request_token(self, authorization: str, fail_fast: bool = False) -> CachedToken:
        path = f"{API_PATH}/users/{urllib.parse.quote(self.username, safe='')}/token"
        issued = self._clock()
        answer = self._transport.send(
            "GET",
            f"{self._transport.endpoint}{path}?ttl={TOKEN_LIFETIME}",
            {"Authorization": authorization, "Accept": "application/json"},
            fail_fast=fail_fast,
        )
        if answer.status >= 400:
            error = from_answer("GET", path, answer.status, answer.reason, answer.body)
            raise self._login_refused(error) if isinstance(error, LoginRequired) else error
        token, self.info = _read_token(answer, self._transport.endpoint)
        self.secrets.add(token)
        self._issued = token
        fetched = CachedToken(token, issued, issued + TOKEN_LIFETIME)
        if self._cache is not None:
            self._cache.store(fetched)
        return fetched

    def _login_refused(self, error: LoginRequired) -> LoginRequired:
        return LoginRequired(
            f"{self._transport.endpoint} refused the login of {self.username!r}: "
            "unknown user or wrong password",
            type="AUTH",
            code=error.code,
        )

    def _basic_auth_header(self) -> str:
        return basic_auth_header(self.username, self._password)


def basic_auth_header(username: str, password: str) -> str:
    """The Authorization header of a login."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode('ascii')}"


def check_token(token: str, name: str = "token") -> str:
    """``token`` without white space around it; UsageError, which shows nothing of it, for what is none.

    ``name`` is the option or the variable that it comes from.
    """
    token = token.strip()
    if not token:
        raise UsageError(f"{name}: is empty")
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            f"{name}: holds white space or other characters that no token has; "
            "was more copied than the token?"
        )
    return token


def _revoked_token_error(advice: str) -> TokenRevoked:
    return TokenRevoked(
        "the token was revoked, because the password or the secret that it depends on was changed. " + advice,
        type="AUTH",
        code=403,
    )


def _read_token(answer: Answer, endpoint: str) -> tuple[str, dict[str, t.Any] | None]:
    try:
        document = first_document(answer.body)
        token, info = document["Token"], document.get("Info")
        if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise ValueError("not a token")
        return token, info if isinstance(info, dict) else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableAnswer(
            f"{endpoint} answered the login with something that is not a token; is it the API port of a "
            "DRP server?",
            type="GET",
            code=answer.status,
        ) from error
