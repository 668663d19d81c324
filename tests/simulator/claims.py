# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims: what a caller may do, as roles and tokens grant it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .wire import Obj

_BASE = ("list", "get", "create", "update", "delete", "action", "actions")
_PREFIXES = (
    "bootenvs", "jobs", "leases", "machines", "params", "plugin_providers", "plugins", "preferences",
    "profiles", "reservations", "roles", "stages", "subnets", "tasks", "templates", "tenants", "users",
    "workflows",
)  # fmt: skip
_EXTRA = {
    "users": ("token", "password"),
    "jobs": ("log",),
    "machines": ("getSecure", "updateSecure"),
    "plugins": ("getSecure", "updateSecure"),
    "profiles": ("getSecure", "updateSecure"),
}

SCOPES: dict[str, tuple[str, ...]] = {
    **{prefix: _BASE + _EXTRA.get(prefix, ()) for prefix in _PREFIXES},
    "preferences": ("list", "post"),
    "contents": ("list", "get", "create", "update", "delete"),
    "files": ("list", "get", "post", "delete"),
    "isos": ("list", "get", "post", "delete"),
    "interfaces": _BASE,
    "info": ("get",),
}


def _matches(allowed: frozenset[str], wanted: str) -> bool:
    return "*" in allowed or wanted in allowed


@dataclass(frozen=True)
class Claim:
    scopes: frozenset[str]
    actions: frozenset[str]
    specifics: frozenset[str]

    def allows(self, scope: str, action: str, specific: str) -> bool:
        return _matches(self.scopes, scope) and self._acts(action) and _matches(self.specifics, specific)

    def _acts(self, action: str) -> bool:
        if _matches(self.actions, action):
            return True
        base, colon, path = action.partition(":")
        if not colon:
            return False
        # `update` covers every `update:/Path`, `update:/Path` covers what lies below it
        return base in self.actions or any(
            f"{base}:{path}".startswith(f"{allowed}/")
            for allowed in self.actions
            if allowed.startswith(f"{base}:")
        )


@lru_cache(maxsize=4096)
def claim(scope: str, action: str, specific: str) -> Claim:
    return Claim(*(frozenset(part.strip() for part in text.split(",")) for text in (scope, action, specific)))


def from_wire(documents: Iterable[Obj]) -> tuple[Claim, ...]:
    return tuple(claim(d["scope"], d["action"], d["specific"]) for d in documents)


@dataclass(frozen=True)
class Identity:
    """Who makes a request; ``user`` is empty for a machine's token."""

    principal: str
    user: str
    claims: tuple[Claim, ...]

    def may(
        self, scope: str, action: str, specific: str = "", scopes: Mapping[str, tuple[str, ...]] = SCOPES
    ) -> bool:
        """Whether a claim allows it; what no scope knows is open to everyone who has any claim at all."""
        if action.partition(":")[0] not in scopes.get(scope, ()):
            return bool(self.claims)
        return any(claim.allows(scope, action, specific) for claim in self.claims)


def scope_document(scopes: Mapping[str, tuple[str, ...]] = SCOPES) -> dict[str, dict[str, Obj]]:
    """The ``scopes`` member of the info object."""
    return {scope: {action: {} for action in actions} for scope, actions in scopes.items()}


def check_claims(claims: list[Obj], scopes: Mapping[str, tuple[str, ...]] = SCOPES) -> list[str]:
    """Unknown scopes and actions in a role."""
    problems = []
    for entry in claims:
        for scope in entry["scope"].split(","):
            if scope != "*" and scope not in scopes:
                problems.append(f"No such scope '{scope}'")
                continue
            known = {a for s in scopes.values() for a in s} if scope == "*" else set(scopes[scope])
            for action in entry["action"].split(","):
                if action != "*" and action.partition(":")[0] not in known:
                    problems.append(f"No such action '{action}' in scope '{scope}'")
    return problems
