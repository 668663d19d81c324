# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding objects by what people call them."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.lookup import (
    NoSuchObject,
    find_all,
    lookup_key,
)

UUID = "3e0f2a4c-5b6d-4e7f-8a9b-0c1d2e3f4a5b"


@dataclasses.dataclass
class Shelf:
    """A client that finds in what it was given, and notes what it was asked."""

    kind: str
    items: list[dict[str, t.Any]]
    hidden: tuple[str, ...] = ()
    """What is there but not to be seen."""
    asked: list[str] = dataclasses.field(default_factory=list)

    def find(self, kind: str, place: str) -> dict[str, t.Any] | None:
        assert kind == self.kind
        self.asked.append(place)
        index, colon, value = place.partition(":")
        for item in self.items:
            if place in (item.get("Uuid"), item.get("Name")) and "Uuid" not in item:
                return item
            if place == item.get("Uuid") or (colon and item.get(index) == value):
                return item
        return None

    def list(self, kind: str) -> list[dict[str, t.Any]]:
        assert kind == self.kind
        self.asked.append("(all)")
        return self.items

    def exists(self, kind: str, place: str) -> bool:
        return place in self.hidden


def machines(count: int = 3) -> Shelf:
    made = [{"Name": f"m{number}", "Uuid": UUID[:-2] + f"{number:02}"} for number in range(count)]
    return Shelf("machines", made)


def names(found: t.Iterable[dict[str, t.Any]]) -> list[str]:
    return [item["Name"] for item in found]


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("machines", "node-1.example.com", "Name:node-1.example.com"),
        ("machines", UUID, UUID),
        ("machines", UUID.upper(), UUID),
        ("machines", "Name:node-1", "Name:node-1"),
        ("machines", f"Uuid:{UUID}", f"Uuid:{UUID}"),
        ("machines", f"Key:{UUID}", f"Key:{UUID}"),
        ("machines", "rack:7", "Name:rack:7"),
        ("machines", "Stage:none", "Name:Stage:none"),
        ("profiles", "web", "web"),
        ("profiles", "Name:web", "Name:web"),
        ("profiles", UUID, UUID),
        ("jobs", UUID, UUID),
        ("jobs", f"Machine:{UUID}", f"Machine:{UUID}"),
        ("jobs", "no uuid", "no uuid"),
        ("templates", "a.tmpl", "a.tmpl"),
        ("leases", "192.0.2.1", "192.0.2.1"),
    ],
)
def test_address(kind: str, text: str, place: str) -> None:
    assert lookup_key(kind, text) == place


def test_found_in_the_order_given() -> None:
    assert names(find_all(machines(), "machines", ["m2", "m0"])) == ["m2", "m0"]  # type: ignore[arg-type]


def test_each_object_once_whatever_it_is_called() -> None:
    shelf = machines()
    uuid = shelf.items[1]["Uuid"]
    found = find_all(shelf, "machines", ["m1", uuid, "m0", "Name:m1", "m1"])  # type: ignore[arg-type]
    assert names(found) == ["m1", "m0"]


def test_few_are_looked_up_and_many_are_listed() -> None:
    few = machines(20)
    find_all(few, "machines", [f"m{number}" for number in range(9)])  # type: ignore[arg-type]
    assert few.asked == [f"Name:m{number}" for number in range(9)]
    many = machines(20)
    found = find_all(many, "machines", [f"m{number}" for number in range(10)])  # type: ignore[arg-type]
    assert many.asked == ["(all)"]
    assert names(found) == [f"m{number}" for number in range(10)]


def test_many_by_any_index() -> None:
    shelf = machines(12)
    uuids = [item["Uuid"] for item in shelf.items]
    called = [
        *(f"Name:m{number}" for number in range(4)),
        *(f"Uuid:{uuid}" for uuid in uuids[4:8]),
        f"Key:{uuids[8]}",
        uuids[9].upper(),
        "m10",
        uuids[11],
    ]
    found = find_all(shelf, "machines", called)  # type: ignore[arg-type]
    assert names(found) == [f"m{number}" for number in range(12)]
    assert shelf.asked == ["(all)"]


def test_many_profiles() -> None:
    shelf = Shelf("profiles", [{"Name": f"p{number}"} for number in range(12)])
    called = [f"p{number}" for number in range(11)] + ["Name:p11"]
    assert names(find_all(shelf, "profiles", called)) == [f"p{n}" for n in range(12)]  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [3, 30])
def test_all_that_are_missing_are_named(count: int) -> None:
    called = [*(f"m{number}" for number in range(count)), "gone", "m0", "lost"]
    with pytest.raises(NoSuchObject) as caught:
        find_all(machines(count), "machines", called)  # type: ignore[arg-type]
    assert caught.value.messages == ["no such machine: gone, lost"]
    found = find_all(machines(count), "machines", called, missing_ok=True)  # type: ignore[arg-type]
    assert len(found) == count


def test_what_may_not_be_seen_is_not_called_missing() -> None:
    shelf = machines()
    shelf.hidden = ("Name:vault",)
    with pytest.raises(
        NoSuchObject, match="cannot read machine vault: it exists, but these credentials lack"
    ):
        find_all(shelf, "machines", ["m0", "vault"])  # type: ignore[arg-type]


def test_nothing_is_asked_for_nothing() -> None:
    shelf = machines()
    assert find_all(shelf, "machines", []) == []  # type: ignore[arg-type]
    assert shelf.asked == []
