# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One connected websocket: the trust, the proxy and the credentials of the session it belongs to.

The socket is ours and not the library's, so that a pinned certificate is compared before the token is
sent.  A channel is used by one thread only.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import typing as t
import urllib.parse

from ..auth import API_PATH
from ..errors import ConnectionFailed, LoginRequired, UsageError, from_answer
from ..protocols import Connector
from ..third_party import requests, require_packages, websocket

_CLOSE_NORMAL = 1000
_SOCKET_OPTIONS = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))


class Channel:
    """A websocket to ``/api/v3/ws``; make one with :func:`open_channel`."""

    def __init__(self, connection: t.Any, plain: socket.socket) -> None:
        self._websocket = connection
        self._socket = plain

    def fileno(self) -> int:
        return self._socket.fileno()

    def ready(self) -> bool:
        """Whether TLS has taken more from the network than was read so far."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

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
        with _connection_errors():
            opcode, data = self._websocket.recv_data(control_frame=True)
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
    refused is replaced once.  Raises ConnectionFailed, CertificateRejected, LoginRequired, or what the
    server answered instead of a handshake.
    """
    require_packages("websocket-client", "requests")
    for again in (False, True):
        token = client.session.token(fail_fast=True)
        try:
            return _handshake(client, token, timeout)
        except LoginRequired as error:
            if again or not client.session.replace_token(token, fail_fast=True):
                raise client.session.explain(error) from error
    raise AssertionError("unreachable")


def _handshake(client: Connector, token: str, timeout: float) -> Channel:
    url = urllib.parse.urlsplit(f"{client.endpoint}{API_PATH}/ws")
    address = url._replace(scheme="wss" if url.scheme == "https" else "ws").geturl()
    connection: t.Any = websocket.WebSocket(skip_utf8_validation=True)
    plain = _connect(client, url, timeout)
    try:
        connection.connect(
            address,
            socket=plain,
            header=[f"Authorization: Bearer {token}"],
            suppress_origin=True,
            redirect_limit=0,
            timeout=timeout,
        )
    except websocket.WebSocketBadStatusException as error:
        plain.close()
        raise _handshake_error(error) from error
    except (websocket.WebSocketException, OSError) as error:
        plain.close()
        raise client.transport.unreachable_error(f"cannot open the event stream: {error}") from error
    return Channel(connection, plain)


def _handshake_error(error: websocket.WebSocketBadStatusException) -> Exception:
    if error.status_code in (401, 403):
        return LoginRequired(type="AUTH", code=error.status_code)
    body = getattr(error, "resp_body", None) or b""
    return from_answer("GET", f"{API_PATH}/ws", error.status_code, "", body)


def _connect(client: Connector, url: urllib.parse.SplitResult, timeout: float) -> socket.socket:
    """A connected socket, with TLS and the certificate checked where the endpoint speaks TLS."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    try:
        plain = _through_proxy(client, host, port, timeout) or socket.create_connection((host, port), timeout)
    except (OSError, http.client.HTTPException) as error:
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
        raise UsageError(
            f"the proxy {proxy.hostname or proxy_url} cannot carry events: it is not an HTTP proxy"
        )
    kind = http.client.HTTPSConnection if proxy.scheme == "https" else http.client.HTTPConnection
    connection = kind(proxy.hostname, proxy.port, timeout=timeout)
    user, password = requests.utils.get_auth_from_url(proxy_url)
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    connection.set_tunnel(host, port, {"Proxy-Authorization": f"Basic {pair}"} if user else None)
    connection.connect()
    return connection.sock


@contextlib.contextmanager
def _connection_errors() -> t.Iterator[None]:
    try:
        yield
    except websocket.WebSocketTimeoutException as error:
        raise ConnectionFailed("the event stream stopped in the middle of a frame") from error
    except (websocket.WebSocketException, OSError, AttributeError, ValueError) as error:
        # AttributeError: the library has dropped its socket already
        raise ConnectionFailed(f"the event stream was interrupted: {error}") from error
