# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Small modules in place of large ones that are imported, and that this agent uses hardly ever or never.

An agent that waits for work for months should not hold tables of character sets in memory meanwhile.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import typing as t

from . import trust

_LOADED_LATER: dict[str, tuple[str, ...]] = {
    # for packed archives, which shutil makes when asked to
    "bz2": (),
    "lzma": (),
    # for certificates inside of an archive; ours are files
    "zipfile": (),
    # for host names beyond ASCII
    "idna": (),
    "stringprep": (),
    # for what websocket-client tells of its own threads; dataclasses have had their share, see below
    "inspect": (),
    # for errors that nobody expects
    "traceback": (),
    # for proxies and passwords of the environment: requests imports these five, and is told to use none
    "urllib.request": (
        *("getproxies", "getproxies_environment", "parse_http_list"),
        *("proxy_bypass", "proxy_bypass_environment"),
    ),
    # for HTTP/2, which urllib3 speaks when it is told to
    "importlib.metadata": ("version",),
    # for websockets in threads of their own; the client has its own loop
    "websocket._app": ("WebSocketApp", "setReconnect", "set_reconnect"),
}
"""What is loaded when it is first used -> the names that others import at once, and would call later."""


def install() -> None:
    """To be called before requests and dataclasses are imported."""
    _guessers()
    _certifi()
    _inspect()
    importlib.import_module("urllib")  # all of it but what is in it
    for name, functions in _LOADED_LATER.items():
        if name not in sys.modules:
            later(name, functions)


def later(name: str, functions: t.Collection[str] = ()) -> types.ModuleType:
    """A module that gives way to the real one when it is first asked for anything.

    ``functions`` may be imported from it by name: only a call of one of them loads the real one.
    """
    module = types.ModuleType(name)

    def load() -> types.ModuleType:
        if sys.modules.get(name) is module:
            sys.modules.pop(name, None)
        return importlib.import_module(name)

    def attribute(wanted: str) -> t.Any:
        if wanted in functions:
            return _calling(lambda: getattr(load(), wanted))
        if functions and wanted == "__path__":  # what "from ... import" looks at first
            raise AttributeError(wanted)
        return getattr(load(), wanted)

    vars(module).update(__getattr__=attribute)
    sys.modules[name] = module
    package, _dot, last = name.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], last, module)
    return module


def _calling(find: t.Callable[[], t.Any]) -> t.Callable[..., t.Any]:
    """A function that looks for the one to call when it is called."""

    def call(*arguments: t.Any, **options: t.Any) -> t.Any:
        return find()(*arguments, **options)

    return call


def _guessers() -> None:
    """They guess how texts are encoded; the client reads bytes, and knows what they are."""
    for name, version in (("chardet", "4.0.0"), ("charset_normalizer", "3.0.0")):
        module = types.ModuleType(name)
        vars(module).update(__version__=version, detect=lambda _data: {"encoding": None})
        sys.modules[name] = module


def _certifi() -> None:
    """Would be unpacked into a temporary file for its authorities; those of the system are used."""
    spec = importlib.util.find_spec("certifi")
    if spec is not None:
        module = importlib.util.module_from_spec(spec)  # not executed
        vars(module).update(where=trust.system_bundle)
        sys.modules["certifi"] = module


def _inspect() -> None:
    """Writes signatures into the documentation of dataclasses, of which Python -OO keeps nothing else."""
    if "inspect" in sys.modules or "dataclasses" in sys.modules:
        return
    for_dataclasses = later("inspect")
    vars(for_dataclasses).update(signature=lambda _class, **_options: "")
    if sys.version_info < (3, 14):
        vars(for_dataclasses).update(get_annotations=_annotations)
    importlib.import_module("dataclasses")
    if sys.modules.get("inspect") is for_dataclasses:
        del sys.modules["inspect"]


def _annotations(made: type) -> dict[str, t.Any]:
    return dict(vars(made).get("__annotations__") or {})
