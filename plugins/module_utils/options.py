# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The connection options, defined once; documented by the fragment ``digitalrebar.provision.connection``.

None of them falls back to an environment variable here: :mod:`.client.settings` looks there, so that
credentials are taken from one source only.  For the same reason ``validate_certs`` has no default here: what
nobody has set must not look like a choice.
"""

from __future__ import annotations

import typing as t

CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "endpoint": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "key": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "cert_fingerprint": {"type": "str"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "token_cache": {"type": "path", "no_log": False},
    "request_timeout": {"type": "float", "default": 300},
    "run_in": {"type": "str", "choices": ["controller", "target"], "default": "controller"},
}


def connection_options(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Just the connection options of ``params``, ready for :func:`.client.settings.resolve`."""
    return {name: params[name] for name in CONNECTION_SPEC if name in params}
