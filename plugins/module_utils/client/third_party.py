# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The packages that the client needs beside the standard library, imported in one place.

A missing one must not break the import of a module's documentation or argument spec, so the
imports are guarded here and :func:`require_packages` tells the user what to install when it is first used.
"""

from __future__ import annotations

import sys

from .errors import UsageError

MISSING: dict[str, str] = {}

try:
    import requests
    import requests.adapters
except ImportError as error:
    requests = None  # type: ignore[assignment]
    MISSING["requests"] = str(error)

try:
    import urllib3
    import urllib3.exceptions
except ImportError as error:
    urllib3 = None  # type: ignore[assignment]
    MISSING["urllib3"] = str(error)

try:
    import jsonpatch
except ImportError as error:
    jsonpatch = None  # type: ignore[assignment]
    MISSING["jsonpatch"] = str(error)

try:
    import nacl
    import nacl.public
except ImportError as error:
    nacl = None  # type: ignore[assignment]
    MISSING["PyNaCl"] = str(error)

try:
    import yaml
except ImportError as error:
    yaml = None  # type: ignore[assignment]
    MISSING["PyYAML"] = str(error)

try:
    import websocket
except ImportError as error:
    websocket = None  # type: ignore[assignment]
    MISSING["websocket-client"] = str(error)


def require_packages(*packages: str, purpose: str = "") -> None:
    """Raise a UsageError that names what to install when one of ``packages`` is not importable.

    ``purpose`` says what for, where most users do without the package.
    """
    missing = [name for name in packages if name in MISSING]
    if missing:
        raise UsageError(
            f"the Python package{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"must be installed for {sys.executable} (pip install {' '.join(missing)})"
            + (f" {purpose}" if purpose else "")
        )


__all__ = ["MISSING", "jsonpatch", "nacl", "requests", "require_packages", "urllib3", "websocket", "yaml"]
