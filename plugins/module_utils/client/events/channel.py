# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One connected websocket: the trust, the proxy and the credentials of the session it belongs to.

The socket is ours and not the library's, so that a pinned certificate is compared before the token is
sent.  A channel is used by one thread only.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import http.client
import itertools
import selectors
import socket
import ssl
import time
import typing as t
import urllib.parse

from .. import limits
from ..auth import API_PATH, replace_refused
from ..errors import (
    REVOKED_TOKEN_MESSAGE,
    ConnectionFailed,
    LoginRequired,
    Redirected,
    TokenRevoked,
    UsageError,
    from_answer,
)
from ..masking import mask, mask_bytes, mask_url_credentials
from ..protocols import Connector
from ..third_party import requests, require_packages, websocket

_CLOSE_NORMAL = 1000
_HANDSHAKE_BYTES = 1 << 16
_NO_HANDSHAKE = (ValueError, LookupError, AttributeError)
"""What the library ends in when the other side does not speak HTTP."""
_SOCKET_OPTIONS = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))


class BoundedSocket:
    """A socket for the library, which takes whatever comes: no message may be endless, nor drip for ever."""

    def __init__(self, plain: socket.socket) -> None:
        self.plain = plain
        self._left = 0
        self._received = 0
        self._began = 0.0

    def begin(self, max_bytes: int | None = None) -> None:
        """Begin with the next piece of a message, or with a new one of at most so many bytes."""
        self._left = self._left if max_bytes is None else max_bytes
        self._received, self._began = 0, time.monotonic()

    def recv(self, size: int) -> bytes:
        piece = self.plain.recv(min(size, self._left + 1))
        self._left -= len(piece)
        self._received += len(piece)
        if self._left < 0:
            raise OSError(errno.EMSGSIZE, "a message is larger than any that is accepted")
        allowed = (self.plain.gettimeout() or 0.0) + self._received / limits.SLOWEST
        if time.monotonic() - self._began > allowed:
            raise socket.timeout("it comes too slowly")
        return piece

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self.plain, name)


