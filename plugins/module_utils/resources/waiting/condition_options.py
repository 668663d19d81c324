# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What a condition is made of, and its values as Ansible would convert them.

``drp_wait`` documents the conditions, as suboptions of ``until``, and Ansible checks them there.  Everywhere
else they are dictionaries without documentation of their own, and it is here that they are checked: the same
values are taken, and become the same.
"""

from __future__ import annotations

import typing as t

from ...client.errors import UsageError, did_you_mean

Entry = t.Mapping[str, t.Any]

CONDITION_SPEC: dict[str, dict[str, t.Any]] = {
    "workflow_complete": {"type": "bool"},
    "stage": {"type": "str"},
    "bootenv": {"type": "str"},
    "workflow": {"type": "str"},
    "runnable": {"type": "bool"},
    "available": {"type": "bool"},
    "job_state": {"type": "list", "elements": "str"},
    "job_failed": {"type": "bool"},
    "deleted": {"type": "bool"},
    "path": {"type": "str"},
    "equals": {"type": "raw"},
    "not_equals": {"type": "raw"},
    "in": {"type": "list", "elements": "raw"},
    "contains": {"type": "raw"},
    "matches": {"type": "str"},
    "gt": {"type": "raw"},
    "gte": {"type": "raw"},
    "lt": {"type": "raw"},
    "lte": {"type": "raw"},
    "exists": {"type": "bool"},
    "changed": {"type": "bool"},
}
"""The options of one condition, as Ansible's argument specs have them."""

_WORDS = {
    **dict.fromkeys(("y", "yes", "on", "1", "true", "t"), True),
    **dict.fromkeys(("n", "no", "off", "0", "false", "f"), False),
}


def typed_entries(option: str, entries: t.Sequence[Entry] | None) -> list[Entry] | None:
    """The conditions of an option with values of the right types; UsageError for what is no condition."""
    if entries is None:
        return None
    return [_typed(f"{option}, number {number}", entry) for number, entry in enumerate(entries, 1)]


def _typed(where: str, entry: Entry) -> Entry:
    unknown = [str(name) for name in entry if name not in CONDITION_SPEC]
    if unknown:
        hint = did_you_mean(unknown[0], CONDITION_SPEC)
        known = ", ".join(CONDITION_SPEC)
        raise UsageError(f"{where}: there is no condition {', '.join(unknown)}.{hint} There are {known}")
    return {
        name: _converted(f"{where}: {name}", CONDITION_SPEC[name], value)
        for name, value in entry.items()
        if value is not None
    }


def _converted(where: str, spec: Entry, value: t.Any) -> t.Any:
    if spec["type"] == "bool":
        return _bool(where, value)
    if spec["type"] == "list":
        items = _list(where, value)
        return items if spec["elements"] == "raw" else [_text(where, item) for item in items]
    return _text(where, value) if spec["type"] == "str" else value


def _bool(where: str, value: t.Any) -> bool:
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _WORDS:
        raise UsageError(f"{where} must be true or false, not {value!r}")
    return _WORDS[word]


def _list(where: str, value: t.Any) -> list[t.Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, (int, float)):
        return [str(value)]
    raise UsageError(f"{where} must be a list, not {value!r}")


def _text(where: str, value: t.Any) -> str:
    if isinstance(value, (str, int, float)):
        return str(value)
    raise UsageError(f"{where} must be text, not {value!r}")
