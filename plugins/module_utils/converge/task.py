# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""One task, as the code of a module sees it; :mod:`.results` makes results of what was converged."""

from __future__ import annotations

import dataclasses
import typing as t

from ..client.client import Client
from ..client.errors import DrpError, LoginRequired, NotPermitted

Result = dict[str, t.Any]
Options = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Task:
    """One run of one module."""

    options: Options
    check: bool
    client: Client
    on_progress: t.Callable[[str], None]
    """Takes a progress line now and then, for the user at the terminal."""
    secrets: set[str] = dataclasses.field(default_factory=set)
    """Strings in the options that turned out to be secret, to be masked where the options are shown."""
    known_options: set[str] = dataclasses.field(default_factory=set)
    """Options of which all secrets are known by now; others that go into objects are not shown."""


def carry_out(function: t.Callable[[Task], Result], task: Task) -> Result:
    """The result of ``function``; a failed one says ``changed`` when something was written before that."""
    writes = task.client.writes
    try:
        result = function(task)
    except DrpError as error:
        result = failure(error)
    if result.get("failed") and task.client.writes > writes:
        result["changed"] = True
    return result


def failure(error: DrpError, label: str = "") -> Result:
    """A failed result with the error in words and, where there is one, as the server's error object.

    ``label`` names what the error is about, where the error does not.
    """
    plain = not error.model and (not error.code or isinstance(error, (LoginRequired, NotPermitted)))
    text = "; ".join(error.messages) if plain else str(error)
    if label and not plain:
        text = f"{label}: {text}"
    result: Result = {"failed": True, "changed": error.changed, "msg": text}
    if error.code:
        result["error"] = error.as_dict()
    return result
