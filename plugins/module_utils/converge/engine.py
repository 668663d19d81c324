# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Bring one object into its wanted state: read, plan, write guarded, and plan again on a conflict."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from ..client import features, models
from ..client.client import Client
from ..client.errors import ApiError, Conflict, DrpError, Invalid, NotFound, UsageError
from ..client.objects import claims, layers, names
from ..client.patch import Patch, apply_patch, gen_patch
from .conflicts import MAX_CONFLICTS, pause_after
from .guard import is_locked
from .plain_params import note_unsealed
from .resource import Object, Resource
from .secure_params import SecureParams
from .show import masked

MAX_UNCHANGED = 2
"""So many conflicts in a row over an object that does not change are no conflicts with others."""
MAX_PASSES = 6
_NOT_FETCHED: t.Any = object()


class TooManyConflicts(DrpError):
    """Other writers changed the object each time between our read and our write."""


@dataclasses.dataclass
class Outcome:
    """The result of one resource."""

    resource: Resource
    action: str = "unchanged"
    """``created``, ``updated``, ``deleted`` or ``unchanged``; in check mode what would be done."""
    before: Object | None = None
    planned: Object | None = None
    """The object as asked for: the same in check mode and without it."""
    item: Object | None = None
    """The object as the server answered; the planned one in check mode."""
    conflicts: int = 0
    warnings: list[str] = dataclasses.field(default_factory=list)
    error: DrpError | None = None

    @property
    def changed(self) -> bool:
        return self.action != "unchanged" or (self.error is not None and self.error.changed)

    @property
    def problems(self) -> list[str]:
        """The server's reasons why the object is not usable, though it was stored."""
        if self.item is None or self.item.get("Available", True):
            return []
        reasons = [str(reason) for reason in self.item.get("Errors") or ["it is not available"]]
        # those of boot environments come in another order each time
        return sorted(reasons) if self.resource.kind == "bootenvs" else reasons


def converge(
    client: Client,
    resource: Resource,
    check: bool = False,
    prefetched: Object | None = _NOT_FETCHED,
    sleep: t.Callable[[float], None] = time.sleep,
) -> Outcome:
    """Converge ``resource``; with ``check`` only plan.

    ``prefetched`` is the object as just read by the caller (None: prefetched to be absent).  Raises DrpError;
    TooManyConflicts when the object changed under each of 12 tries.
    """
    run = _Convergence(client, resource, check, Outcome(resource), SecureParams(client, resource, check))
    try:
        return _converge_with_retries(run, prefetched, sleep)
    except DrpError as error:
        run.secure_params.mask_error(error)
        error.changed = run.stored
        raise


def _converge_with_retries(
    run: _Convergence, prefetched: Object | None, sleep: t.Callable[[float], None]
) -> Outcome:
    """Retry until no other client changes the object between read and write."""
    resource, unchanged = run.resource, 0
    last: t.Any = _NOT_FETCHED
    while True:
        current = run.find() if prefetched is _NOT_FETCHED else prefetched
        unchanged = unchanged + 1 if last is not _NOT_FETCHED and current == last else 0
        last = current
        prefetched = _NOT_FETCHED
        if not run.stored and not run.reply_lost:
            run.outcome.before = current
        try:
            run.absent(current) if resource.state == "absent" else run.present(current)
        except _PlanOutdated as outdated:
            run.outcome.conflicts += 1
            run.note_reply_lost(outdated.error)
            if unchanged >= MAX_UNCHANGED:
                raise outdated.error from None  # nobody else is to blame: the object is what was read
            if run.outcome.conflicts >= MAX_CONFLICTS:
                raise TooManyConflicts(
                    f"{resource.label}: it was changed by another client {MAX_CONFLICTS} times in a row "
                    "between read and write; the last attempt of this task stored nothing",
                    *outdated.error.messages,
                    type="CONFLICT",
                    model=outdated.error.model,
                    key=outdated.error.key,
                    code=outdated.error.code,
                ) from outdated.error
            sleep(pause_after(run.outcome.conflicts))
            continue
        run.outcome.warnings += [*run.secure_params.warnings, *resource.warnings]
        return run.outcome


