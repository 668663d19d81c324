# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are too long for the files of a server."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import features, models
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import blobs
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import names

OLD, NEW = (
    t.cast(
        t.Any,
        type("Server", (), {"has_feature": lambda self, flag, new=new: new and flag == "endpoint-refs"}),
    )()
    for new in (False, True)
)
LIMITS = {"profiles": 236, "plugins": 237}
UNLIMITED = {"machines", "jobs", "leases", "reservations"}


@pytest.mark.parametrize("kind", sorted(models.MODELS))
def test_the_longest_name_of_each_kind(kind: str) -> None:
    longest = LIMITS.get(kind, 245)
    names.require_short_name(OLD, kind, "a" * longest, "x")
    for server in (OLD, NEW):
        if server is NEW or kind in UNLIMITED:
            names.require_short_name(server, kind, "a" * 1000, "x")
        else:
            with pytest.raises(UsageError, match=f"x: the name is too long: .* at most {longest} bytes"):
                names.require_short_name(server, kind, "a" * (longest + 1), "x")


@pytest.mark.parametrize(
    ("name", "length"),
    [("a b", 3), ("a/b", 5), ("a-b_c.d~", 8), ("é", 6), ("中", 9), ("a+b", 5), ("😀", 12), ("", 0)],
)
def test_how_names_are_counted(name: str, length: int) -> None:
    assert names.stored_length(name) == length


def test_packs_and_blobs() -> None:
    names.require_storable_pack_name(OLD, "a" * 243, "1")
    names.require_storable_pack_name(NEW, "a" * 400, "1")
    with pytest.raises(UsageError, match="at most 244 bytes together, and these have 245"):
        names.require_storable_pack_name(OLD, "a" * 244, "1")
    assert features.V4.flag == "endpoint-refs"
    for kind, longest in (("files", 250), ("isos", 249)):
        assert blobs.blob_path(kind, "a" * longest)
        with pytest.raises(UsageError, match=f"names of {kind} have at most {longest} bytes"):
            blobs.blob_path(kind, "a" * (longest + 1))


@pytest.mark.parametrize(
    ("name", "version"), [("a/b", "1"), ("a%b", "1"), ("a?b", "1"), ("a", "1%"), ("a\n", "1")]
)
def test_packs_that_v3_12_loses(name: str, version: str) -> None:
    names.require_storable_pack_name(NEW, name, version)
    with pytest.raises(UsageError, match=r"content pack a"):
        names.require_storable_pack_name(OLD, name, version)


def test_a_slash_in_the_version_of_a_pack() -> None:
    names.require_storable_pack_name(OLD, "a#b é", "1/2")
