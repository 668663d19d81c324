# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One keep-alive HTTPS session to one endpoint: trust, time-outs and retries."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import email.utils
import http.client
import socket
import time
import typing as t
import urllib.parse
import warnings

from . import limits, masking, tls
from .errors import CertificateRejected, ConnectionFailed, UnreadableAnswer, UsageError
from .http import body as bodies
from .http import connections, redirects
from .http.endpoint import normalize_endpoint
from .http.environment import Environment
from .pace import PIECE
from .third_party import requests, require_packages, urllib3

Body = t.Union[bytes, t.IO[bytes], None]

_RETRY_STATUSES = frozenset({429, 502, 503, 504})
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_MAX_RETRY_AFTER = 30.0
_BROKEN_OFF = (OSError, http.client.HTTPException, bodies.BrokenOff)


@dataclasses.dataclass(frozen=True)
class Retry:
    """How often a request without an answer is sent again.

    One try per delay, in seconds, each followed by its delay even when it was the last: a dead
    endpoint costs exactly 20 s and 6 tries, as with drpcli.
    """

    delays: tuple[float, ...] = (1, 1, 2, 3, 5, 8)
    sleep: t.Callable[[float], None] = time.sleep


FAIL_FAST = Retry(delays=(0,))


@dataclasses.dataclass
class Answer:
    """An HTTP answer.  ``body`` is whole unless the request asked for ``stream``."""

    status: int
    reason: str
    headers: t.Mapping[str, str]
    body: bytes
    attempts: int
    raw: t.Any = None
    max_answer: int = limits.ANSWER_BYTES
    """How many bytes its sender takes of one answer."""

    def chunks(self, size: int = PIECE, limit: int | None = None) -> t.Iterator[bytes]:
        """The body piece by piece, for a request made with ``stream``.

        ConnectionFailed when it breaks off, UnreadableAnswer for more than ``limit`` bytes.
        """
        with self._told():
            yield from bodies.pieces(self.raw, size, limit)

    def fill(self, next_buffer: t.Callable[[], memoryview]) -> t.Iterator[memoryview]:
        """The body of any length in buffers, as :func:`.body.fill`; errors are those of :meth:`chunks`."""
        with self._told():
            yield from bodies.fill(self.raw, next_buffer)

    @contextlib.contextmanager
    def _told(self) -> t.Iterator[None]:
        """What goes wrong with the body, as an error of the client."""
        try:
            yield
        except _BROKEN_OFF as error:
            raise ConnectionFailed(f"the response was cut off: {_root_cause(error)}") from error
        except (bodies.TooLarge, bodies.BadEncoding) as error:
            raise UnreadableAnswer(f"the response is not accepted: {error}", code=self.status) from error


