# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The wire form of a secure value; :mod:`.secure` makes and opens it."""

from __future__ import annotations

import typing as t

Sealed = dict[str, str]

_MEMBERS = {"Key", "Nonce", "Payload"}


def is_sealed(value: t.Any) -> bool:
    """Whether this is the wire form of a secure value."""
    return isinstance(value, dict) and value.keys() == _MEMBERS
