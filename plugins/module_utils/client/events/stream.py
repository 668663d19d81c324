# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What happens on the server, as it happens: the event stream, and posting events of one's own.

One websocket carries the events of any number of subscriptions.  The server keeps nothing for a listener
that is away, and drops events silently when one is slow, so a stream is never the whole truth: each
subscription is told when something may be missing (a :class:`Gap`), and its reader then looks for itself.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import random
import selectors
import socket
import threading
import time
import typing as t

from .. import limits
from ..errors import CertificateRejected, ConnectionFailed, DrpError, LoginRequired, NotPermitted, UsageError
from ..protocols import Connector, Sender
from ..request import Request
from .channel import Channel, open_channel
from .subscription import Gap, ReceivedEvent, Subscription, check_pattern

Object = dict[str, t.Any]

INTERNAL_HANDLE = 1
"""Taken by the acknowledgements, ``websocket.*.*``; the handles of others follow."""
QUEUE_SIZE = 100
_FATAL_ERRORS = (CertificateRejected, LoginRequired, NotPermitted, UsageError)
_MIN_RECONNECT_DELAY, _MAX_RECONNECT_DELAY = 0.05, 15.0
_CLOSING_POLL = 0.25
_STABLE_AFTER = 10.0
"""A connection that lasted so many seconds is replaced at once; one that did not, after a growing delay."""


class StreamTimeouts(t.NamedTuple):
    """Seconds."""

    connect: float = 30.0
    acknowledgement: float = 30.0
    repeat: float = 2.0
    """A registration that is not acknowledged within so long is sent again, after twice as long once more."""
    ping_after: float = 60.0
    """The server pings every 54 s; after so long without a frame we ping it ourselves."""
    answer: float = 10.0
    """So long it may take to answer our ping; then the connection counts as lost."""


class _Repeat:
    """When to say something once more: after ``first`` seconds, and each time after twice as long."""

    def __init__(self, first: float) -> None:
        self._pause = first
        self._at = time.monotonic() + first

    def due(self) -> bool:
        """Whether it is time; counts as done then."""
        if time.monotonic() < self._at:
            return False
        self._pause *= 2
        self._at = time.monotonic() + self._pause
        return True

    @property
    def seconds_left(self) -> float:
        return max(self._at - time.monotonic(), 0.0)


