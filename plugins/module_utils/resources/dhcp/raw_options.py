# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP options in the server's own words, ``Code`` and ``Value``, as ``drp_object`` takes them."""

from __future__ import annotations

import typing as t

from ...client.errors import UsageError
from .encoding import encode

Json = t.Any


def sendable(options: Json) -> tuple[Json, list[str]]:
    """The options in the form that the server can send, and what to tell of those that it cannot.

    What is written in the server's own words is not refused: the server stores it.
    """
    if not isinstance(options, list):
        return options, []
    fitted, warnings = [], []
    for option in options:
        try:
            fitted.append(_fitted(option))
        except UsageError as error:
            fitted.append(option)
            warnings.append(f"{error.messages[0]}. The server stores it and does not send it")
    return fitted, warnings


def _fitted(option: Json) -> Json:
    code, value = option.get("Code"), option.get("Value")
    if not isinstance(code, int) or not value:
        return option
    return {**option, "Value": encode(f"Options: Code {code}", code, value)}
