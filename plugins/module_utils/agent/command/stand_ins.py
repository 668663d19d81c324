# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Small modules in place of large ones that requests imports and this agent does not use.

An agent that waits for work for months should not hold tables of character sets in memory meanwhile.
"""

from __future__ import annotations

import importlib.util
import sys
import types

from . import trust


def install() -> None:
    """To be called before requests is imported."""
    _charset_normalizer()
    _certifi()


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
