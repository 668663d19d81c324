# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Endpoint, credentials and TLS settings: explicit options first, then the environment.

The variables for endpoints, credentials and client certificates are drpcli's.  It has none for whom to
trust: those are ours.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
import typing as t

from . import limits
from .auth import CertificateSession, Session, TokenSession, UserSession, check_token
from .client import Client
from .errors import ConnectionFailed, DrpError, UsageError
from .http.endpoint import normalize_endpoint
from .http.environment import Environment
from .tls import Tls
from .token_cache import DEFAULT_DIRECTORY, TokenCache
from .transport import Retry, Timeouts, Transport

DEFAULT_ENDPOINT = "https://127.0.0.1:8092"
URL_PROXY_VARIABLE = "RS_URL_PROXY"
_PATH_PART = re.compile(r"[A-Za-z0-9._~:-]+")
_SKIPS_WARNING = (
    "RS_SKIP_VERIFY is set: the certificate of the server is not verified, so that anybody on the way can "
    "read the credentials. Set RS_CERT_FINGERPRINT or RS_CA_PATH instead"
)
_DEFAULT_TIMEOUT, _LONGEST_TIMEOUT = 300.0, 30 * 86400.0
_YES = ("true", "yes", "on", "1")
_NO = ("false", "no", "off", "0")


@dataclasses.dataclass(frozen=True)
class Settings:
    """All settings of a client.  Hashable, so clients can be kept by it."""

    endpoints: tuple[str, ...]
    username: str = ""
    password: str = dataclasses.field(default="", repr=False)
    token: str = dataclasses.field(default="", repr=False)
    trust: Tls = dataclasses.field(default_factory=Tls)
    timeout: float = 300.0
    token_cache: str = DEFAULT_DIRECTORY
    """Folder for tokens between tasks; "" keeps them in memory only."""
    environment: Environment = dataclasses.field(default_factory=Environment.of)
    max_answer: int = limits.ANSWER_BYTES
    """Bytes of one answer, after decompression, that are taken."""
    warnings: tuple[str, ...] = ()
    """What whoever set these should hear."""

    @property
    def secrets(self) -> set[str]:
        """Texts that must not appear in any output."""
        return {secret for secret in (self.password, self.token) if secret}


