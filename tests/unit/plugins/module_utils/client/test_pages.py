# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists in pieces, read from a server whose objects come and go between the requests."""

from __future__ import annotations

import threading
import typing as t
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import filters, pages

Query = filters.QueryPairs


class Server:
    """Answers lists as a DRP server does; ``between`` runs after each answer."""

    def __init__(
        self,
        keys: t.Iterable[str],
        field: str = "Uuid",
        between: t.Callable[[Server], None] = lambda server: None,
        counts: str = "X-DRP-LIST-TOTAL-COUNT",
    ) -> None:
        self.keys = set(keys)
        self.field = field
        self.between = between
        self.counts = counts
        self.queries: list[dict[str, str]] = []
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()

    def __call__(self, query: Query) -> pages.Page:
        with self.lock:
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
        threading.Event().wait(0.001)
        with self.lock:
            asked = dict(query)
            self.queries.append(asked)
            found = [key for key in sorted(self.keys) if _selected(key, asked.get("Key", ""))]
            found = found[int(asked.get("offset", 0)) :]
            if "limit" in asked:
                found = found[: int(asked["limit"])]
            headers = {self.counts: str(len(self.keys))}
            self.between(self)
            self.busy -= 1
        return [{self.field: key} for key in found], headers


def _selected(key: str, wanted: str) -> bool:
    operator, _bracket, values = wanted.rstrip(")").partition("(")
    if operator == "Gt":
        return key > values
    if operator == "Between":
        low, high = values.split(",")
        return low <= key <= high
    return True


def keys_of(items: pages.Objects, field: str = "Uuid") -> list[str]:
    return [item[field] for item in items]


def uuids(count: int) -> list[str]:
    return [str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number))) for number in range(count)]


def test_one_request_without_a_size() -> None:
    server = Server(uuids(50))
    assert keys_of(pages.read(server, "machines", [], None)) == sorted(server.keys)
    assert server.queries == [{}]


def test_a_server_that_caps_its_lists_is_asked_again() -> None:
    class Capped(Server):
        def __call__(self, query: Query) -> pages.Page:
            page, headers = super().__call__(query)
            return page[:20], headers

    server = Capped(uuids(50))
    assert keys_of(pages.read(server, "machines", [], None)) == sorted(server.keys)
    assert len(server.queries) == 3


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 100, 101])
def test_pages(count: int, workers: int) -> None:
    server = Server(uuids(count))
    assert keys_of(pages.read(server, "machines", [], 10, workers)) == sorted(server.keys)
    assert all(query["limit"] == "10" for query in server.queries)


def test_pages_side_by_side() -> None:
    server = Server(uuids(2000))
    found = pages.read(server, "machines", [], 100, 4)
    assert keys_of(found) == sorted(server.keys)
    assert 1 < server.most_busy <= 4
    assert len(server.queries) <= 2000 / 100 * 1.6
    assert not any("offset" in query for query in server.queries)


@pytest.mark.parametrize(
    "keys",
    [
        [f"00000000-0000-0000-0000-{number:012x}" for number in range(300)],
        [f"ffffffff-ffff-ffff-ffff-{(1 << 48) - 1 - number:012x}" for number in range(300)],
        ["00000000-0000-0000-0000-000000000000", *uuids(299)],
        [*uuids(299), "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    ],
    ids=["low", "high", "lowest", "highest"],
)
def test_keys_that_are_not_random(keys: list[str]) -> None:
    server = Server(keys)
    assert keys_of(pages.read(server, "machines", [], 20, 4)) == sorted(keys)
    assert len(server.queries) < 100


def test_without_counts_of_the_server() -> None:
    server = Server(uuids(1000), counts="X-Nothing")
    assert keys_of(pages.read(server, "machines", [], 100, 2)) == sorted(server.keys)


def test_keys_that_are_no_uuids() -> None:
    server = Server([f"key-{number:03d}" for number in range(50)])
    assert keys_of(pages.read(server, "machines", [], 20, 4)) == sorted(server.keys)


def test_kinds_that_are_keyed_by_name() -> None:
    names = [f"profile {number:03d}" for number in range(45)]
    server = Server(names, "Name")
    assert keys_of(pages.read(server, "profiles", [], 20, 4), "Name") == names
    assert [query.get("Key") for query in server.queries] == [None, "Gt(profile 019)", "Gt(profile 039)"]


def test_a_key_that_no_filter_can_say() -> None:
    names = [f"odd){number:03d}" for number in range(45)]
    server = Server(names, "Name")
    assert keys_of(pages.read(server, "profiles", [], 20), "Name") == names
    assert [query.get("offset") for query in server.queries] == [None, "20", "40"]


@pytest.mark.parametrize("word", ["sort", "reverse", "Key"])
def test_another_order_is_read_by_offset(word: str) -> None:
    server = Server(uuids(45))
    found = pages.read(server, "machines", [(word, "")], 20, 4)
    assert keys_of(found) == sorted(server.keys)
    assert [query["offset"] for query in server.queries] == ["0", "20", "40"]


def test_alternatives_come_once() -> None:
    def ask(query: Query) -> pages.Page:
        return [{"Uuid": "a"}, {"Uuid": "a"}, {"Uuid": "b"}], {}

    query = [("Name", "Eq(a)"), ("Name", "Between(a,b)")]
    assert keys_of(pages.read(ask, "machines", query, None)) == ["a", "b"]


@given(
    staying=st.sets(st.uuids(version=4).map(str), max_size=60),
    passing=st.lists(st.uuids(version=4).map(str), max_size=30, unique=True),
    size=st.integers(1, 20),
    workers=st.integers(1, 3),
    data=st.data(),
)
def test_what_stays_is_neither_lost_nor_doubled(
    staying: set[str], passing: list[str], size: int, workers: int, data: st.DataObject
) -> None:
    passing = [key for key in passing if key not in staying]
    gone_first = set(data.draw(st.lists(st.sampled_from(passing), max_size=30)) if passing else [])
    waiting = list(passing)

    def between(server: Server) -> None:
        if waiting:
            key = waiting.pop()
            (server.keys.discard if key in gone_first else server.keys.add)(key)

    server = Server(staying | gone_first, between=between)
    found = keys_of(pages.read(server, "machines", [], size, workers))
    assert len(found) == len(set(found))
    assert staying <= set(found) <= staying | set(passing)