@dataclasses.dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, and seconds without a byte from the server."""

    connect: float = 30.0
    read: float = 300.0


class Transport:
    """Sends requests to ``endpoint``; safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        trust: tls.Tls | None = None,
        timeouts: Timeouts | None = None,
        retry: Retry | None = None,
        max_answer: int = limits.ANSWER_BYTES,
        follow_redirects: bool = False,
        environment: Environment | None = None,
    ) -> None:
        """``max_answer`` is in bytes.  ``follow_redirects`` is for downloads from the web."""
        require_packages("requests")
        self.endpoint = normalize_endpoint(endpoint)
        self.trust = trust or tls.Tls()
        self.timeouts = timeouts or Timeouts()
        self.retry = retry or Retry()
        self.max_answer = max_answer
        self.closed = False
        self._follow_redirects = follow_redirects
        self.environment = environment or Environment.of()
        self._session = _session(self.endpoint, self.trust, self.environment)

    def close(self) -> None:
        """Close idle connections; later requests are refused.  May be called twice."""
        self.closed = True
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        body: Body = None,
        stream: bool = False,
        fail_fast: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """The answer, whatever its status is.  ``timeout`` replaces both time-outs for this request.

        A request that got no answer is sent again while its body can be rewound; a read that was
        answered 429, 502, 503 or 504 is sent again after ``Retry-After``.  Raises ConnectionFailed
        when the tries are used up, CertificateRejected at once, Redirected for an answer that sends us
        elsewhere, UnreadableAnswer for one that is larger than ``max_answer``.
        """
        if self.closed:
            raise UsageError("Connection Closed")
        rewind = _rewinder(body)
        timeouts = Timeouts(timeout, timeout) if timeout else self.timeouts
        delays = FAIL_FAST.delays if fail_fast or rewind is None else self.retry.delays
        answer: Answer | None = None
        failure: ConnectionFailed | None = None
        for attempt, delay in enumerate(delays, 1):
            if attempt > 1 and rewind is not None:
                rewind()
            try:
                answer = self._send_once(method, url, headers, body, stream, attempt, timeouts)
            except ConnectionFailed as error:
                answer, failure = None, error
                if isinstance(error, (CertificateRejected, _ReadTimedOut)):
                    raise
            if answer is not None:
                if (
                    method not in _SAFE_METHODS
                    or answer.status not in _RETRY_STATUSES
                    or attempt == len(delays)
                ):
                    return answer
                delay = _retry_after(answer.headers, delay)
            if delay:
                self.retry.sleep(delay)
        if answer is not None:
            return answer
        waited = sum(delays)
        tried = f" (tried {len(delays)} times in {waited:g} s)" if len(delays) > 1 else ""
        raise ConnectionFailed(
            (failure.messages[0] if failure else "") + tried, attempts=len(delays)
        ) from failure

    def _send_once(
        self,
        method: str,
        url: str,
        headers: t.Mapping[str, str],
        body: Body,
        stream: bool,
        attempt: int,
        timeouts: Timeouts,
    ) -> Answer:
        secrets = _credentials_in(headers)
        try:
            reply = self._exchange(method, url, headers, body, timeouts)
            content = b"" if stream and reply.status_code < 300 else self._body_of(method, url, reply)
        except requests.exceptions.ConnectTimeout as error:
            raise self.unreachable_error(f"no connection within {timeouts.connect:g} s") from error
        except (requests.exceptions.ReadTimeout, socket.timeout) as error:
            raise _ReadTimedOut(
                f"{self.endpoint} did not answer {method} {_path(url)} within {timeouts.read:g} s",
                attempts=attempt,
            ) from error
        except requests.exceptions.SSLError as error:
            raise self.tls_error(error) from error
        except requests.exceptions.InvalidURL as error:
            raise UsageError(f"endpoint: {self.endpoint} is not a valid URL") from error
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, *_BROKEN_OFF) as error:
            raise self.unreachable_error(masking.mask(_root_cause(error), secrets)) from error
        reason = masking.mask(reply.reason or "", secrets)
        if reply.status_code >= 400:  # some servers and proxies repeat what they were sent
            content = masking.mask_bytes(content, secrets)
        return Answer(reply.status_code, reason, reply.headers, content, attempt, reply, self.max_answer)

    def _exchange(
        self, method: str, url: str, headers: t.Mapping[str, str], body: Body, timeouts: Timeouts
    ) -> requests.Response:
        """The answer with its body unread; no redirect is left in it."""

        def send(to: str, with_headers: t.Mapping[str, str]) -> requests.Response:
            return self._session.send(
                self._prepared(method, to, with_headers, body),
                stream=True,
                allow_redirects=False,
                timeout=(timeouts.connect, timeouts.read),
            )

        if self._follow_redirects:
            return t.cast(requests.Response, redirects.follow(send, url, headers, self._session))
        reply = send(url, headers)
        redirects.refuse(reply, method, _path(url), _credentials_in(headers))
        return reply

    def _body_of(self, method: str, url: str, reply: requests.Response) -> bytes:
        if reply.status_code >= 400:
            return bodies.read_start(reply, limits.ERROR_BYTES)
        try:
            return bodies.read(reply, self.max_answer)
        except (bodies.TooLarge, bodies.BadEncoding) as error:
            raise UnreadableAnswer(
                f"the response to {method} {_path(url)} is not accepted: {error}. If the server really sends "
                f"so much, set {limits.SIZE_VARIABLE} to more megabytes",
                type=method,
                code=reply.status_code,
            ) from error

    def _prepared(
        self, method: str, url: str, headers: t.Mapping[str, str], body: Body
    ) -> requests.PreparedRequest:
        """A request with the session's headers, without the rest that a session mixes in: there is none."""
        request = requests.PreparedRequest()
        cookies = self._session.cookies if self._follow_redirects else None
        request.prepare(method, url, headers={**self._session.headers, **headers}, data=body, cookies=cookies)
        return request

    def unreachable_error(self, error: BaseException | str) -> ConnectionFailed:
        """The error for a failed connection."""
        why = masking.mask_url_credentials(error if isinstance(error, str) else _root_cause(error))
        return ConnectionFailed(f"Cannot reach {self.endpoint}: {why}")

    def tls_error(self, error: Exception) -> ConnectionFailed:
        """The error for a failed handshake: the server's certificate, and the option to set."""
        cause = _root_cause(error)
        text = str(error).lower()
        if not any(word in text for word in ("certificate", "fingerprint", "doesn't match", "not valid for")):
            return self.unreachable_error(f"TLS failed: {cause}")
        parts = urllib.parse.urlsplit(self.endpoint)
        seen = tls.peer_fingerprint(parts.hostname or "", parts.port or 443)
        if self.trust.fingerprint and "fingerprint" in text:
            return CertificateRejected(
                f"{self.endpoint} presents a certificate with the SHA-256 fingerprint {seen}, but "
                f"cert_fingerprint requires {self.trust.fingerprint}. Nothing was sent to it"
            )
        return CertificateRejected(
            f"The certificate of {self.endpoint} is not trusted: {cause}. Set ca_path to its CA, or pin "
            f"it with cert_fingerprint (this server presents {seen}; compare it with the server's own "
            "before you trust it)"
        )


