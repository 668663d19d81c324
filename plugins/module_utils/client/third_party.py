# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The packages that the client needs beside the standard library, named in one place.

Each is imported when it is first asked for, by ``from .third_party import yaml`` or ``third_party.yaml``:
most tasks need few of them.  A missing one must not break the import of a module's documentation or argument
spec: it is None then, and :func:`require_packages` tells the user what to install.
"""

from __future__ import annotations

import importlib
import sys
import typing as t

from .errors import UsageError

if t.TYPE_CHECKING:
    import jsonpatch
    import nacl
    import nacl.public
    import requests
    import requests.adapters
    import urllib3
    import urllib3.exceptions
    import websocket
    import yaml

MISSING: dict[str, str] = {}
"""What pip calls a package that was asked for and is not importable -> why."""
_MODULES = {
    "requests": ("requests", "requests.adapters"),
    "urllib3": ("urllib3", "urllib3.exceptions"),
    "jsonpatch": ("jsonpatch",),
    "PyNaCl": ("nacl", "nacl.public"),
    "PyYAML": ("yaml",),
    "websocket-client": ("websocket",),
}
"""What pip calls it -> the package, and those of its modules that must be loaded for the client."""
_PACKAGES = {modules[0]: name for name, modules in _MODULES.items()}


def __getattr__(name: str) -> t.Any:
    """A package by the name by which Python imports it; None when it cannot."""
    if name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    loaded = None
    try:
        for module in _MODULES[_PACKAGES[name]]:
            importlib.import_module(module)
        loaded = sys.modules[name]
    except ImportError as error:
        MISSING[_PACKAGES[name]] = str(error)
    globals()[name] = loaded
    return loaded


def require_packages(*packages: str, purpose: str = "") -> None:
    """Raise a UsageError that names what to install when one of ``packages`` is not importable.

    ``purpose`` says what for, where most users do without the package.
    """
    for name in packages:
        getattr(sys.modules[__name__], _MODULES[name][0])
    missing = [name for name in packages if name in MISSING]
    if missing:
        raise UsageError(
            f"the Python package{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"must be installed for {sys.executable} (pip install {' '.join(missing)})"
            + (f" {purpose}" if purpose else "")
        )


__all__ = ["MISSING", "jsonpatch", "nacl", "requests", "require_packages", "urllib3", "websocket", "yaml"]
