# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of a task, fit to be logged and shown: what goes into objects may be a secret.

Whether a param is secure is known only when the server was asked, and of the payload of an event or the
params of an action nobody knows it.
"""

from __future__ import annotations

import typing as t

Options = t.Mapping[str, t.Any]

OBJECT_OPTIONS = frozenset(
    {"params", "spec", "resources", "content", "object", "templates", "prefs", "others"} | {"group_params"}
)
"""Options that hold what goes into objects, in all modules."""
STORED_OPTIONS = frozenset({"params", "spec", "resources", "templates"})
"""Those of them that are compared with objects: when that ends well, all secrets among them are known."""
HIDDEN = "(hidden: it may hold secrets)"


def loggable(options: Options) -> dict[str, t.Any]:
    """The options for the log of the machine on which a module runs."""
    return {
        name: HIDDEN if name in OBJECT_OPTIONS and _is_data(name, value) else value
        for name, value in options.items()
    }


def shown(options: Options, known: t.Container[str] = ()) -> dict[str, t.Any]:
    """The options for the result of the task; ``known`` are those of which every secret is known by now."""
    return {**loggable(options), **{name: value for name, value in options.items() if name in known}}


def _is_data(name: str, value: t.Any) -> bool:
    """Not for names, such as those of the params that ``drp_info`` is to show."""
    if isinstance(value, (list, tuple)) and name != "object":
        return any(not isinstance(one, str) for one in value)
    return value is not None
