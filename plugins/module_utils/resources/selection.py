# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The objects that a task works on, as its options name them: one, several, or all that match."""

from __future__ import annotations

import typing as t

from ..client.client import Client
from ..client.errors import UsageError
from ..converge.task import Options
from .listing import Query, select
from .lookup import find_all

Object = dict[str, t.Any]

SELECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "objects": {"type": "list", "elements": "str"},
    "filters": {"type": "dict"},
}
"""The options that name objects; documented by the fragment ``selection``."""


def is_single(options: Options) -> bool:
    """Whether the options name just one object, so that the result is about it and not a list."""
    return options.get("objects") is None and options.get("filters") is None


def selected_objects(client: Client, kind: str, options: Options) -> list[Object]:
    """The objects, each once.  UsageError for a name that nothing has; none may match a filter."""
    if options.get("filters") is not None:
        return select(client, kind, Query(options["filters"]))
    one = options.get("id") or options.get("name")
    named = options.get("objects") or ([one] if one else [])
    if not named and options.get("objects") is None:
        raise UsageError(f"name: must be set, or id, objects or filters, to select {kind}")
    return find_all(client, kind, named)
