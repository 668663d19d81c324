# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries in words, and what is told when the server does not know one of them."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    NotFound,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources import listing, lookup
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.listing import Query

UUID = "3e7031fe-3062-45f1-835c-92541bc9cbd3"


class Server:
    """Answers lists with an error, and knows which objects there are and which may be seen."""

    def __init__(self, complaint: str = "", code: int = 406, indexed: bool = True) -> None:
        self.error = ApiError(complaint, model="machines", type="GET", code=code)
        self.indexed = indexed
        self.asked: list[tuple[str, str]] = []
        self.visible: dict[str, dict[str, t.Any]] = {}
        self.hidden: set[str] = set()

    def list(self, kind: str, *words: str, params: t.Any = None) -> list[dict[str, t.Any]]:
        self.asked.append(("list", kind))
        if self.error.messages[0]:
            raise self.error
        return list(self.visible.values())

    def indexes(self, kind: str) -> dict[str, t.Any]:
        if not self.indexed:
            raise NotFound("indexes get: not found", code=404)
        return {"Name": {}, "Stage": {}, "Key": {}}

    def find(self, kind: str, key: str) -> dict[str, t.Any] | None:
        self.asked.append(("find", key))
        return self.visible.get(key)

    def exists(self, kind: str, key: str) -> bool:
        self.asked.append(("exists", key))
        if key == "Name:broken":
            raise ApiError("", code=500)
        return key in self.hidden


def explained(complaint: str, kind: str = "machines", **more: t.Any) -> str:
    with pytest.raises(UsageError) as caught:
        listing.select(t.cast(t.Any, Server(complaint, **more)), kind, Query())
    return "; ".join(caught.value.messages)


def test_words() -> None:
    query = Query(
        {"Stage": "none", "Runnable": True, "Name": {"Between": ["a", "b"]}},
        sort=["Stage", "Name"],
        reverse=True,
        limit=3,
        offset=0,
        slim=["Meta", "Params"],
    )
    assert " ".join(query.words()) == (
        "Stage Eq none Runnable Eq true Name Between a b "
        "sort Name sort Stage reverse limit 3 offset 0 slim Meta,Params"
    )
    assert Query().words() == []


@pytest.mark.parametrize("page", [{"limit": -1}, {"offset": -1}])
def test_pages_are_not_negative(page: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(page))}: must not be negative"):
        Query(**page).words()


def test_unknown_indexes() -> None:
    assert explained("Filter not found: zzz") == (
        "filters: machines have no index zzz, and there is no param of that name. "
        "Indexes: Key, Name, Stage. Metadata is filtered as Meta.<key>"
    )
    assert explained("Filter not found: Nam", kind="tasks") == (
        "filters: tasks have no index Nam. Did you mean Name? Indexes: Key, Name, Stage. "
        "Metadata is filtered as Meta.<key>"
    )
    assert explained("Not sortable: rack") == "sort: machines have no index rack. Indexes: Key, Name, Stage"
    assert explained("Invalid UUID: x") == "filters: Invalid UUID: x"
    assert explained("Filter not found: a", indexed=False) == "filters: machines have no index a"


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ApiError) as caught:
        listing.select(t.cast(t.Any, Server("Cannot access", code=403)), "machines", Query())
    assert caught.value.code == 403


@pytest.mark.parametrize("query", [Query({"Name": "x"}), Query(limit=1), Query(sort=["Name"])])
def test_kinds_without_indexes_cannot_be_selected_from(query: Query) -> None:
    server = Server()
    with pytest.raises(UsageError, match="interfaces: the server has no indexes"):
        listing.select(t.cast(t.Any, server), "interfaces", query)
    assert server.asked == []
    assert listing.select(t.cast(t.Any, server), "interfaces", Query(slim=["Meta"])) == []


def test_names_are_resolved_each_once_and_in_order() -> None:
    server = Server()
    server.visible = {"Name:b": {"Uuid": UUID}, UUID: {"Uuid": UUID}}
    found = lookup.resolve(t.cast(t.Any, server), "machines", ["b", "a", UUID.upper(), "b"])
    assert found == {"b": {"Uuid": UUID}, "a": None, UUID.upper(): {"Uuid": UUID}}
    assert list(found) == ["b", "a", UUID.upper()]
    assert server.asked == [("find", "Name:b"), ("find", "Name:a"), ("find", UUID)]
    assert lookup.find_all(t.cast(t.Any, server), "machines", ["b", "a", UUID], missing_ok=True) == [
        {"Uuid": UUID}
    ]


def test_what_may_not_be_seen_is_told_from_what_is_not_there() -> None:
    server = Server()
    server.hidden = {"Name:secret"}
    with pytest.raises(lookup.NoSuchObject) as caught:
        lookup.find_all(t.cast(t.Any, server), "machines", ["a", "secret", "broken"])
    assert caught.value.messages == [
        "no such machine: a, broken; cannot read machine secret: it exists, but these credentials lack "
        "the claim machines get"
    ]


def test_only_some_of_many_missing_names_are_looked_into() -> None:
    server = Server()
    names = [f"m{number}" for number in range(50)]
    text = lookup.missing_message(t.cast(t.Any, server), "machines", names)
    assert text == f"no such machine: {', '.join(names)}"
    assert len(server.asked) == 5