def resolve(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> Settings:
    """Settings from explicit options (None or missing means not given) and the environment.

    Credentials are taken from one source only: explicit ``token``, ``username`` with ``password``,
    or ``key``; only without any of them RS_TOKEN, then RS_KEY, then RS_USERNAME with RS_PASSWORD.  A client
    certificate alone, from ``client_cert`` or RS_CLIENT_CERT, is a credential when there is no other.  So is
    whom to trust: explicit ``ca_path`` and ``cert_fingerprint``; only without both RS_CA_PATH and
    RS_CERT_FINGERPRINT.  RS_URL_PROXY is appended to every endpoint.  An empty variable is not given.
    Raises UsageError naming the option or the variable that is wrong.
    """
    environ = os.environ if environ is None else environ
    trust, warnings = _trust(options, environ)
    username, password, token = _credentials(options, environ, alone=bool(trust.client_cert))
    cache = options.get("token_cache")
    return Settings(
        endpoints=_endpoints(options, environ),
        username=username,
        password=password,
        token=token,
        trust=trust,
        timeout=_timeout(options.get("request_timeout")),
        token_cache=environ.get("RS_TOKEN_CACHE", DEFAULT_DIRECTORY) if cache is None else cache,
        environment=Environment.of(environ),
        max_answer=_max_answer(environ.get(limits.SIZE_VARIABLE)),
        warnings=warnings,
    )


def connect(settings: Settings, retry: Retry | None = None) -> Client:
    """A client for the first endpoint that answers; with a single one nothing is asked beforehand."""
    if len(settings.endpoints) == 1:
        return _client(settings, settings.endpoints[0], retry)
    failures = []
    for endpoint in settings.endpoints:
        client = _client(settings, endpoint, retry)
        try:
            client.req().get().url_for("info").fail_fast().do()
            return client
        except ConnectionFailed as error:
            failures.append(error.messages[0])
            client.close()
    raise ConnectionFailed("None of the endpoints answers", *failures)


def _client(settings: Settings, endpoint: str, retry: Retry | None) -> Client:
    transport = Transport(
        endpoint,
        settings.trust,
        Timeouts(read=settings.timeout),
        retry,
        max_answer=settings.max_answer,
        environment=settings.environment,
    )
    session: Session
    if settings.token:
        session = TokenSession(settings.token)
    elif not settings.username:
        session = CertificateSession()
    else:
        cache = (
            TokenCache(settings.token_cache, endpoint, settings.username) if settings.token_cache else None
        )
        session = UserSession(transport, settings.username, settings.password, cache)
    session.warnings.extend(settings.warnings)
    return Client(transport, session)


def _endpoints(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> tuple[str, ...]:
    candidates = (
        options.get("endpoint"),
        environ.get("RS_ENDPOINT"),
        environ.get("RS_ENDPOINTS"),
        DEFAULT_ENDPOINT,
    )
    urls = next(urls for urls in (str(place or "").split() for place in candidates) if urls)
    below = (environ.get(URL_PROXY_VARIABLE) or "").strip().strip("/")
    if below and not all(_PATH_PART.fullmatch(part) and part.strip(".") for part in below.split("/")):
        raise UsageError(
            f"{URL_PROXY_VARIABLE}: must be the name of an endpoint that the manager at the endpoint's URL "
            "leads to, such as dc1, or a path of them"
        )
    return tuple(f"{normalize_endpoint(url)}{below and '/'}{below}" for url in urls)


def _credentials(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], alone: bool
) -> tuple[str, str, str]:
    """User name, password and token; all empty with a client certificate that stands ``alone``."""
    token, key = options.get("token"), options.get("key")
    username, password = options.get("username"), options.get("password")
    if token:
        return "", "", check_token(str(token), "token")
    if username or password:
        if not (username and password):
            raise UsageError("username and password: set both or neither")
        return str(username), str(password), ""
    if key:
        return (*_split_key(str(key), "key"), "")
    if environ.get("RS_TOKEN"):
        return "", "", check_token(environ["RS_TOKEN"], "RS_TOKEN")
    if environ.get("RS_KEY"):
        return (*_split_key(environ["RS_KEY"], "RS_KEY"), "")
    username, password = environ.get("RS_USERNAME", ""), environ.get("RS_PASSWORD", "")
    if username or password:
        if not (username and password):
            raise UsageError("RS_USERNAME and RS_PASSWORD: set both or neither")
        return username, password, ""
    if alone:
        return "", "", ""
    raise UsageError(
        "no credentials: set token, or username and password, or key (user:password), "
        "or the environment variable RS_TOKEN or RS_KEY"
    )


def _trust(options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> tuple[Tls, tuple[str, ...]]:
    """The TLS settings, and warnings about them."""
    names = ("ca_path", "cert_fingerprint")
    ca_path, fingerprint = (options.get(name) for name in names)
    explicit = bool(ca_path or fingerprint)
    if not explicit:
        ca_path, fingerprint = (environ.get(f"RS_{name.upper()}") for name in names)
    verify, warnings = options.get("validate_certs"), []
    if verify is None:  # no variable turns off what an explicit CA is there for
        verify, skips = (True, False) if explicit else _verified_by_environment(environ)
        warnings = [_SKIPS_WARNING] if skips and not fingerprint else []
    files, own = _client_certificate(options, environ)
    try:
        return Tls.create(verify, ca_path, fingerprint, *files), tuple(warnings)
    except UsageError as error:
        name, _colon, problem = str(error.messages[0]).partition(": ")
        if own if name.startswith("client_") else explicit:
            raise
        raise UsageError(f"RS_{name.upper()}: {problem}") from None


def _verified_by_environment(environ: t.Mapping[str, str]) -> tuple[bool, bool]:
    """Whether certificates are verified, and whether it is RS_SKIP_VERIFY that says no."""
    if (environ.get("RS_VALIDATE_CERTS") or "").strip():
        return _parse_bool(environ.get("RS_VALIDATE_CERTS"), "RS_VALIDATE_CERTS"), False
    skips = _parse_bool(environ.get("RS_SKIP_VERIFY") or "false", "RS_SKIP_VERIFY")
    return not skips, skips


def _client_certificate(
    options: t.Mapping[str, t.Any], environ: t.Mapping[str, str]
) -> tuple[tuple[t.Any, t.Any], bool]:
    """Certificate and key, both from one source, and whether that is the options."""
    names = ("client_cert", "client_key")
    own = any(options.get(name) for name in names)
    found = [options.get(name) if own else environ.get(f"RS_{name.upper()}") for name in names]
    return (found[0], found[1]), own


def _timeout(seconds: t.Any) -> float:
    """Seconds to wait for an answer; no clock takes much more than a month."""
    told = float(seconds or _DEFAULT_TIMEOUT)
    if math.isnan(told) or told <= 0:
        raise UsageError("request_timeout: must be a number of seconds, more than 0")
    return min(told, _LONGEST_TIMEOUT)


def _max_answer(text: str | None) -> int:
    """Bytes, from a number of megabytes."""
    told = (text or "").strip()
    if not told:
        return limits.ANSWER_BYTES
    if not (told.isascii() and told.isdigit() and int(told[:9]) > 0 and len(told) < 9):
        raise UsageError(f"{limits.SIZE_VARIABLE}: must be a whole number of megabytes, such as 1024")
    return int(told) << 20


def _parse_bool(text: str | None, name: str) -> bool:
    """What a variable says, True when it says nothing."""
    word = (text or "").strip().lower()
    if word and word not in _YES + _NO:
        raise UsageError(f"{name}: must be true or false")
    return word not in _NO


def _split_key(key: str, name: str) -> tuple[str, str]:
    username, _colon, password = key.partition(":")
    if not username or not password:
        raise UsageError(f"{name}: must be user:password, with neither part empty")
    return username, password


__all__ = ["DEFAULT_ENDPOINT", "DrpError", "Settings", "connect", "resolve"]
