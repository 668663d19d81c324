# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Preferences of the server: texts by name, some of them references, two of them secrets."""

from __future__ import annotations

import typing as t

from ..client.client import Client
from ..client.errors import ApiError, UsageError, did_you_mean
from ..converge.task import Options, Result, Task
from .lookup import missing_message

Prefs = dict[str, str]

_LEVELS = ("trace", "debug", "info", "warn", "error", "panic", "fatal")
_NUMERIC_LEVELS = {"0": "warn", "1": "info", "2": "debug"}
_LEVEL_PREFS = ("logLevel", "debugBootEnv", "debugDhcp", "debugFrontend", "debugPlugins", "debugRenderer")
_REFERENCES = {
    "defaultStage": "stages",
    "defaultBootEnv": "bootenvs",
    "unknownBootEnv": "bootenvs",
    "defaultWorkflow": "workflows",
}
_TIMEOUTS = ("knownTokenTimeout", "unknownTokenTimeout")
_SECRETS = ("baseTokenSecret", "systemGrantorSecret")
_SECRET_BYTES = 32
_BAD_REQUEST = 400

PREFS_SPEC: dict[str, dict[str, t.Any]] = {
    **{name: {"type": "str"} for name in _REFERENCES},
    **{name: {"type": "int", "no_log": False} for name in _TIMEOUTS},
    **{name: {"type": "str", "choices": [*_LEVELS, *_NUMERIC_LEVELS]} for name in _LEVEL_PREFS},
    **{name: {"type": "str", "no_log": True} for name in _SECRETS},
}
"""The preferences of a v3.12 server as options, so that Ansible checks and masks them."""


def run(task: Task) -> Result:
    """What ``drp_prefs`` does: writes those that differ, all in one request."""
    client = task.client
    wanted = _wanted(task.options)
    before = read(client)
    changes = {name: text for name, text in wanted.items() if before.get(name, "") != text}
    _check(client, changes, before)
    after = {**before, **changes}
    if changes and not task.check:
        after = _write(client, changes)
    result: Result = {
        "changed": bool(changes),
        "prefs": visible(after),
        "diff": {"before": _diff_side(before, changes, "old"), "after": _diff_side(changes, changes, "new")},
    }
    kept = [name for name, text in changes.items() if after.get(name) != text]
    if kept:
        result.update(failed=True, msg=f"the server ignored the new value of {', '.join(kept)}")
    return result


def read(client: Client) -> Prefs:
    """All preferences, the secret ones too.  Every user may read them."""
    return client.req().get().url_for("prefs").do_object()


def visible(prefs: Prefs) -> Prefs:
    """The preferences that may be shown: without secrets, those of newer servers included."""
    return {name: text for name, text in prefs.items() if not _is_secret(name)}


def _is_secret(name: str) -> bool:
    return name in _SECRETS or name.lower().endswith(("secret", "password"))


def _diff_side(prefs: Prefs, names: t.Iterable[str], which: str) -> Prefs:
    """One side of the diff."""
    shown = ((name, prefs.get(name, "")) for name in names)
    return {name: f"(hidden, {which})" if _is_secret(name) else text for name, text in shown}


def _wanted(options: Options) -> Prefs:
    """The preferences that the options name, as the server writes them."""
    wanted = {name: str(value) for name, value in (options.get("prefs") or {}).items() if value is not None}
    for name, value in (options.get("others") or {}).items():
        if name in PREFS_SPEC:
            raise UsageError(f"others: {name} must be set in prefs")
        if _is_secret(name):
            raise UsageError(f"others: {name} seems to be a secret, which the task would show in clear")
        if not isinstance(value, (str, int, float)):
            raise UsageError(f"others: the value of {name} must be a string, number or boolean")
        wanted[name] = str(value).lower() if isinstance(value, bool) else str(value)
    if not wanted:
        raise UsageError("prefs: no preference is set")
    for name in _LEVEL_PREFS:
        if name in wanted:
            wanted[name] = _NUMERIC_LEVELS.get(wanted[name], wanted[name])
    return wanted


def _check(client: Client, changes: Prefs, before: Prefs) -> None:
    """Raise UsageError for what the server would refuse, or ignore silently.

    It stores what it can before it refuses the rest, so that nothing wrong must reach it.
    """
    unknown = [name for name in changes if name not in PREFS_SPEC and name not in before]
    if unknown:
        known = sorted({*PREFS_SPEC, *before})
        hint = did_you_mean(unknown[0], known)
        raise UsageError(
            f"others: the server has no preference {', '.join(unknown)}.{hint} Known: {', '.join(known)}"
        )
    for name in _TIMEOUTS:
        if changes.get(name, "0").startswith("-"):
            raise UsageError(f"prefs: {name} must not be negative")
    size = len(changes.get("baseTokenSecret", "x" * _SECRET_BYTES).encode())
    if size != _SECRET_BYTES:
        raise UsageError(f"prefs: baseTokenSecret must have {_SECRET_BYTES} bytes, it has {size}")
    for name, kind in _REFERENCES.items():
        if name in changes:
            _check_reference(client, name, kind, changes[name])


def _check_reference(client: Client, name: str, kind: str, text: str) -> None:
    if not text and name == "defaultWorkflow":
        return
    if not text:
        raise UsageError(f"prefs: {name}: must not be empty")
    item = client.find(kind, text)
    if item is None:
        raise UsageError(f"prefs: {name}: {missing_message(client, kind, [text])}")
    if name == "defaultBootEnv" and item.get("OnlyUnknown"):
        raise UsageError(
            f"prefs: {name}: bootenv {text} is for unknown machines only (OnlyUnknown), "
            "the server would ignore it silently"
        )


def _write(client: Client, changes: Prefs) -> Prefs:
    try:
        return client.req().post(changes).url_for("prefs").do_object()
    except ApiError as error:
        if error.code == _BAD_REQUEST:
            error.messages.append("other preferences of this task may be stored already")
        raise