class EventStream:
    """Events from one endpoint; safe to share between threads.  A thread of its own reads the socket.

    A lost connection is replaced with jittered delays of at most 15 s, all patterns are registered again,
    and then each subscription gets a :class:`Gap`.  Only what trying again cannot mend ends the stream:
    every subscription then gets the error and ends.
    """

    def __init__(self, client: Connector, timeouts: StreamTimeouts | None = None) -> None:
        """Connects; raises what :func:`.channel.open_channel` raises."""
        self._client = client
        self._timeouts = timeouts or StreamTimeouts()
        self._condition = threading.Condition()
        self._subscriptions: dict[int, Subscription] = {}
        self._next_handle = INTERNAL_HANDLE + 1
        self._command_queue: collections.deque[str] = collections.deque()
        self._pending_acknowledgements: collections.Counter[str] = collections.Counter()
        """Acknowledgements of ``register`` that are still to come on this connection."""
        self._error: DrpError | None = None
        self._closing = threading.Event()
        self._reconnect_delay = 0.0
        self.connected = True
        """Whether events come; False from the loss of a connection until the gap has been reported."""
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self._wake_sender.setblocking(False)
        self._wake_receiver.setblocking(False)
        self._channel = self._open()
        self._connected_since = time.monotonic()
        self._thread = threading.Thread(target=self._run_thread, name="drp-events", daemon=True)
        self._thread.start()

    # -- for users

    def register(self, *patterns: str, queue_size: int = QUEUE_SIZE) -> Subscription:
        """A new subscription to ``type.action.key`` patterns, each part literal or ``*``.

        Returns when the server has acknowledged: later events will be received.  UsageError for
        a pattern that would crash a v3.12 server; ConnectionFailed without an acknowledgement in time.
        """
        with self._condition:
            self._require_open()
            subscription = Subscription(self._next_handle, queue_size)
            self._next_handle += 1
            self._subscriptions[subscription.handle] = subscription
        try:
            self.subscribe(subscription.handle, *patterns)
        except BaseException:
            with contextlib.suppress(UsageError):  # it has ended when the whole stream has
                self.deregister(subscription.handle)
            raise
        return subscription

    def subscribe(self, handle: int, *patterns: str) -> None:
        """Add patterns to a subscription; as :meth:`register`.  UsageError for an unknown handle."""
        for pattern in patterns:
            check_pattern(pattern)
        with self._condition:
            self._require_open()
            subscription = self._find_subscription(handle)
            for pattern in dict.fromkeys(patterns):
                if pattern not in self._registered_patterns():
                    self._enqueue_command(f"register {pattern}")
                subscription.patterns.add(pattern)
        self._wait_for_acknowledgements(patterns)

    def deregister(self, handle: int) -> None:
        """End a subscription; patterns that no other subscription holds are deregistered at the server."""
        with self._condition:
            subscription = self._find_subscription(handle)
            del self._subscriptions[handle]
            for pattern in subscription.patterns - self._registered_patterns():
                self._enqueue_command(f"deregister {pattern}")
        subscription.end(None)

    def close(self) -> None:
        """End all subscriptions and the connection.  May be called twice."""
        self._closing.set()
        self._wake_thread()
        if threading.current_thread() is not self._thread:
            self._thread.join(self._timeouts.answer)

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    # -- shared between threads; called with the lock held

    def _require_open(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closing.is_set():
            raise UsageError("the event stream is closed")

    def _find_subscription(self, handle: int) -> Subscription:
        try:
            return self._subscriptions[handle]
        except KeyError:
            raise UsageError(f"No such handle {handle}") from None

    def _registered_patterns(self) -> set[str]:
        return {pattern for each in self._subscriptions.values() for pattern in each.patterns}

    def _enqueue_command(self, command: str) -> None:
        verb, _space, pattern = command.partition(" ")
        if verb == "register":
            self._pending_acknowledgements[pattern] += 1
        else:
            # an acknowledgement that got lost must not be waited for when it is registered again
            self._pending_acknowledgements.pop(pattern, None)
        self._command_queue.append(command)
        self._wake_thread()

    def _wake_thread(self) -> None:
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"!")

    # -- acknowledgements

    def _wait_for_acknowledgements(self, patterns: t.Iterable[str]) -> None:
        deadline = time.monotonic() + self._timeouts.acknowledgement
        repeat = _Repeat(self._timeouts.repeat)
        with self._condition:
            while True:
                self._require_open()
                missing = [pattern for pattern in patterns if self._pending_acknowledgements[pattern] > 0]
                left = deadline - time.monotonic()
                if not missing:
                    return
                if left <= 0:
                    raise ConnectionFailed(
                        f"{self._client.endpoint} did not acknowledge the subscription to "
                        f"{', '.join(missing)} within {self._timeouts.acknowledgement:g} s"
                    )
                if repeat.due():
                    # the server ignores what it has already, and acknowledges it all the same
                    self._command_queue.extend(f"register {pattern}" for pattern in missing)
                    self._wake_thread()
                self._condition.wait(min(left, repeat.seconds_left))

    def _acknowledge(self, pattern: str) -> None:
        with self._condition:
            if self._pending_acknowledgements[pattern] > 0:
                self._pending_acknowledgements[pattern] -= 1
            self._condition.notify_all()

    # -- the thread of the socket

    def _open(self) -> Channel:
        return open_channel(self._client, self._timeouts.connect)

    def _run_thread(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    self._exchange_frames(self._channel)
                except ConnectionFailed as lost:
                    self.connected = False
                    self._channel.close()
                    self._reconnect(lost)
        except DrpError as error:
            self._error = error
        except Exception as error:  # every waiting reader must get the error, whatever it is
            self._error = ConnectionFailed(f"the event stream failed: {error}")
        finally:
            self._shut_down()

    def _exchange_frames(self, channel: Channel) -> None:
        """Send what is to be sent and hand out what comes, until the connection is lost or not wanted."""
        with selectors.DefaultSelector() as selector:
            selector.register(channel.fileno(), selectors.EVENT_READ)
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            pinged = False
            while not self._closing.is_set():
                timeout = self._timeouts.answer if pinged else self._timeouts.ping_after
                ready = [] if channel.ready() else selector.select(timeout)
                if not ready and not channel.ready():
                    if pinged:
                        raise ConnectionFailed(f"the server did not answer a ping within {timeout:g} s")
                    channel.ping()
                    pinged = True
                    continue
                keys = {key.fileobj for key, _events in ready}
                if self._wake_receiver in keys:
                    self._drain_wake_receiver()
                    self._send_commands(channel)
                if channel.ready() or channel.fileno() in keys:
                    pinged = False
                    self._dispatch_frame(channel.receive())

    def _drain_wake_receiver(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_receiver.recv(4096):
                pass

    def _send_commands(self, channel: Channel) -> None:
        while True:
            with self._condition:
                if not self._command_queue:
                    return
                command = self._command_queue[0]
            channel.send(command)
            with self._condition:
                # unless a reconnect has emptied the queue meanwhile
                if self._command_queue and self._command_queue[0] is command:
                    self._command_queue.popleft()

    def _dispatch_frame(self, frame: bytes | None) -> None:
        """Hand a frame to each subscription it matches, once."""
        if frame is None:
            return
        try:
            event = limits.decode_json(frame.decode("utf-8"))
            triple = str(event["Type"]), str(event["Action"]), str(event["Key"])
        except (ValueError, TypeError, KeyError):
            self._publish_gap(Gap("an event could not be read"))
            return
        if triple[:2] == ("websocket", "register"):
            self._acknowledge(triple[2])
        with self._condition:
            receivers = [each for each in self._subscriptions.values() if each.matches(triple)]
        for each in receivers:
            each.put(ReceivedEvent(event))

    def _reconnect(self, lost: ConnectionFailed) -> None:
        """A new connection with everything registered; reports the gap after the acknowledgement."""
        if time.monotonic() >= self._connected_since + _STABLE_AFTER:
            self._reconnect_delay = 0.0
        while not self._closing.wait(random.uniform(0.5, 1.0) * self._reconnect_delay):
            self._reconnect_delay = min(
                max(2 * self._reconnect_delay, _MIN_RECONNECT_DELAY), _MAX_RECONNECT_DELAY
            )
            try:
                self._channel = self._open()
                self._register_all()
                break
            except _FATAL_ERRORS:
                raise
            except DrpError:
                self._channel.close()
        self._connected_since = time.monotonic()
        self._publish_gap(Gap(f"the event stream was interrupted: {lost.messages[0]}"))
        self.connected = True

    def _register_all(self) -> None:
        """Register what is held on the new connection, and wait until the server has taken it all."""
        with self._condition:
            self._command_queue.clear()
            held = self._registered_patterns()
            self._pending_acknowledgements = collections.Counter(held)
        for pattern in sorted(held):
            self._channel.send(f"register {pattern}")
        deadline = time.monotonic() + self._timeouts.acknowledgement
        repeat = _Repeat(self._timeouts.repeat)
        while missing := [pattern for pattern in held if self._pending_acknowledgements[pattern] > 0]:
            if repeat.due():
                for pattern in missing:
                    self._channel.send(f"register {pattern}")
            if self._closing.is_set() or time.monotonic() > deadline:
                raise ConnectionFailed("the subscriptions were not acknowledged after a reconnect")
            if self._channel.wait_readable(min(repeat.seconds_left, _CLOSING_POLL)):
                self._dispatch_frame(self._channel.receive())

    def _publish_gap(self, gap: Gap) -> None:
        with self._condition:
            subscriptions = list(self._subscriptions.values())
        for each in subscriptions:
            each.put(ReceivedEvent({}, gap))

    def _shut_down(self) -> None:
        self._channel.close()
        self._closing.set()
        with self._condition:
            subscriptions = list(self._subscriptions.values())
            self._subscriptions.clear()
            self._condition.notify_all()
        for each in subscriptions:
            each.end(self._error)
        self._wake_sender.close()
        self._wake_receiver.close()


def post_event(
    client: Sender, kind: str, action: str, key: str, value: t.Any = None, when: str | None = None
) -> None:
    """Publish an event; needs the claim ``events post *``.

    The server puts the caller's name in.  ``when`` is an RFC 3339 time, now by default: the server
    would hand an event without one to its listeners with the year 1.
    """
    for name, part in (("type", kind), ("action", action), ("key", key)):
        if not part:
            raise UsageError(f"event: {name} must not be empty")
    if when is None:
        when = datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    event = {"Time": when, "Type": kind, "Action": action, "Key": key, "Object": value}
    Request(client).post(event).url_for("events").do()
