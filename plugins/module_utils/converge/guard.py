# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much a task may destroy: an action that would affect more machines than intended is not started.

A filter that matches too much, or a variable that holds every host, is the usual way to lose a rack.  So
whatever deletes, re-images or switches off names its targets first and asks here.  ``max_targets`` is the
number that the user had in mind; ``confirm`` is the identifier of exactly those targets, from an earlier run
in check mode. Locked machines are excluded unless the user includes them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ..client import models
from ..client.errors import UsageError

Object = t.Mapping[str, t.Any]
Options = t.Mapping[str, t.Any]

GUARD_SPEC: dict[str, dict[str, t.Any]] = {
    "max_targets": {"type": "int"},
    "confirm": {"type": "str"},
    "include_locked": {"type": "bool", "default": False},
}
"""The options of all tasks that can destroy; documented by the fragment ``guard``."""

_MAX_LISTED = 5
"""The maximum number of targets in a message."""


class RefusedByGuard(UsageError):
    """Nothing was done, because the task would have affected more or other objects than intended."""


@dataclasses.dataclass(frozen=True)
class Target:
    """One object that the task would affect."""

    kind: str
    key: str
    name: str
    locked: bool = False

    @classmethod
    def of(cls, kind: str, item: Object) -> Target:
        return cls(kind, models.require_key(kind, item), models.label_of(kind, item), is_locked(item))


@dataclasses.dataclass(frozen=True)
class Guard:
    """What the user allows."""

    max_targets: int | None = None
    confirm: str = ""
    include_locked: bool = False

    @classmethod
    def from_options(cls, options: Options) -> Guard:
        """The guard that the options of :data:`GUARD_SPEC` describe."""
        limit = options.get("max_targets")
        if limit is not None and limit < 0:
            raise UsageError("max_targets: must not be negative")
        return cls(limit, options.get("confirm") or "", options["include_locked"])

    @property
    def has_limit(self) -> bool:
        """Whether the user has set a limit."""
        return self.max_targets is not None or bool(self.confirm)

    def enforce(self, operation: str, targets: t.Sequence[Target], check: bool, limit_required: bool) -> None:
        """Raise RefusedByGuard unless ``operation`` (such as ``deletion``) may be done to ``targets``.

        With ``limit_required`` more than one target requires ``max_targets`` or ``confirm``, except in check
        mode, whose result has the fingerprint to confirm.
        """
        if not targets:
            return
        locked = [target for target in targets if target.locked]
        if locked and not self.include_locked:
            raise RefusedByGuard(
                f"{operation}: {_named(locked)} {'is' if len(locked) == 1 else 'are'} locked. Nothing was "
                "changed. Unlock them, leave them out, or set include_locked: true"
            )
        if self.max_targets is not None and len(targets) > self.max_targets:
            raise RefusedByGuard(
                f"{operation}: max_targets allows {self.max_targets} objects, but the task would affect "
                f"{len(targets)}: {_named(targets)}. Nothing was changed"
            )
        if self.confirm and self.confirm != fingerprint(operation, targets):
            raise RefusedByGuard(
                f"{operation}: confirm does not match the objects that would be affected now: "
                f"{_named(targets)}. Nothing was changed. Run the task in check mode, review targets, and "
                "set confirm from there"
            )
        if limit_required and len(targets) > 1 and not (self.has_limit or check):
            raise RefusedByGuard(
                f"{operation}: would affect {len(targets)} objects: {_named(targets)}. Nothing was changed. "
                "Set max_targets, or run the task in check mode and set confirm from its result"
            )


def fingerprint(operation: str, targets: t.Iterable[Target]) -> str:
    """A short text for this operation on exactly these targets, whatever their order."""
    document = json.dumps([operation, sorted([target.kind, target.key] for target in targets)])
    return hashlib.sha256(document.encode()).hexdigest()[:12]


def describe_targets(operation: str, targets: t.Sequence[Target]) -> dict[str, t.Any]:
    """What a result says about the targets of a destructive operation."""
    return {
        "deed": operation,
        "count": len(targets),
        "names": [target.name for target in targets],
        "confirm": fingerprint(operation, targets),
    }


def is_locked(item: Object) -> bool:
    """Whether the object is locked (v4)."""
    return bool(item.get("Locked"))


def _named(targets: t.Sequence[Target]) -> str:
    names = ", ".join(target.name for target in targets[:_MAX_LISTED])
    return names if len(targets) <= _MAX_LISTED else f"{names} and {len(targets) - _MAX_LISTED} more"
