# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""A 404 that means "not permitted": how to tell it from one that means "not there"."""

from __future__ import annotations

import typing as t

from .. import models
from ..client import Client
from ..errors import DrpError


def is_hidden(client: Client, kind: str, key: str) -> bool:
    """Whether an object that GET does not find is there all the same, for others to see.

    The server answers 404 to who lacks the claim to get it.  HEAD asks for no claim.
    """
    try:
        return client.exists(kind, key)
    except DrpError:
        return False


def hidden_message(kind: str, names: t.Sequence[str]) -> str:
    """The message about objects that exist but are not readable."""
    return (
        f"cannot read {models.get(kind).singular} {', '.join(names)}: it exists, but these credentials lack "
        f"the claim {kind} get"
    )
