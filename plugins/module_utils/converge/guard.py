# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""How much a task may destroy: a deed that hits more machines than were meant is not begun.

A filter that matches too much, or a variable that holds every host, is the usual way to lose a rack.  So
whatever deletes, re-images or switches off names its targets first and asks here.  ``max_targets`` is the
number that the user had in mind; ``confirm`` is the mark of exactly those targets, as an earlier run in check
mode has told it.  Locked machines are no targets, unless the user says so.
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

_MOST = 5
"""So many targets are named in a message."""


class Refused(UsageError):
    """Nothing was done, because it would have hit more, or other objects than were meant."""


@dataclasses.dataclass(frozen=True)
class Target:
    """One object that a deed would hit."""

    kind: str
    key: str
    name: str
    locked: bool = False

    @classmethod
    def of(cls, kind: str, item: Object) -> Target:
        return cls(kind, models.key_of(kind, item), models.label_of(kind, item), is_locked(item))


@dataclasses.dataclass(frozen=True)
class Guard:
    """What the user allows."""

    max_targets: int | None = None
    confirm: str = ""
    include_locked: bool = False

    @classmethod
    def from_options(cls, options: Options) -> Guard:
        """The guard that the options of :data:`GUARD_SPEC` describe."""
        most = options.get("max_targets")
        if most is not None and most < 0:
            raise UsageError("max_targets: must not be negative")
        return cls(most, options.get("confirm") or "", options["include_locked"])

    @property
    def told(self) -> bool:
        """Whether the user has said how much may be hit."""
        return self.max_targets is not None or bool(self.confirm)

    def admit(self, deed: str, targets: t.Sequence[Target], check: bool, must_be_told: bool) -> None:
        """Raise Refused unless ``deed`` (such as ``deletion``) may be done to ``targets``.

        With ``must_be_told`` more than one target needs ``max_targets`` or ``confirm``, except in check mode,
        which is how one learns the mark to confirm.
        """
        if not targets:
            return
        locked = [target for target in targets if target.locked]
        if locked and not self.include_locked:
            raise Refused(
                f"{deed}: {_named(locked)} {'is' if len(locked) == 1 else 'are'} locked. Nothing was done. "
                "Unlock, leave out, or set include_locked: true"
            )
        if self.max_targets is not None and len(targets) > self.max_targets:
            raise Refused(
                f"{deed}: max_targets allows {self.max_targets}, and it would hit {len(targets)}: "
                f"{_named(targets)}. Nothing was done"
            )
        if self.confirm and self.confirm != mark(deed, targets):
            raise Refused(
                f"{deed}: confirm does not stand for what it would hit now, which is {_named(targets)}. "
                "Nothing was done. Run it in check mode, look at targets, and confirm the mark found there"
            )
        if must_be_told and len(targets) > 1 and not (self.told or check):
            raise Refused(
                f"{deed}: it would hit {len(targets)} objects: {_named(targets)}. Nothing was done. Say how "
                "many it may be with max_targets, or run it in check mode and confirm what that finds"
            )


def mark(deed: str, targets: t.Iterable[Target]) -> str:
    """A short text that stands for this deed on exactly these targets, whatever their order."""
    document = json.dumps([deed, sorted([target.kind, target.key] for target in targets)])
    return hashlib.sha256(document.encode()).hexdigest()[:12]


def account(deed: str, targets: t.Sequence[Target]) -> dict[str, t.Any]:
    """What a result tells about the targets of a deed."""
    return {
        "deed": deed,
        "count": len(targets),
        "names": [target.name for target in targets],
        "confirm": mark(deed, targets),
    }


def is_locked(item: Object) -> bool:
    """Whether a v4 server keeps users from changing the object.  v3.12 knows no locks."""
    return bool(item.get("Locked"))


def _named(targets: t.Sequence[Target]) -> str:
    told = ", ".join(target.name for target in targets[:_MOST])
    return told if len(targets) <= _MOST else f"{told} and {len(targets) - _MOST} more"
