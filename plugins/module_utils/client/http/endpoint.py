# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The address of a server, as people copy it from elsewhere."""

from __future__ import annotations

import re
import urllib.parse

from ..errors import UsageError

_API = "/api/v3"
_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+(?:%[\w.-]+)?")
_CREDENTIALS = re.compile(r"(?s)(?<=://).*@|^(?!\w+://).*@")


def normalize_endpoint(endpoint: str) -> str:
    """``https://host:port[/prefix]`` without a trailing slash; UsageError if it is no HTTP(S) URL.

    The path of the API at its end, as other tools want it, is taken off.
    """
    try:
        parts = urllib.parse.urlsplit(endpoint.strip().rstrip("?"))
        usable = parts.scheme in ("https", "http") and bool(_HOST.fullmatch((parts.hostname or "").lower()))
        usable = usable and parts.port != 0 and not (parts.query or parts.fragment)
    except ValueError:
        usable = False
    shown = _CREDENTIALS.sub("********@", endpoint)
    if not usable:
        raise UsageError(f"endpoint: {shown!r} is not a URL such as https://drp.example.com:8092")
    if parts.username or parts.password:
        raise UsageError("endpoint: a user name or password does not belong in the URL")
    path = parts.path.rstrip("/")
    if path.lower().endswith(_API):
        path = path[: -len(_API)].rstrip("/")
    base = f"{parts.scheme}://{parts.netloc}"
    below = re.search(f"{_API}(?:/|$)", path, re.IGNORECASE)
    if below:
        raise UsageError(
            f"endpoint: {shown!r} is a URL of something on the server; use {base}{path[: below.start()]}"
        )
    return base + path
