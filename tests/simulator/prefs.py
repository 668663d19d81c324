# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server preferences: defaults, rules, and the rows that hold what was set."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .errors import bad_request
from .go_types import STRING_MAP, DecodeError
from .rules.rendering import render_problems
from .store import Row
from .wire import Obj, go_integer

if TYPE_CHECKING:
    from .server import Server

_LEVELS = ("trace", "debug", "info", "warn", "error", "panic", "fatal")
_LEGACY_LEVELS = {"0": "warn", "1": "info", "2": "debug"}
_LEVEL_NAMES = ("logLevel", "debugBootEnv", "debugDhcp", "debugFrontend", "debugPlugins", "debugRenderer")
_TIMEOUTS = ("knownTokenTimeout", "unknownTokenTimeout")
_REFERENCES = {
    "defaultStage": ("stages", "Stage"),
    "defaultBootEnv": ("bootenvs", "BootEnv"),
    "unknownBootEnv": ("bootenvs", "BootEnv"),
    "defaultWorkflow": ("workflows", "Workflow"),
}
_SECRETS = ("baseTokenSecret", "systemGrantorSecret")
_KNOWN = (*_REFERENCES, *_TIMEOUTS, *_LEVEL_NAMES, *_SECRETS)


class Prefs:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._defaults = {
            "defaultStage": "none",
            "defaultBootEnv": "local",
            "unknownBootEnv": "ignore",
            "knownTokenTimeout": "3600",
            "unknownTokenTimeout": "600",
            **dict.fromkeys(_LEVEL_NAMES, "warn"),
            "baseTokenSecret": secrets.token_hex(16),
            "systemGrantorSecret": secrets.token_hex(16),
        }

    def value(self, name: str) -> str:
        row = self._server.store.get("preferences", name)
        return row.data["Val"] if row else self._defaults.get(name, "")

    def all(self) -> dict[str, str]:
        stored = {row.key: row.data["Val"] for row in self._server.store["preferences"]}
        return self._defaults | stored

    def change(self, wanted: Obj, principal: str) -> None:
        """Store the valid entries; raises ApiError when there were invalid ones."""
        try:
            prefs = STRING_MAP.decode(wanted, "")
        except DecodeError as problem:
            raise bad_request("POST", str(problem)) from None
        malformed = [problem for name, value in prefs.items() if (problem := _form_problem(name, value))]
        if malformed:
            raise bad_request("POST", *malformed, model="prefs")
        problems = []
        for name, value in prefs.items():
            if problem := self._problem(name, value):
                problems.append(f"{name}: {problem}")
                continue
            if not self._ignored(name, value):
                level = _LEGACY_LEVELS.get(value, value) if name in _LEVEL_NAMES else value
                self._save(name, level, principal)
            # what has been stored is only then found to be unusable
            problems += self._unusable(name, value)
        if problems:
            raise bad_request("POST", *problems, model="prefs")

    def _problem(self, name: str, value: str) -> str:
        if name in _REFERENCES:
            prefix, title = _REFERENCES[name]
            needed = value or name != "defaultWorkflow"
            absent = needed and not self._server.store.get(prefix, value)
            return f"{title} {value} does not exist" if absent else ""
        if name in _LEVEL_NAMES:
            return "" if value in _LEVELS or value in _LEGACY_LEVELS else f"Invalid level {value}"
        return ""

    def _ignored(self, name: str, value: str) -> bool:
        env = self._server.store.data("bootenvs", value) if name == "defaultBootEnv" else None
        return bool(env and env["OnlyUnknown"])

    def _unusable(self, name: str, value: str) -> list[str]:
        if name != "unknownBootEnv":
            return []
        env = self._server.store.data("bootenvs", value) or {}
        if not env["Validated"]:
            return list(env["Errors"])
        if not env["OnlyUnknown"]:
            return [f"BootEnv {value} cannot be used for the unknownBootEnv"]
        return render_problems(self._server, None, "bootenvs", env)

    def _save(self, name: str, value: str, principal: str) -> None:
        if self.value(name) != value:
            self._server.stats.changes += 1
        model = self._server.store["preferences"].model
        row = Row(model, name, model.decode({"Name": name, "Val": value}))
        self._server.store["preferences"].put(row)
        if name == "baseTokenSecret":
            self._server.tokens.clear_cache()
        self._server.bus.publish("preferences", "save", name, principal, lambda: row.text)


def _form_problem(name: str, value: str) -> str:
    """Why no such entry can be, whatever else there is on the server."""
    if name not in _KNOWN:
        return f"Unknown Preference {name}"
    if name == "baseTokenSecret" and len(value.encode()) != 32:
        return f"{name}: Must be 32 bytes long"
    if name in _TIMEOUTS:
        try:
            go_integer(value)
        except ValueError as problem:
            return f"{name}: {problem}"
    return ""
