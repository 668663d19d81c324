# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Whose certificates to trust when nothing is configured: those that the machine trusts.

An operator's own authority is in the system's bundle.  What certifi brings is the last resort: inside a
zipapp it is no file, and a copy in a folder for temporary files would be tidied away under a running agent.
"""

from __future__ import annotations

import os
import ssl

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_bundle() -> str:
    """The file with the authorities of the system; "" when there is none."""
    default_bundle = ssl.get_default_verify_paths().cafile or ""
    return next((path for path in (default_bundle, *_BUNDLES) if path and os.path.isfile(path)), "")


def bundle(state_dir: str) -> str:
    """The system's bundle, or certifi's as a file in ``state_dir``; "" when there is neither."""
    found = system_bundle()
    if found:
        return found
    import pkgutil  # on a machine without certificates only

    try:
        content = pkgutil.get_data("certifi", "cacert.pem")
    except (ImportError, OSError):
        content = None
    if not content:
        return ""
    path = os.path.join(state_dir, "cacert.pem")
    os.makedirs(state_dir, mode=0o700, exist_ok=True)
    with open(f"{path}.new", "wb") as file:
        file.write(content)
    os.rename(f"{path}.new", path)
    return path
