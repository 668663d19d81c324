# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before a server: a manager that has it below a path, and one that knows clients by certificate.

Everything goes on to the simulator: the API, the websocket, and below a path also the static files.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulator import certs
from simulator.launch import Simulator
from simulator.testing import Api

_STATIC = ("files", "isos", "machines")
_HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "content-encoding"}


class ClientAuthority:
    """Issues certificates to clients; ``path`` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = self._folder / "clients-ca.pem"
        self._certificate = self._issue("authority of clients", self._key.public_key())
        self.path.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, user: str) -> tuple[Path, Path]:
        """The files with a certificate for ``user`` and with its private key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(user, key.public_key())
        files = self._folder / f"{user}.crt", self._folder / f"{user}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return files

    def _issue(self, name: str, public: ec.EllipticCurvePublicKey) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = not self.path.exists()
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own else self._certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )


class FrontProxy:
    """Listens with a certificate of its own, ``ca``; ``seen`` holds method and path of each request.

    ``prefix`` is the path below which the server is.  With ``clients`` only clients with a
    certificate of that authority get in; a request without credentials then has those of the simulator's
    user.
    ``secure_files`` has the server tell of a static port with TLS, which is this one.
    """

    def __init__(
        self,
        simulator: Simulator,
        prefix: str = "",
        clients: ClientAuthority | None = None,
        secure_files: bool = False,
    ) -> None:
        self.seen: list[str] = []
        self.port = 0
        self._simulator = simulator
        self._prefix = prefix
        self._clients = clients
        self._token = Api(simulator).authorization if clients else ""
        self._secure_files = secure_files
        self._loop = asyncio.new_event_loop()
        self._trusted = ssl.create_default_context(cafile=simulator.ca)
        self._folder = tempfile.TemporaryDirectory()
        self._certificate = certs.make(Path(self._folder.name))
        self.ca = str(self._certificate.cert)

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}{self._prefix}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[FrontProxy]:
        ready, stop = threading.Event(), asyncio.Event()
        thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(self._serve(ready, stop)), daemon=True
        )
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(stop.set)
            thread.join()
            self._loop.close()
            self._folder.cleanup()

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        context = self._certificate.context()
        if self._clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self._clients.path)
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self.port = runner.addresses[0][1]
        async with aiohttp.ClientSession(auto_decompress=False) as self._http:
            ready.set()
            await stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path}")
        path = request.raw_path
        if not path.startswith(f"{self._prefix}/"):
            return web.Response(status=404, text="no such endpoint")
        path = path.removeprefix(self._prefix)
        if path.split("/")[1] in _STATIC:
            return await self._forward(request, f"{self._simulator.static}{path}")
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._join(request, f"{self._simulator.endpoint}{path}")
        return await self._forward(request, f"{self._simulator.endpoint}{path}")

    def _headers(self, request: web.Request) -> dict[str, str]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        if self._token:
            headers.setdefault("Authorization", self._token)
        return headers

    async def _forward(self, request: web.Request, url: str) -> web.Response:
        async with self._http.request(
            request.method,
            url,
            headers=self._headers(request) | {"Accept-Encoding": "identity"},
            data=await request.read(),
            ssl=self._trusted,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            headers = {
                name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP
            }
            if self._secure_files and url.endswith("/api/v3/info"):
                body = body.replace(b'"file_port"', b'"secure_file_port":%d,"file_port"' % self.port)
            return web.Response(status=answer.status, headers=headers, body=body)

    async def _join(self, request: web.Request, url: str) -> web.WebSocketResponse:
        headers = {"Authorization": self._headers(request)["Authorization"]}
        async with self._http.ws_connect(url, headers=headers, ssl=self._trusted) as inner:
            outer = web.WebSocketResponse()
            await outer.prepare(request)

            async def copy(source: Any, sink: Any) -> None:
                async for message in source:
                    await sink.send_str(message.data)

            copying = [asyncio.ensure_future(copy(outer, inner)), asyncio.ensure_future(copy(inner, outer))]
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
            for task in copying:
                task.cancel()
            return outer
