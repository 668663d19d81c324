# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Small modules in place of large ones that are imported and that an agent does not use, or hardly ever.

An agent that waits for work for months should not hold tables of character sets in memory meanwhile.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import typing as t

from . import trust

_FUNCTIONS = {
    # jobs' scripts and proxies go another way; requests imports functions, http.cookiejar uses nothing of it
    "urllib.request": (
        *("getproxies", "getproxies_environment", "parse_http_list"),
        *("proxy_bypass", "proxy_bypass_environment"),
    ),
    # urllib3 asks for the version of h2 when it is told to speak HTTP/2
    "importlib.metadata": ("version",),
    # websockets with threads and callbacks; the client opens its own (client/events/channel.py)
    "websocket._app": ("WebSocketApp", "setReconnect", "set_reconnect"),
    # for host names beyond ASCII
    "idna": (),
    "stringprep": (),
    # for certificates inside of an archive
    "zipfile": (),
    # for archives, which shutil could make
    "bz2": (),
    "lzma": (),
    # for the frames that websocket-client logs
    "inspect": (),
    # for errors that are logged
    "traceback": (),
}
"""What is loaded when it is first used -> what of it others import by name, to be called later."""


def install() -> None:
    """To be called before requests and dataclasses are imported."""
    _charset_normalizer()
    _certifi()
    _inspect()
    for name, functions in _FUNCTIONS.items():
        if name not in sys.modules:
            _later(name, functions)


def _charset_normalizer() -> None:
    """Guesses how texts are encoded; the client reads bytes, and knows what they are."""
    module = types.ModuleType("charset_normalizer")
    vars(module).update(__version__="3.0.0", detect=lambda _data: {"encoding": None})
    sys.modules["charset_normalizer"] = module
    sys.modules["chardet"] = None  # type: ignore[assignment]  # what requests would prefer


def _certifi() -> None:
    """Would be unpacked into a temporary file for its authorities; those of the system are used."""
    spec = importlib.util.find_spec("certifi")
    if spec is not None:
        module = importlib.util.module_from_spec(spec)  # not executed
        vars(module).update(where=trust.system_bundle)
        sys.modules["certifi"] = module


def _inspect() -> None:
    """Writes the signatures of dataclasses into their documentation, which Python -OO has removed."""
    if "inspect" in sys.modules or "dataclasses" in sys.modules:
        return
    stand_in = _later("inspect")
    vars(stand_in).update(signature=lambda _class, **_options: "")
    importlib.import_module("dataclasses")
    if sys.modules.get("inspect") is stand_in:
        del sys.modules["inspect"]  # it is for dataclasses alone


def _later(name: str, functions: t.Sequence[str] = ()) -> types.ModuleType:
    """A module that is loaded when something of it is first used; ``functions`` only when they are called."""
    module = types.ModuleType(name)

    def attribute(wanted: str) -> t.Any:
        if wanted in functions:
            return lambda *args, **options: getattr(load(), wanted)(*args, **options)
        if wanted == "__path__" and name != "idna":
            raise AttributeError(wanted)
        return getattr(load(), wanted)

    def load() -> types.ModuleType:
        if sys.modules.get(name) is module:
            sys.modules.pop(name, None)
        return importlib.import_module(name)

    vars(module).update(__getattr__=attribute)
    sys.modules[name] = module
    parent, _dot, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module
