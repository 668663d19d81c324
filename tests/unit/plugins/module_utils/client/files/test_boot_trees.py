# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where boot trees are, and what they prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files import bootenvs
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.files.boot_trees import (
    BootTree,
    TreeState,
    canonical_arch,
    trees_of,
)

ARM = {"IsoFile": "arm.iso", "Sha256": "AB", "Kernel": "boot/k", "Initrds": ["i1", "http://x/i2"]}
ENV = {
    "Name": "linux/7-install",
    "OS": {
        "Name": "linux/7",
        "IsoFile": "x.iso",
        "IsoUrl": "http://x",
        "SupportedArchitectures": {"aarch64": ARM, "s390": {"Kernel": "k"}},
    },
    "Kernel": "vmlinuz",
    "Initrds": None,
}


def test_trees() -> None:
    assert trees_of(ENV) == [
        BootTree(
            arch="amd64",
            iso="x.iso",
            url="http://x",
            sha256="",
            folder="linux/7/install",
            canary="linux/7/install/.linux_7.rebar_canary",
            files=("vmlinuz",),
        ),
        BootTree(
            arch="arm64",
            iso="arm.iso",
            url="",
            sha256="ab",
            folder="linux/7/arm64/install",
            canary="linux/7/arm64/install/.linux_7.rebar_canary",
            files=("boot/k", "i1"),
        ),
    ]
    live = {**ENV, "Name": "linux/7-live"}
    assert [tree.folder for tree in trees_of(live)] == ["linux/7", "linux/7/arm64"]


def test_no_trees() -> None:
    """Without a kernel of its own the server does not unpack the first ISO."""
    assert [tree.arch for tree in trees_of({**ENV, "Kernel": ""})] == ["arm64"]
    assert trees_of({"Name": "a"}) == []
    with pytest.raises(UsageError, match=r"OS\.Name must be set"):
        trees_of({"Name": "a", "Kernel": "k", "OS": {"IsoFile": "x.iso"}})


@pytest.mark.parametrize(
    ("canary", "missing", "wanted", "unpacked", "is_complete"),
    [
        ("ab", (), "ab", True, True),
        ("", (), "", True, True),
        (None, (), "", False, False),
        ("ab", (), "", False, False),
        ("", (), "ab", False, False),
        ("ab", ("k",), "ab", True, False),
        (None, ("k",), "ab", False, False),
    ],
)
def test_what_a_tree_proves(
    canary: str | None, missing: tuple[str, ...], wanted: str, unpacked: bool, is_complete: bool
) -> None:
    tree = BootTree("amd64", "x.iso", "", wanted, "x", "x/.x.rebar_canary", ("k", "i"))
    state = TreeState(canary, missing)
    assert (state.unpacked(tree), state.is_complete(tree)) == (unpacked, is_complete)
    assert is_complete or "/x" in state.problem(tree)


@pytest.mark.parametrize(
    ("missing", "unpacked", "is_complete"),
    [((), True, True), (("i",), True, False), (("k", "i"), False, False)],
)
def test_sledgehammer_keeps_its_kernel(missing: tuple[str, ...], unpacked: bool, is_complete: bool) -> None:
    env = {"Name": "s", "Kernel": "k", "Initrds": ["i"], "OS": {"Name": "sledgehammer", "IsoFile": "s.tar"}}
    (tree,) = trees_of(env)
    state = TreeState(None, missing)
    assert (state.unpacked(tree), state.is_complete(tree)) == (unpacked, is_complete)


@pytest.mark.parametrize(
    ("arch", "canonical"), [("x86_64", "amd64"), ("AArch64", "arm64"), ("arm64", "arm64"), ("rpi4", "rpi4")]
)
def test_architectures(arch: str, canonical: str) -> None:
    assert canonical_arch(arch) == canonical


def test_checksums() -> None:
    assert bootenvs.isos_of(ENV) == {"x.iso": "http://x", "arm.iso": ""}
    assert bootenvs.checksum_of(ENV, "arm.iso") == "ab"
    assert bootenvs.checksum_of(ENV, "x.iso") == ""
    twice = {"OS": {"IsoFile": "a", "IsoSha256": "1", "SupportedArchitectures": {"arm": {"IsoFile": "a"}}}}
    assert bootenvs.checksum_of(twice, "a") == "1"
    twice["OS"]["SupportedArchitectures"]["arm"]["Sha256"] = "2"  # type: ignore[index]
    with pytest.raises(UsageError, match="1 and 2"):
        bootenvs.checksum_of(twice, "a")


def test_where_templates_are(tmp_path: Path) -> None:
    """Beside ``bootenvs``, where all files count; or beside the file, where those in ``.tmpl`` do."""
    for folder in ("bootenvs", "templates", "flat"):
        (tmp_path / folder).mkdir()
    text = "Name: x\nTemplates: [{ID: named}, {ID: absent.tmpl}, {ID: named}, {Contents: x}]\n"
    for folder in ("bootenvs", "flat", "templates"):
        (tmp_path / folder / "env.yml").write_text(text)
    for name in ("named", "other.tmpl", "notes.txt", ".hidden.tmpl"):
        for folder in ("templates", "flat"):
            (tmp_path / folder / name).write_text(name)
    packed = bootenvs.read_bootenv(str(tmp_path / "bootenvs" / "env.yml"))
    assert packed.folder == str(tmp_path / "templates")
    assert list(packed.templates) == ["named", "env.yml", "notes.txt", "other.tmpl"]
    assert packed.missing == ("absent.tmpl",)
    flat = bootenvs.read_bootenv(str(tmp_path / "flat" / "env.yml"))
    assert list(flat.templates) == ["named", "other.tmpl"]
    inside = bootenvs.read_bootenv(str(tmp_path / "templates" / "env.yml"))
    assert list(inside.templates) == ["named", "env.yml", "notes.txt", "other.tmpl"]
