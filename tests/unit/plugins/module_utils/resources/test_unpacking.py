# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an ISO that a server has not unpacked as it should."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.boot_trees import (
    BootTree,
    TreeState,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.bootenv import unpacking
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.bootenv.wanted_isos import Iso

TREE = BootTree("amd64", "tiny.iso", "", "abc", "tiny/install", "x", ("vmlinuz", "initrd"))
OLD = {"Seq": 3, "Level": "error", "Message": "Explode ISO: tiny.iso failed long ago"}
NEW = {"Seq": 7, "Level": "error", "Message": "Explode ISO: tiny.iso failed now"}


class Server:
    """Its log has a failure of long ago."""

    def __init__(self, *lines: dict[str, t.Any]) -> None:
        self.lines = lines

    def logs(self) -> list[dict[str, t.Any]]:
        return list(self.lines)


def told(
    monkeypatch: pytest.MonkeyPatch, state: TreeState, *lines: dict[str, t.Any], timeout: float = 0
) -> str:
    monkeypatch.setattr(unpacking, "tree_state", lambda client, tree: state)
    iso = Iso(file="tiny.iso", url="", sha256="abc", arches=("amd64",), trees=(TREE,))
    verifier = unpacking.UnpackVerifier(t.cast(t.Any, Server(OLD, *lines)), timeout, lambda text: None)
    with pytest.raises(unpacking.NotUnpacked) as caught:
        verifier.wait(iso, "tiny-install", 5)
    return str(caught.value)


def test_an_empty_tree_is_that_of_a_broken_iso(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server notes its canary even then."""
    text = told(monkeypatch, TreeState("abc", ("vmlinuz", "initrd")))
    assert "/tiny/install was unpacked, but has no vmlinuz and no initrd" in text
    assert "the file is damaged or no ISO" in text


def test_a_kernel_that_is_called_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    text = told(monkeypatch, TreeState("abc", ("vmlinuz",)))
    assert text.endswith("Kernel and Initrds of the bootenv do not fit the ISO")
    assert "damaged" not in text


@pytest.mark.parametrize("state", [TreeState("abc", ("vmlinuz",)), TreeState(None, ("vmlinuz", "initrd"))])
def test_only_new_lines_of_the_log_are_a_reason(monkeypatch: pytest.MonkeyPatch, state: TreeState) -> None:
    assert "long ago" not in told(monkeypatch, state)
    text = told(monkeypatch, state, NEW)
    assert "Its log says: Explode ISO: tiny.iso failed now" in text
    assert "long ago" not in text
