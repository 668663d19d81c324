# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Long lists in pieces: nothing is lost or doubled while objects come and go between two requests.

An offset shifts under its reader: an object that is deleted behind it makes the next page skip one.  So a
page begins after the last key of the one before, wherever that has moved.  Machines and jobs have random
keys; the rest of their list is cut into ranges of keys that are read side by side.
"""

from __future__ import annotations

import threading
import typing as t

from . import filters, limits, models
from .errors import UnreadableAnswer

Object = dict[str, t.Any]
Objects = list[Object]
Page = tuple[Objects, t.Mapping[str, str]]
FetchPage = t.Callable[[filters.QueryPairs], Page]
"""Sends the query of a list: the objects and the headers of the answer."""

_NOT_IN_KEY_ORDER = {"sort", "reverse", "Key"}
"""Words with which the list is not in the order of its keys, or a filter of our own would mean another."""
_WITHOUT_INDEXES = {"interfaces", "plugin_providers", "preferences"}
_KEY_SPACE = 1 << 128
_FILL_RATIO = 0.85
"""How full a range is planned: random keys are not spread evenly, and an overfull range costs a request."""
_MAX_RANGES = 1000


class Budget:
    """What the pages of one list may bring before it is no list any more: bytes, and repetitions.

    Safe to share between threads.
    """

    def __init__(self, kind: str, max_bytes: int) -> None:
        self._kind = kind
        self._key = models.get(kind).key
        self._left = max_bytes
        self._repeated = 0
        self._seen: set[t.Any] = set()
        self._lock = threading.Lock()

    def take(self, page: Objects, headers: t.Mapping[str, str], size: int) -> Page:
        """The page; UnreadableAnswer when it is too much of it, or the same ones come again and again."""
        keys = {str(item.get(self._key) or "") for item in page}
        with self._lock:
            self._left -= size
            self._repeated += bool(page) and keys <= self._seen
            self._seen |= keys - {""}
            left, repeated = self._left, self._repeated
        if left < 0:
            raise self._error("is larger than all that is taken", f"; {limits.SIZE_VARIABLE} can allow more")
        if repeated > limits.REPEATED_PAGES:
            raise self._error("does not end: the same objects come again and again", "")
        return page, headers

    def _error(self, why: str, advice: str) -> UnreadableAnswer:
        return UnreadableAnswer(f"the list of {self._kind} {why}{advice}", type="GET", code=200)


def read(
    fetch_page: FetchPage, kind: str, query: filters.QueryPairs, size: int | None, workers: int = 1
) -> Objects:
    """All objects of the query, each once, in the order of the server.

    In one request unless ``size`` is given: a server sorts the whole set for each page.  ``workers``
    requests run at a time where the kind allows it; ``fetch_page`` must then be thread-safe.
    """
    if not size:
        return _read_unpaged(fetch_page, kind, query)
    if kind in _WITHOUT_INDEXES or _NOT_IN_KEY_ORDER & {name for name, _value in query}:
        return _deduplicated(kind, _read_by_offset(fetch_page, query, size, 0))
    if workers < 2 or models.get(kind).key != "Uuid":
        return _deduplicated(kind, _read_by_key(fetch_page, kind, query, size))
    return _deduplicated(kind, _read_by_ranges(fetch_page, query, size, workers))


def _read_unpaged(fetch_page: FetchPage, kind: str, query: filters.QueryPairs) -> Objects:
    page, headers = fetch_page(query)
    total = limits.count_in_header(
        headers.get("X-DRP-LIST-FILTER-COUNT") or ("" if query else headers.get("X-DRP-LIST-TOTAL-COUNT"))
    )
    found, last = page, page
    while last and total is not None and len(found) < total:
        # some servers cap a list that names no limit
        last, _headers = fetch_page([*query, ("offset", str(len(found)))])
        found = found + last
    names = [name for name, _value in query]
    # alternatives for one name may return an object twice
    return found if found is page and len(set(names)) == len(names) else _deduplicated(kind, found)


def _deduplicated(kind: str, items: t.Iterable[Object]) -> Objects:
    key_field = models.get(kind).key
    seen: set[t.Any] = set()
    found = []
    for item in items:
        key = item.get(key_field)
        if not key or key not in seen:
            seen.add(key)
            found.append(item)
    return found


def _read_by_offset(
    fetch_page: FetchPage, query: filters.QueryPairs, size: int, start: int
) -> t.Iterator[Object]:
    while True:
        page, _headers = fetch_page([*query, ("offset", str(start)), ("limit", str(size))])
        yield from page
        start += len(page)
        if len(page) < size:
            return


def _read_by_key(
    fetch_page: FetchPage, kind: str, query: filters.QueryPairs, size: int
) -> t.Iterator[Object]:
    """Each page from behind the last key of the one before it."""
    read_so_far = 0
    after: filters.QueryPairs = []
    while True:
        page, _headers = fetch_page([*query, *after, ("limit", str(size))])
        yield from page
        read_so_far += len(page)
        if len(page) < size:
            return
        key = models.key_of(kind, page[-1])
        if not key or ")" in key:  # no filter can say it
            yield from _read_by_offset(fetch_page, query, size, read_so_far)
            return
        after = [("Key", filters.expression("Gt", key))]


def _read_by_ranges(
    fetch_page: FetchPage, query: filters.QueryPairs, size: int, workers: int
) -> t.Iterator[Object]:
    """The first page alone, which tells how dense the keys lie, then the rest in ranges of keys."""
    page, headers = fetch_page([*query, ("limit", str(size))])
    yield from page
    if len(page) < size:
        return
    last = _number_of(page[-1])
    if last is None:
        yield from _read_by_offset(fetch_page, query, size, len(page))
        return
    import concurrent.futures  # large, and few lists are that long

    ranges = _ranges(last + 1, _estimated_remaining(last, len(page), headers), size)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for part in pool.map(lambda span: list(_read_range(fetch_page, query, size, *span)), ranges):
            yield from part


def _estimated_remaining(last: int, read_so_far: int, headers: t.Mapping[str, str]) -> int:
    """About how many objects follow: as dense as so far, but no more than the server has in all."""
    by_density = read_so_far * (_KEY_SPACE - last) // max(last, 1)
    total = limits.count_in_header(
        headers.get("X-DRP-LIST-FILTER-COUNT") or headers.get("X-DRP-LIST-TOTAL-COUNT")
    )
    return by_density if total is None else min(by_density, total - read_so_far)


def _ranges(start: int, expected: int, size: int) -> list[tuple[int, int]]:
    """The keys from ``start`` to the last possible one, in spans of about a page each."""
    if start >= _KEY_SPACE:
        return []
    count = min(max(-(-expected // max(int(size * _FILL_RATIO), 1)), 1), _MAX_RANGES)
    edges = [start + (_KEY_SPACE - start) * number // count for number in range(count + 1)]
    return [(low, high - 1) for low, high in zip(edges, edges[1:])]


def _read_range(
    fetch_page: FetchPage, query: filters.QueryPairs, size: int, low: int, high: int
) -> t.Iterator[Object]:
    while low <= high:
        span = filters.expression("Between", _uuid(low), _uuid(high))
        page, _headers = fetch_page([*query, ("Key", span), ("limit", str(size))])
        yield from page
        if len(page) < size:
            return
        low = _key_behind(page[-1], low)


def _key_behind(last: Object, low: int) -> int:
    """Where the next page of a range begins; UnreadableAnswer when the server stays where it was."""
    number = _number_of(last)
    if number is None or number < low:
        raise UnreadableAnswer("a page of the list is not in the order of its keys", type="GET", code=200)
    return number + 1


def _number_of(item: Object) -> int | None:
    import uuid

    try:
        return uuid.UUID(item["Uuid"]).int
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _uuid(number: int) -> str:
    import uuid

    return str(uuid.UUID(int=number))
