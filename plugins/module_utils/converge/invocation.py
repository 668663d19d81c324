# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The arguments of a task, fit to be logged and shown: what goes into objects may be a secret.

Whether a param is secure is known only when the server was asked, and of the payload of an event or the
params of an action nobody knows it.
"""

from __future__ import annotations

import typing as t

Options = t.Mapping[str, t.Any]

STORED_OPTIONS = frozenset({"params", "spec", "resources", "templates", "contents", "schema"})
"""Options that hold what objects are compared with: when that ends well, all secrets among them are known."""
OBJECT_OPTIONS = STORED_OPTIONS | {
    *("content", "object", "prefs", "others", "group_params"),
    # those of drp_batch, which have params in them
    *("setup", "work_order", "post"),
}
"""Options that hold what goes into objects, in all modules."""
HIDDEN = "(hidden: it may hold secrets)"


def loggable(options: Options, lists_of_names: t.Container[str] = OBJECT_OPTIONS) -> dict[str, t.Any]:
    """The options for the log of the machine on which a module runs.

    ``lists_of_names`` are options in which a list of texts is no data, such as the params that ``drp_info``
    is to show; ``object`` never is one.
    """

    def is_data(name: str, value: t.Any) -> bool:
        if isinstance(value, (list, tuple)) and name != "object" and name in lists_of_names:
            return any(not isinstance(one, str) for one in value)
        return value is not None

    return {
        name: HIDDEN if name in OBJECT_OPTIONS and is_data(name, value) else value
        for name, value in options.items()
    }


def shown(
    options: Options,
    known: t.Container[str] = (),
    lists_of_names: t.Container[str] = OBJECT_OPTIONS,
) -> dict[str, t.Any]:
    """The options for the result of the task; ``known`` are those of which every secret is known by now."""
    kept = {name: value for name, value in options.items() if name in known}
    return {**loggable(options, lists_of_names), **kept}