class _ReadTimedOut(ConnectionFailed):
    """The server took the request and is silent: sending it again would only add to its work."""


def _session(endpoint: str, trust: tls.Tls, environment: Environment) -> requests.Session:
    session = connections.new_session()
    # netrc would replace our Authorization header, and a CA bundle our choice of trust.
    session.trust_env = False
    session.proxies.update(environment.proxies_for(endpoint))
    # before 2.27 it would ask the operating system
    session.rebuild_proxies = lambda _request, proxies: proxies  # type: ignore[method-assign]
    session.verify = trust.ca_bundle(environment)
    if trust.client_cert:
        session.cert = (trust.client_cert, trust.client_key) if trust.client_key else trust.client_cert
    session.headers.clear()
    session.headers.update({"Accept-Encoding": "gzip", "User-Agent": "ansible-digitalrebar-provision"})
    connections.mount(session, trust)
    if not trust.authenticates_server:
        host = urllib.parse.urlsplit(endpoint).hostname or ""
        warnings.filterwarnings("ignore", f".*{host}", category=urllib3.exceptions.InsecureRequestWarning)
    return session


def _rewinder(body: Body) -> t.Callable[[], object] | None:
    """A function that makes ``body`` ready to be sent again; None when that is impossible."""
    if body is None or isinstance(body, bytes):
        return lambda: None
    try:
        if body.seekable():
            start = body.tell()
            return lambda: body.seek(start)
    except (AttributeError, OSError, ValueError):
        pass
    return None


def _retry_after(headers: t.Mapping[str, str], default: float) -> float:
    """Seconds to wait, from a number or a date; never negative, never for minutes."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), _MAX_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return default
    return min(max(moment - time.time(), 0.0), _MAX_RETRY_AFTER)


def _root_cause(error: BaseException) -> str:
    """The innermost reason that a person can use, without the layers of wrapping around it."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if inner is None or inner is seen:
            break
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return str(getattr(seen, "verify_message", "") or seen.strerror)
    return str(seen).strip() or type(seen).__name__


def _credentials_in(headers: t.Mapping[str, str]) -> set[str]:
    """What must not come back out of an answer: the token, or the password of a login."""
    word, _space, credential = headers.get("Authorization", "").partition(" ")
    if word != "Basic":
        return {credential} - {""}
    with contextlib.suppress(ValueError):
        password = base64.b64decode(credential).decode("utf-8", "replace").partition(":")[2]
        return {credential, password} - {""}
    return {credential}


def _path(url: str) -> str:
    return urllib.parse.urlsplit(url).path
