# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Many resources of mixed kinds at once: in order of reference, in parallel, one result each."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import ipaddress
import typing as t
import uuid

from ..client import models
from ..client.client import Client
from ..client.errors import DrpError, UsageError
from .engine import Outcome, converge
from .guard import Guard, Target
from .progress import CountProgress, Tell, results_of, tell_nobody
from .resource import Object, Resource
from .workers import WORKERS

LIST_THRESHOLD = 10
"""From this many objects of one kind on, one list is cheaper than looking each up."""


class NotTried(UsageError):
    """An earlier resource failed, and this one may refer to it."""


@dataclasses.dataclass
class Bulk:
    """Converges ``resources``; results come in the order they were given."""

    client: Client
    resources: t.Sequence[Resource]
    check: bool = False
    continue_on_error: bool = False
    guard: Guard = dataclasses.field(default_factory=Guard)
    limit_required: bool = False
    """Whether the guard requires a limit on the objects to destroy."""
    prefetched: dict[int, Object | None] = dataclasses.field(default_factory=dict)
    """Objects as the caller has just read them, by the index of their resource."""
    workers: int = WORKERS
    """How many of them are worked on at the same time."""
    on_progress: Tell = tell_nobody
    """Takes a progress line now and then."""
    destruction: str = dataclasses.field(default="", init=False)
    targets: list[Target] = dataclasses.field(default_factory=list, init=False)
    """What of what was there is destroyed, and how."""

    def run(self) -> list[Outcome]:
        """Outcomes, one per resource; a failed one carries its error, one that was not tried a NotTried.

        Raises UsageError before anything is written when two resources mean the same object, and
        RefusedByGuard when more would be destroyed than the guard allows.
        """
        self._refuse_duplicates(self._identifiers_in_spec)
        self._register_secure_params()
        prefetched = self._prefetch()
        self._refuse_duplicates(
            lambda resource, index: self._identifiers_on_server(resource, prefetched.get(index))
        )
        self._enforce_guard(prefetched)
        outcomes: dict[int, Outcome] = {}
        progress = CountProgress(self.on_progress, len(self.resources))
        stopped = False
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            for wave in waves(self.resources):
                if stopped:
                    outcomes.update({index: self._skipped(index) for index in wave})
                    continue
                self._run_wave(pool, wave, prefetched, outcomes, progress)
                failed = any(outcomes[index].error is not None for index in wave)
                stopped = failed and not self.continue_on_error
        return [outcomes[index] for index in range(len(self.resources))]

    def _run_wave(
        self,
        pool: concurrent.futures.Executor,
        wave: t.Sequence[int],
        prefetched: dict[int, Object | None],
        outcomes: dict[int, Outcome],
        progress: CountProgress,
    ) -> None:
        """Each worker takes the next resource until none is left: a future for each costs more than that."""
        remaining = iter(wave)

        def worker() -> None:
            for index in remaining:
                with progress.at_work(self.resources[index].label):
                    outcomes[index] = self._converge_one(index, prefetched)

        results_of([pool.submit(worker) for _number in range(min(self.workers, len(wave)))], progress.tick)

    def _converge_one(self, index: int, prefetched: dict[int, Object | None]) -> Outcome:
        resource = self.resources[index]
        try:
            if index in prefetched and not _may_be_stale(prefetched[index]):
                return converge(self.client, resource, self.check, prefetched[index])
            return converge(self.client, resource, self.check)
        except DrpError as error:
            return Outcome(resource, error=error)

    def _skipped(self, index: int) -> Outcome:
        resource = self.resources[index]
        return Outcome(
            resource, error=NotTried(f"{resource.label}: skipped, because an earlier resource failed")
        )

    def _refuse_duplicates(self, names: t.Callable[[Resource, int], t.Iterable[str]]) -> None:
        """UsageError when two resources share one of their ``names``."""
        seen: dict[tuple[str, str], int] = {}
        for index, resource in enumerate(self.resources):
            for name in names(resource, index):
                first = seen.setdefault((resource.kind, name), index)
                if first != index:
                    raise UsageError(
                        f"resources: number {first + 1} and number {index + 1} are both {resource.label}"
                    )

    def _identifiers_in_spec(self, resource: Resource, index: int) -> t.Iterator[str]:
        """Which object the task means: how it is looked up, and what is unique in its spec."""
        del index
        name, colon, value = resource.lookup.partition(":")
        yield value if colon and name in ("Key", resource.model.key) else resource.lookup
        for unique in resource.model.unique:
            if resource.spec.get(unique):
                yield f"{unique}:{resource.spec[unique]}"

    def _identifiers_on_server(self, resource: Resource, current: Object | None) -> t.Iterator[str]:
        if current is not None:
            yield models.require_key(resource.kind, current)

    def _register_secure_params(self) -> None:
        """In check mode the params that this task would define are to be known, lest their values show."""
        for resource in self.resources if self.check else ():
            if resource.kind == "params" and resource.spec.get("Secure") and resource.state != "absent":
                self.client.param_security[str(resource.spec.get("Name"))] = True

    def _prefetch(self) -> dict[int, Object | None]:
        """What is there of the kinds of which many are wanted, from one list per kind."""
        by_kind: dict[str, list[int]] = collections.defaultdict(list)
        for index, resource in enumerate(self.resources):
            if index not in self.prefetched:
                by_kind[resource.kind].append(index)
        prefetched = dict(self.prefetched)
        for kind, indexes in by_kind.items():
            if len(indexes) < LIST_THRESHOLD:
                prefetched.update(self._find_all(indexes) if self._mixed_lookup_forms(indexes) else {})
                continue
            there: dict[str, Object] = {}
            for item in self.client.list(kind):
                there[models.require_key(kind, item)] = item
                for name in models.get(kind).unique:
                    there[f"{name}:{item.get(name)}"] = item
            for index in indexes:
                lookup = self.resources[index].lookup
                if lookup in there or self._list_is_conclusive(self.resources[index]):
                    prefetched[index] = there.get(lookup)
        return prefetched

    def _enforce_guard(self, prefetched: dict[int, Object | None]) -> None:
        """Refuse to begin what would destroy too much; what has to be read for that is not read again."""
        unread = [
            index for index, one in enumerate(self.resources) if one.destroys and index not in prefetched
        ]
        prefetched.update(self._find_all(unread))
        destructions = {}
        for index, resource in enumerate(self.resources):
            current = prefetched.get(index)
            destruction = resource.destruction(current) if resource.destroys else ""
            if current is not None and destruction:
                destructions[destruction] = True
                self.targets.append(Target.of(resource.kind, current))
        self.destruction = " and ".join(sorted(destructions))
        self.guard.enforce(self.destruction, self.targets, self.check, self.limit_required)
        for resource in self.resources:
            resource.confirmed = bool(self.guard.confirm)

    def _mixed_lookup_forms(self, indexes: t.Sequence[int]) -> bool:
        """Whether two of them can be the same object though they are called differently."""
        lookups = [self.resources[index].lookup for index in indexes]
        return len({lookup.partition(":")[0] if ":" in lookup else "" for lookup in lookups}) > 1

    def _find_all(self, indexes: t.Sequence[int]) -> dict[int, Object | None]:
        prefetched: dict[int, Object | None] = {}
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            for found in pool.map(self._find, indexes):
                prefetched.update(found)
        return prefetched

    def _find(self, index: int) -> dict[int, Object | None]:
        """The object of a resource; nothing when it cannot be read, which its own turn will tell."""
        resource = self.resources[index]
        try:
            return {index: self.client.find(resource.kind, resource.lookup)}
        except DrpError:
            return {}

    def _list_is_conclusive(self, resource: Resource) -> bool:
        """Whether it is absent when the list lacks it: the server knows keys in more than one spelling."""
        lookup, model = resource.lookup, resource.model
        index, colon, _value = lookup.partition(":")
        if colon and index in model.unique:
            return True
        if model.fields.get(model.key) in ("uuid", "ip"):
            return _is_canonical_key(lookup)
        return not (resource.key and colon)