class _PlanOutdated(Exception):
    """The object was no longer what the plan was made for."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error)
        self.error = error


@dataclasses.dataclass
class _Convergence:
    """One convergence: the steps, and what they have done so far."""

    client: Client
    resource: Resource
    check: bool
    outcome: Outcome
    secure_params: SecureParams
    stored: bool = False
    """Something was written: whatever follows, this run has changed the object."""
    reply_lost: bool = False
    """A reply was lost: what the next read finds may be what we wrote."""
    kept: bool = False
    """A write has changed the object: the server has kept something of it."""
    relock: bool = False
    """It was locked, and has to be locked again at the end."""

    def find(self) -> Object | None:
        return self.client.find(self.resource.kind, self.resource.lookup)

    def note_reply_lost(self, error: ApiError) -> None:
        self.reply_lost = self.reply_lost or error.attempts > 1

    def absent(self, current: Object | None) -> None:
        if current is None:
            self._refuse_hidden()
            return
        self._refuse_read_only(current)
        self.resource.check_deletion(self.client, current)
        if is_locked(current):
            unlocking = gen_patch(current, self._unlocked(current))
            current = current if self.check else self._patch(current, unlocking)
        if not self.check:
            try:
                self.client.delete(self.resource.kind, models.require_key(self.resource.kind, current))
            except NotFound as error:
                if error.attempts < 2:
                    return
        self.outcome.action = "deleted"
        self.outcome.warnings += self.resource.deletion_warnings(self.client)

    def present(self, current: Object | None) -> None:
        if self.resource.depends_on_generation:
            self.resource.newer = self.client.has_feature(features.V4.flag)
        self.resource.check(current)
        if not (self.stored or self.outcome.conflicts):
            note_unsealed(self.client, self.resource)
        if self.check:
            self.secure_params.fetch_definitions(current)
        if current is None:
            kind, spec = self.resource.kind, self.resource.spec
            names.require_short_name(self.client, kind, models.key_of(kind, spec), self.resource.label)
            current = self._create()
            if self.check:
                return
        elif self.outcome.planned is None:
            self.outcome.planned = self.secure_params.wanted_object(current)
        self._update(current)
        if self.outcome.item is not None and self.outcome.changed and not self.check:
            self.outcome.warnings += self.resource.change_warnings(self.outcome.before, self.outcome.item)

    def _create(self) -> Object:
        body, shown_body = self.secure_params.creation_body()
        self.outcome.planned = {name: shown_body[name] for name in body if name in self.resource.spec}
        self.outcome.action = "created"
        if self.check:
            self.outcome.item = shown_body
            return shown_body
        try:
            created = self.client.create(self.resource.kind, body, force=self.resource.force)
        except (Conflict, Invalid) as error:
            if isinstance(error, Invalid) and "unique index" not in " ".join(error.messages):
                if self.secure_params.learn_from_refusal(error):
                    return self._create()
                raise
            if self.find() is None:
                self._refuse_hidden()
                raise
            self._discard_plan()
            raise _PlanOutdated(error) from error
        self.stored = self.kept = True
        self.resource.note_answer(created)
        return created

    def _update(self, current: Object) -> None:
        """Patch until nothing is left to do: some changes undo others on the server's side."""
        previous: Patch = []
        self.outcome.item = current
        for _number in range(MAX_PASSES):
            operations = self._plan(current)
            if not operations:
                if self.reply_lost and self.outcome.action == "unchanged":
                    self.outcome.action = "updated"
                elif self.resource.unkept and self.stored and not self.kept:
                    self.stored, self.outcome.action = False, "unchanged"
                return
            if operations == previous:
                self.outcome.warnings.append(self._change_ignored_warning(operations, current))
                return
            self._refuse_read_only(current)
            if self.outcome.action == "unchanged":
                self.outcome.action = "updated"
            if self.check:
                self.outcome.item = apply_patch(current, operations)
                return
            before, current = current, self._patch(current, operations)
            self.resource.note_answer(current)
            self.kept = self.kept or self._has_changed(before, current, operations)
            self.outcome.item, previous = current, operations
        raise UsageError(f"{self.resource.label}: the server keeps changing it back; giving up")

    def _has_changed(self, before: Object, after: Object, operations: Patch) -> bool:
        """Whether a patch did something: the object differs, or nobody can see whether it does."""
        unseen = {*models.AUDIT} - {*self.resource.spec}
        one, two = ({k: v for k, v in item.items() if k not in unseen} for item in (before, after))
        hidden = models.hidden_members(self.resource.kind)
        return one != two or any(op["path"].split("/")[1] in hidden for op in operations)

    def _patch(self, current: Object, operations: Patch) -> Object:
        kind = self.resource.kind
        key = models.require_key(kind, current)
        try:
            patched = self.client.patch(kind, key, operations, force=self.resource.force)
        except Conflict as error:
            self._discard_plan()
            raise _PlanOutdated(error) from error
        except Invalid as error:
            if not self.secure_params.learn_from_refusal(error):
                raise
            if self.outcome.planned is not None:
                self.outcome.planned = self.secure_params.mask_plan(self.outcome.planned)
            again = gen_patch(current, self.secure_params.wanted_object(current))
            return self._patch(current, again) if again else current
        self.stored = True
        return patched

    def _plan(self, current: Object) -> Patch:
        """What is to be patched.  A lock is taken off by itself: the server takes nothing else with that."""
        wanted_object = self.secure_params.wanted_object(current)
        operations = gen_patch(current, wanted_object)
        if is_locked(current) and operations:
            unlocking = gen_patch(current, self._unlocked(current))
            return operations if self.check else unlocking
        if not operations and self.relock and "Locked" not in self.resource.spec:
            self.relock = False
            return gen_patch(current, {**current, "Locked": True})
        return operations

    def _unlocked(self, current: Object) -> Object:
        """The object without its lock; UsageError unless the task says that it may be unlocked."""
        if not self.resource.include_locked and self.resource.spec.get("Locked") is not False:
            raise UsageError(
                f"{self.resource.label}: it is locked. Unlock it first, or set include_locked: "
                "true to unlock "
                "it for this change"
            )
        self.relock = True
        return {**current, "Locked": False}

    def _refuse_hidden(self) -> None:
        """UsageError for an object that exists but is not readable: it is not absent."""
        if claims.is_hidden(self.client, self.resource.kind, self.resource.lookup):
            name = self.resource.label.partition(" ")[2]
            raise UsageError(claims.hidden_message(self.resource.kind, [name]))

    def _refuse_read_only(self, current: Object) -> None:
        """UsageError for a read-only object: the server's own error would only be its name.

        The flag alone proves nothing: a v3.12 server keeps what a client has sent, and then ignores it.
        """
        if current.get("ReadOnly"):
            layer = layers.read_only_layer(self.client, self.resource.kind, current)
            if layer != "":
                raise UsageError(
                    f"{self.resource.label}: it is read-only, because it comes from "
                    f"{layer or 'a content pack, a plugin or the server itself'}. "
                    "Change it there, or create an object with another name"
                )

    def _discard_plan(self) -> None:
        """Discard the plan; changes that were stored stay in the outcome."""
        if not self.stored:
            self.outcome.action = "unchanged"
            self.outcome.planned = None

    def _change_ignored_warning(self, operations: Patch, current: Object) -> str:
        kept = masked(self.resource.kind, current)
        names = sorted({op["path"].split("/")[1] for op in operations if op["op"] != "test"})
        values = ", ".join(f"{name} as {kept.get(name)!r}" for name in names)
        return f"{self.resource.label}: the server keeps {values}; the next run will try again"