class Channel:
    """A websocket to ``/api/v3/ws``; make one with :func:`open_channel`."""

    def __init__(self, connection: t.Any, bounded: BoundedSocket) -> None:
        self._websocket = connection
        self._bounded = bounded
        self._socket = bounded.plain
        bounded.begin(limits.EVENT_BYTES)

    def fileno(self) -> int:
        return self._socket.fileno()

    def ready(self) -> bool:
        """Whether TLS has taken more from the network than was read so far."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def wait_readable(self, seconds: float) -> bool:
        """Whether something comes within so many seconds."""
        if self.ready():
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def send(self, text: str) -> None:
        """Send one text frame.  ConnectionFailed when the other side is gone."""
        with _connection_errors():
            self._websocket.send(text)

    def ping(self) -> None:
        with _connection_errors():
            self._websocket.ping()

    def receive(self) -> bytes | None:
        """The next text frame; None for a ping or a pong, both of which prove that the connection is alive.

        A ping is answered.  ConnectionFailed when the connection ended or went silent within a frame.
        """
        self._bounded.begin()
        with _connection_errors():
            opcode, data = self._websocket.recv_data(control_frame=True)
        if opcode not in (websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG):
            self._bounded.begin(limits.EVENT_BYTES)  # a ping may come in the middle of a message
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ConnectionFailed("the server closed the event stream")
        return t.cast(bytes, data) if opcode == websocket.ABNF.OPCODE_TEXT else None

    def close(self) -> None:
        """Close the websocket and the socket; never fails."""
        with contextlib.suppress(Exception):
            self._websocket.send_close(_CLOSE_NORMAL)
        with contextlib.suppress(Exception):
            self._websocket.shutdown()


def open_channel(client: Connector, timeout: float) -> Channel:
    """A websocket in the name of the client's session; ``timeout`` seconds for each step and each frame.

    Credentials are checked by the server only now: the channel outlives its token.  A token that is
    refused is replaced (`replace_refused`).  Raises ConnectionFailed, CertificateRejected, LoginRequired,
    TokenRevoked, or what the server answered instead of a handshake.
    """
    require_packages("websocket-client", "requests")
    for number in itertools.count(1):
        token = client.session.token(fail_fast=True)
        try:
            return _handshake(client, token, timeout)
        except (LoginRequired, TokenRevoked) as error:
            if replace_refused(client.session, token, number, fail_fast=True):
                continue
            if isinstance(error, TokenRevoked):
                raise client.session.on_token_revoked() from error
            raise client.session.explain(error) from error
    raise AssertionError("unreachable")


def _handshake(client: Connector, token: str, timeout: float) -> Channel:
    url = urllib.parse.urlsplit(f"{client.endpoint}{API_PATH}/ws")
    address = url._replace(scheme="wss" if url.scheme == "https" else "ws").geturl()
    connection: t.Any = websocket.WebSocket(skip_utf8_validation=True)
    bounded = BoundedSocket(_connect(client, url, timeout))
    bounded.begin(_HANDSHAKE_BYTES)
    try:
        connection.connect(
            address,
            socket=bounded,
            header=[f"Authorization: Bearer {token}"] if token else [],
            suppress_origin=True,
            redirect_limit=0,
            timeout=timeout,
        )
        _refuse_redirect(connection.handshake_response, token)
    except websocket.WebSocketBadStatusException as error:
        bounded.close()
        raise _handshake_error(error, token) from error
    except (websocket.WebSocketException, OSError, *_NO_HANDSHAKE) as error:
        bounded.close()
        _refuse_redirect(connection.handshake_response, token)
        why = mask(f"cannot open the event stream: {error}", {token})
        raise client.transport.unreachable_error(why) from error
    except BaseException:
        bounded.close()
        raise
    return Channel(connection, bounded)


def _refuse_redirect(response: t.Any, token: str) -> None:
    """Redirected for an answer that sends us elsewhere, which some versions take for a handshake as well."""
    if response is None or not 300 <= response.status < 400:
        return
    target = str(response.headers.get("location") or "nowhere").partition("?")[0]
    raise Redirected(
        f"the event stream was answered {response.status}, a redirect to "
        f"{mask(mask_url_credentials(target), {token})[:300]}; it is not followed. endpoint must be the "
        "address of the server itself",
        type="GET",
        code=response.status,
    )


def _handshake_error(error: websocket.WebSocketBadStatusException, token: str) -> Exception:
    body = mask_bytes(getattr(error, "resp_body", None) or b"", {token})
    if error.status_code == 403 and REVOKED_TOKEN_MESSAGE.encode() in body:
        return TokenRevoked(type="AUTH", code=error.status_code)
    if error.status_code in (401, 403):
        return LoginRequired(type="AUTH", code=error.status_code)
    return from_answer("GET", f"{API_PATH}/ws", error.status_code, "", body)


def _connect(client: Connector, url: urllib.parse.SplitResult, timeout: float) -> socket.socket:
    """A connected socket, with TLS and the certificate checked where the endpoint speaks TLS."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    try:
        plain = _through_proxy(client, host, port, timeout) or socket.create_connection((host, port), timeout)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise client.transport.unreachable_error(error) from error
    for option in _SOCKET_OPTIONS:
        plain.setsockopt(*option)
    if url.scheme != "https":
        return plain
    trust = client.transport.trust
    try:
        secured = trust.context(client.transport.environment).wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError) as error:
        plain.close()
        raise client.transport.tls_error(error) from error
    try:
        trust.check_fingerprint(secured)
    except ConnectionFailed as error:
        secured.close()
        raise client.transport.tls_error(error) from error
    return secured


def _through_proxy(client: Connector, host: str, port: int, timeout: float) -> socket.socket | None:
    """A socket through the proxy that the environment names for the endpoint, if it names one."""
    proxies = client.transport.environment.proxies_for(client.endpoint)
    proxy_url = requests.utils.select_proxy(client.endpoint, proxies)
    if not proxy_url:
        return None
    proxy = urllib.parse.urlsplit(proxy_url if "://" in proxy_url else f"http://{proxy_url}")
    if proxy.scheme not in ("http", "https") or not proxy.hostname:
        shown = proxy.hostname or mask_url_credentials(proxy_url)
        raise UsageError(f"the proxy {shown} cannot carry events: it is not an HTTP proxy")
    kind = http.client.HTTPSConnection if proxy.scheme == "https" else http.client.HTTPConnection
    connection = kind(proxy.hostname, proxy.port, timeout=timeout)
    user, password = requests.utils.get_auth_from_url(proxy_url)
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    connection.set_tunnel(host, port, {"Proxy-Authorization": f"Basic {pair}"} if user else None)
    if ":" in host:
        # older Pythons name an IPv6 address to the proxy without the brackets that it needs before a port
        connection._tunnel_host = f"[{host}]"  # type: ignore[attr-defined]
    connection.connect()
    return connection.sock


@contextlib.contextmanager
def _connection_errors() -> t.Iterator[None]:
    try:
        yield
    except websocket.WebSocketTimeoutException as error:
        raise ConnectionFailed("the event stream stopped in the middle of a frame") from error
    except (websocket.WebSocketException, OSError, *_NO_HANDSHAKE) as error:
        # AttributeError: the library has dropped its socket already
        raise ConnectionFailed(f"the event stream was interrupted: {error}") from error