def waves(resources: t.Sequence[Resource]) -> list[list[int]]:
    """Indexes of ``resources`` in groups; nothing in a group refers to anything in it or later.

    What is to exist comes first, in order of reference; what is to go comes last, the other way
    round, so that nothing is deleted while something still refers to it.
    """
    depth = _reference_depths(resources)
    groups: dict[tuple[int, int, int], list[int]] = collections.defaultdict(list)
    for index, resource in enumerate(resources):
        creation_order = models.get(resource.kind).creation_order
        if resource.state == "absent":
            groups[(1, -creation_order, -depth[index])].append(index)
        else:
            groups[(0, creation_order, depth[index])].append(index)
    return [groups[place] for place in sorted(groups)]


def _is_canonical_key(key: str) -> bool:
    """Whether a UUID or an address is written as the server writes it."""
    for form in (uuid.UUID, ipaddress.ip_address):
        with contextlib.suppress(ValueError):
            return str(form(key)) == key
    return False


def _may_be_stale(item: Object | None) -> bool:
    """What is not available may have become so since the list was read, by an earlier resource."""
    return item is not None and not item.get("Available", True)


def _reference_depths(resources: t.Sequence[Resource]) -> list[int]:
    """How many references of its own kind each resource stands on, within the given ones."""
    places = {
        (resource.kind, name): index
        for index, resource in enumerate(resources)
        for name in (str(resource.spec.get("Name")), models.key_of(resource.kind, resource.spec))
    }
    below = [
        [
            places[(kind, name)]
            for member, kind in models.get(resource.kind).references.items()
            for name in _names(resource.spec.get(member))
            if places.get((kind, name), index) != index
        ]
        for index, resource in enumerate(resources)
    ]
    depths: dict[int, int] = {}
    for first in range(len(resources)):
        path = {first: None}
        while path:
            index = next(reversed(path))
            # what is on the path already closes a circle, which is the server's to refuse
            deeper = next(
                (place for place in below[index] if place not in depths and place not in path), None
            )
            if deeper is None:
                depths[index] = max((depths.get(place, 0) + 1 for place in below[index]), default=0)
                del path[index]
            else:
                path[deeper] = None
    return [depths[index] for index in range(len(resources))]


def _names(value: t.Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value)] if value else []
