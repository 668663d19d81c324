# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One set of TLS settings for HTTPS and for the websocket."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
import re
import socket
import ssl

from .errors import CertificateRejected, UsageError
from .http.environment import Environment

_FINGERPRINT_START = re.compile(r"(?i)^sha-?256(?:[ _]fingerprint)?\s*[:=]")
"""What stands before the digits: ``sha256:``, or the line that openssl prints, ``sha256 Fingerprint=``."""


@dataclasses.dataclass(frozen=True)
class Tls:
    """Verification by the system's CAs unless one of the three says otherwise.

    ``fingerprint`` pins the server's certificate by the SHA-256 of its DER form; the chain and the
    host name are then not looked at, unless ``ca_path`` asks for both.  It holds even with
    ``verify=False``.

    ``client_cert`` is a PEM file with the certificate, and the chain if there is one, that is presented to
    a server that asks for one; ``client_key`` its private key, which may be in the same file.
    """

    verify: bool = True
    ca_path: str | None = None
    fingerprint: str | None = None
    client_cert: str | None = None
    client_key: str | None = None

    @classmethod
    def create(
        cls,
        verify: bool = True,
        ca_path: str | None = None,
        fingerprint: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
    ) -> Tls:
        """Checked settings; UsageError for a file that cannot be used or a malformed fingerprint."""
        if ca_path:
            ca_path = os.path.expanduser(ca_path)
            if not os.access(ca_path, os.R_OK):
                raise UsageError(f"ca_path: {ca_path} cannot be read")
        if fingerprint:
            digits = re.sub(r"[:\s]", "", re.sub(_FINGERPRINT_START, "", fingerprint.strip())).lower()
            if not re.fullmatch("[0-9a-f]{64}", digits):
                raise UsageError(
                    "cert_fingerprint: must be the SHA-256 of the certificate, 64 hexadecimal digits "
                    "with or without colons"
                )
            fingerprint = digits
        client_cert, client_key = _client_files(client_cert, client_key)
        return cls(verify, ca_path or None, fingerprint or None, client_cert, client_key)

    @property
    def verifies_chain(self) -> bool:
        return self.verify and (self.ca_path is not None or self.fingerprint is None)

    @property
    def authenticates_server(self) -> bool:
        """False when the server is not authenticated."""
        return self.verifies_chain or self.fingerprint is not None

    def ca_bundle(self, environment: Environment) -> bool | str:
        """The ``verify`` argument of requests; the environment's bundle is used only without other settings.

        UsageError for an environment bundle that cannot be read.
        """
        if not self.verifies_chain:
            return False
        if self.ca_path:
            return self.ca_path
        name, path = environment.ca_bundle()
        if name and not os.access(path, os.R_OK):
            raise UsageError(f"{name}: {path} cannot be read")
        return path or True

    def context(self, environment: Environment) -> ssl.SSLContext:
        """The same settings for a socket of our own; call :meth:`check_fingerprint` after the handshake."""
        ca_bundle = self.ca_bundle(environment)
        if ca_bundle is True:
            context = ssl.create_default_context()
        else:  # without the authorities of the system, which take a megabyte
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if ca_bundle:
                where = {"capath": ca_bundle} if os.path.isdir(ca_bundle) else {"cafile": ca_bundle}
                context.load_verify_locations(**where)
            else:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        if self.client_cert:
            context.load_cert_chain(self.client_cert, self.client_key)
        return context

    def check_fingerprint(self, connection: ssl.SSLSocket) -> None:
        """Compare the peer's certificate with the pinned one; CertificateRejected if it is another."""
        if self.fingerprint is None:
            return
        seen = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(seen, self.fingerprint):
            raise CertificateRejected(f"the server's certificate has the fingerprint {seen}")


def _client_files(certificate: str | None, key: str | None) -> tuple[str | None, str | None]:
    """Both paths, once they are known to fit each other; UsageError says what is wrong with them."""
    if not certificate:
        if key:
            raise UsageError("client_key: requires client_cert")
        return None, None
    certificate, key = os.path.expanduser(certificate), os.path.expanduser(key) if key else None
    for name, path in (("client_cert", certificate), ("client_key", key)):
        if path and not (os.path.isfile(path) and os.access(path, os.R_OK)):
            raise UsageError(f"{name}: {path} cannot be read")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise UsageError(f"client_key: the key in {key or certificate} has a passphrase") from None
    except (OSError, ValueError) as error:
        files = f"{certificate} and {key}" if key else certificate
        raise UsageError(
            f"client_cert: {files} must hold a certificate and its private key, in PEM form ({error})"
        ) from None
    return certificate, key


class _Encrypted(Exception):
    """A key needs a passphrase."""


def _no_passphrase() -> str:
    raise _Encrypted


def peer_fingerprint(host: str, port: int, timeout: float = 5.0) -> str | None:
    """The SHA-256 of whatever certificate the server shows, unverified; None if it shows none."""
    context = Tls(verify=False).context(Environment())
    try:
        plain = socket.create_connection((host, port), timeout)
        with context.wrap_socket(plain, server_hostname=host) as connection:
            return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
    except (OSError, ValueError):
        return None
