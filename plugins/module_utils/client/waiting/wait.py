# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for objects to reach a state, by events instead of polling.

Subscribe, then read, then follow the events.  An event carries the object as it was after the change,
which counts as much as a read of it: a value that flips and flips back is not missed, and nothing is asked
of the server while it tells.  After a gap, an overflow, and once a minute all the same (a server drops
events silently), what is still waited for is read again.  One socket serves any number of objects.
"""

from __future__ import annotations

import collections
import random
import threading
import time
import typing as t

from .. import models
from ..errors import ApiError, CertificateRejected, ConnectionFailed, DrpError, NotFound, UnreadableAnswer
from ..events.stream import EventStream
from ..events.subscription import Gap, Subscription
from ..models import key_of
from . import reading
from .first_read import SINGLE_CHECK_TIMEOUT
from .predicates import Condition, and_items, equal_item, not_item, or_items
from .watch import COMPLETE, DELETED, FAILED, KINDS_WITH_JOB, RUNNERS, Watch

if t.TYPE_CHECKING:
    from ..client import Client

Object = dict[str, t.Any]

TIMEOUT = "timeout"
INTERRUPT = "interrupt"
RECHECK_INTERVAL = 60.0
_QUEUE_SIZE = 2000
_READ_TIMEOUT = 30.0
_MAX_BACKOFF = 5.0
_MAX_KEY_BYTES = 400
"""Bytes; a longer one does not fit into a pattern."""
_MAX_SLEEP = 3600.0
_FINAL_READ_BEFORE = 2.0
"""So long before the deadline, at most, everything is read once more."""
_SLOW_READ_AFTER = 1.0
_DISCOVERY_INTERVAL = 1.0


class Waiter:
    """Waits until ``required_count`` of ``watches`` (all by default) are complete, or no longer can be.

    ``discover`` makes the set an open one, which requires ``required_count``: it is called for the watches
    of all objects that belong to the set whenever one may have been added.  After
    :meth:`run` each watch holds its outcome.
    """

    def __init__(
        self,
        client: Client,
        watches: t.Iterable[Watch],
        timeout: float,
        *,
        required_count: int | None = None,
        stable_for: float = 0.0,
        recheck_interval: float = RECHECK_INTERVAL,
        discover: t.Callable[[Client], t.Iterable[Watch]] | None = None,
        kind: str = "",
        started: float | None = None,
    ) -> None:
        """Times are seconds.  ``kind`` is that of an open set, which may be empty at first.  ``started`` is
        when the wait began by the monotonic clock, if that was before now.

        A watch may come with the ``item`` as just read; when that is enough, no stream is opened.
        """
        self.watches: dict[tuple[str, str], Watch] = {}
        self._client = client
        self._started = time.monotonic() if started is None else started
        self._deadline = self._started + max(timeout, 0.0)
        self._final_read_at = self._deadline - min(_FINAL_READ_BEFORE, timeout / 4)
        self._hard_deadline = self._deadline if timeout > 0 else self._started + SINGLE_CHECK_TIMEOUT
        self._required_count = required_count
        self._stable_for = stable_for
        self._recheck_interval = recheck_interval
        self._discover = discover
        self._kind = kind
        self._error: BaseException | None = None
        self._read_error: DrpError | None = None
        self._read_started: float | None = None
        self._stop = threading.Event()
        self._done = threading.Event()
        self._stream: EventStream | None = None
        self._subscription: Subscription | None = None
        self._next_read = 0.0
        self._next_discovery = float("inf")
        self._backoff = 0.1
        self._add_watches(watches)

    # -- for users

    def run(self, on_tick: t.Callable[[Waiter], None] | None = None, tick_interval: float = 1.0) -> str:
        """``complete``, ``failed``, ``deleted``, ``timeout`` or ``interrupt``; never later than its deadline.

        A time-out of 0 means one look.  What the caller has just read may be enough; all other work is done
        in a thread of its own, which is left behind if it hangs.  ``on_tick`` is called about every
        ``tick_interval`` seconds.  Raises what the first connection or read raises, and later only what
        waiting cannot mend, such as credentials that are no longer accepted.
        """
        for watch in self._pending():
            if watch.item is not None and not watch.job_is_unread:
                watch.evaluate(time.monotonic(), self._stable_for)
        if self.outcome():
            return self.outcome()
        threading.Thread(target=self._run_thread, name="drp-wait", daemon=True).start()
        try:
            while not self._done.wait(self._seconds_left(tick_interval if on_tick else None)):
                if self._seconds_left(None) <= 0:
                    break
                if on_tick:
                    on_tick(self)
        except KeyboardInterrupt:
            return INTERRUPT
        finally:
            self._stop.set()
            if self._subscription is not None:
                self._subscription.end(None)
        if self._error is not None:
            raise self._error
        return self.outcome() or TIMEOUT

    @property
    def seconds(self) -> float:
        """How long it has waited so far."""
        return time.monotonic() - self._started

    @property
    def read_error(self) -> DrpError | None:
        """Why the server cannot be read at present."""
        asked_at = self._read_started
        silence = 0.0 if asked_at is None else time.monotonic() - asked_at
        if silence < _SLOW_READ_AFTER:
            return self._read_error
        return ConnectionFailed(f"{self._client.endpoint} has not answered for {silence:.0f} s")

    @property
    def needed(self) -> int:
        """How many objects have to be complete."""
        return len(self.watches) if self._required_count is None else self._required_count

    def outcome(self) -> str:
        """The outcome of the whole wait; "" while it is open."""
        counted = collections.Counter(watch.outcome for watch in list(self.watches.values()))
        if counted[COMPLETE] >= self.needed:
            return COMPLETE
        lost = counted[FAILED] + counted[DELETED]
        if self._discover is None and len(self.watches) - lost < self.needed:
            return FAILED if counted[FAILED] else DELETED
        return ""

    # -- the thread

    def _run_thread(self) -> None:
        try:
            self._read_without_stream()
            if self.outcome() or self._deadline == self._started:
                return
            self._stream = self._connect()
            self._subscription = self._stream.register(*self._patterns(), queue_size=_QUEUE_SIZE)
            self._follow_events(self._subscription)
        except BaseException as error:
            self._error = error
        finally:
            # the caller does not wait for the closing as well
            self._done.set()
            if self._stream is not None:
                self._stream.close()

    def _read_without_stream(self) -> None:
        """Read what may make a stream needless: jobs of the objects that were given, and all for one look."""
        if self._deadline == self._started:
            unread = [watch for watch in self._pending() if watch.item is None]
            reading.read(self._client, unread, self._stable_for)
        lacking = [watch for watch in self._pending() if watch.job_is_unread]
        reading.read_jobs(self._client, lacking, self._stable_for)

    def _connect(self) -> EventStream:
        """An event stream, with as many tries as any request gets."""
        pauses = () if self._client.fail_fast else self._client.transport.retry.delays[:-1]
        for pause in pauses:
            try:
                return self._client.events()
            except DrpError as error:
                if not _is_transient(error) or self._stop.wait(pause):
                    raise
        return self._client.events()

    def _follow_events(self, subscription: Subscription) -> None:
        reader = self._client.with_timeout(_READ_TIMEOUT)
        self._read_or_schedule_retry(reader)
        while not self._stop.is_set() and not self.outcome():
            now = time.monotonic()
            if now >= self._deadline:
                return
            wake = min(self._deadline, self._next_read, self._next_discovery, self._next_stable())
            received = subscription.get(max(wake - now, 0.0))
            if received is None:
                if subscription.ended:
                    return
                self._on_timer(reader)
            elif received.error is None:
                self._on_event(reader, received.event)
            elif isinstance(received.error, Gap):
                for watch in self._pending():
                    watch.met_since = None  # what was not seen may have been a break
                self._read_or_schedule_retry(reader)
            else:
                raise received.error

    def _on_timer(self, client: Client) -> None:
        now = time.monotonic()
        if now >= self._next_read or now >= self._next_discovery:
            self._read_or_schedule_retry(client)
            return
        for watch in self._pending():
            if self._can_confirm() and watch.is_stable(now, self._stable_for):
                self._confirm(client, watch)

    def _can_confirm(self) -> bool:
        """Whether a break would have been noticed: events come, and reads work."""
        return self._read_error is None and self._stream is not None and self._stream.connected

    def _confirm(self, client: Client, watch: Watch) -> None:
        """One more look before what has held for long enough counts as complete."""
        read = self._try_read(lambda: reading.read_one(client, watch, self._stable_for))
        if read and watch.is_stable(time.monotonic(), self._stable_for):
            watch.outcome = COMPLETE

    def _on_event(self, client: Client, event: Object) -> None:
        """An event: what it says of an object that is waited for."""
        kind, item = str(event.get("Type")), event.get("Object")
        # the server tells the key of a lease or a reservation in another spelling than its address
        key = key_of(kind, item) if isinstance(item, dict) else ""
        if kind == "jobs" and isinstance(item, dict):
            for holder in self._holders_of(item):
                holder.observe_job(item, time.monotonic(), self._stable_for)
        watch = self.watches.get((kind, key or str(event.get("Key"))))
        if watch is None:
            if self._discover is not None and kind == self._kind:
                self._next_discovery = min(self._next_discovery, time.monotonic() + _DISCOVERY_INTERVAL)
            return
        if event.get("Action") == "delete":
            watch.observe(None, time.monotonic(), self._stable_for)
        elif isinstance(item, dict) and key:
            watch.observe(item, time.monotonic(), self._stable_for)
            if watch.pending and watch.job_is_unread:
                self._try_read(lambda: reading.read_jobs(client, [watch], self._stable_for))
        elif watch.pending:
            self._try_read(lambda: reading.read_one(client, watch, self._stable_for))

    # -- reading

    def _read_or_schedule_retry(self, client: Client) -> None:
        if self._try_read(lambda: self._read(client)):
            self._schedule_next_read()

    def _try_read(self, read: t.Callable[[], None]) -> bool:
        """Read; when that fails in a way that may pass, plan to try again soon."""
        self._read_started = time.monotonic()
        try:
            read()
        except DrpError as error:
            if not _is_transient(error):
                raise
            self._read_error = error
            self._next_read = time.monotonic() + random.uniform(0.5, 1.0) * self._backoff
            self._backoff = min(2 * self._backoff, _MAX_BACKOFF)
            return False
        finally:
            self._read_started = None
        self._read_error = None
        self._backoff = 0.1
        return True

    def _read(self, client: Client) -> None:
        """Read everything that is still waited for."""
        if self._discover is not None:
            self._next_discovery = float("inf")
            self._add_watches(self._discover(client))
        reading.read(client, self._pending(), self._stable_for)

    # -- what and when

    def _add_watches(self, watches: t.Iterable[Watch]) -> None:
        for watch in watches:
            self.watches.setdefault((watch.kind, watch.key), watch)

    def _holders_of(self, job: Object) -> list[Watch]:
        """The watches that the job may be the current one of."""
        keys = [(kind, str(job.get("Machine"))) for kind in RUNNERS]
        found = map(self.watches.get, [*keys, ("work_orders", str(job.get("WorkOrder")))])
        return [watch for watch in found if watch is not None and watch.with_job]

    def _pending(self) -> list[Watch]:
        return [watch for watch in self.watches.values() if watch.pending]

    def _patterns(self) -> list[str]:
        """Each object by its key while they are few, else all of a kind."""
        by_kind: dict[str, list[str]] = collections.defaultdict(list)
        for kind, key in self.watches:
            by_kind[kind].append(key)
        patterns = []
        for kind, keys in by_kind.items():
            for key in keys if self._discover is None and _can_subscribe_by_key(kind, keys) else ["*"]:
                patterns += [f"{kind}.{action}.{key}" for action in ("update", "save", "delete")]
        if self._discover is not None:
            patterns += [f"{self._kind}.{action}.*" for action in ("create", "update", "save", "delete")]
        if any(watch.with_job for watch in self.watches.values()) or self._kind in KINDS_WITH_JOB:
            patterns += ["jobs.create.*", "jobs.update.*"]
        return list(dict.fromkeys(patterns))

    def _schedule_next_read(self) -> None:
        now = time.monotonic()
        self._next_read = now + self._recheck_interval
        if now < self._final_read_at < self._next_read:
            self._next_read = self._final_read_at

    def _next_stable(self) -> float:
        if self._stable_for <= 0 or not self._can_confirm():
            return float("inf")
        held = [watch.met_since for watch in self._pending() if watch.met_since is not None]
        return min(held, default=float("inf")) + self._stable_for

    def _seconds_left(self, at_most: float | None) -> float:
        """Seconds that may still be waited."""
        left = min(max(self._hard_deadline - time.monotonic(), 0.0), _MAX_SLEEP)
        return left if at_most is None else min(left, at_most)


def wait_for(
    client: Client,
    kind: str,
    item: Object,
    test: Condition,
    timeout: float = 86400.0,
    fail_when: Condition | None = None,
) -> str:
    """Wait until ``test`` holds for the object; ``item``, which needs its key, is brought up to date.

    Returns ``complete``, ``failed`` (``fail_when`` held), ``deleted``, ``timeout`` or ``interrupt``.
    Raises NotFound when there is no such object to begin with.
    """
    watch = Watch(kind, key_of(kind, item), test, fail_when)
    outcome = Waiter(client, [watch], timeout).run()
    if watch.item is not None:
        item.update(watch.item)
    elif outcome == DELETED:
        raise NotFound("Not Found", model=kind, key=watch.key, type="GET", code=404)
    return outcome


def _can_subscribe_by_key(kind: str, keys: list[str]) -> bool:
    """Whether the events of these objects can be asked for by key: they are few, and told by that key."""
    longest = max(len(key.encode()) for key in keys)
    return (
        len(keys) <= reading.MAX_SINGLE_READS and longest <= _MAX_KEY_BYTES and models.get(kind).key != "Addr"
    )


def _is_transient(error: DrpError) -> bool:
    """Whether a retry may succeed: the server is down, busy or starting."""
    if isinstance(error, ApiError):
        return isinstance(error, UnreadableAnswer) or error.code in (429, *range(500, 600))
    return isinstance(error, ConnectionFailed) and not isinstance(error, CertificateRejected)


__all__ = [
    "COMPLETE", "DELETED", "FAILED", "INTERRUPT", "TIMEOUT", "Waiter", "Watch",
    "and_items", "equal_item", "not_item", "or_items", "wait_for",
]  # fmt: skip
