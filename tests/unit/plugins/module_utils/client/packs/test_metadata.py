# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata of packs that are made for drpcli v4.9 and newer: meta.yaml, and links beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.bundle import bundle
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.unbundle import unbundle

META = """\
# a comment that stays
Name: site
Version: v1.2.0
Description: "What all sites have"
RequiredFeatures: [sprig, "multiarch"]
Order: 100
Prerequisites: |
  drp-community-content
"""
FIELDS = {
    "Name": "site",
    "Version": "v1.2.0",
    "Description": "What all sites have",
    "RequiredFeatures": "sprig, multiarch",
    "Order": "100",
    "Prerequisites": "drp-community-content\n",
    "Documentation": "# Site\n\nText.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack as in public repositories: the documentation is a link to the README."""
    folder = tmp_path / "pack"
    (folder / "params").mkdir(parents=True)
    (folder / "meta.yaml").write_text(META)
    (folder / "README.md").write_text("# Site\n\nText.\n")
    (folder / "._Documentation.meta").symlink_to("README.md")
    (folder / "params/color.yaml").write_text("Name: color\n")
    return folder


def test_both_files_are_read(folder: Path) -> None:
    assert bundle(str(folder)) == {"meta": FIELDS, "sections": {"params": {"color": {"Name": "color"}}}}


def test_what_is_the_same_keeps_its_files(folder: Path) -> None:
    done = unbundle(bundle(str(folder)), str(folder))
    assert (done.writes, done.removals) == ({}, [])
    assert (folder / "meta.yaml").read_text() == META


def test_a_link_stays_and_the_file_behind_it_is_written(folder: Path) -> None:
    pack = bundle(str(folder))
    pack["meta"] |= {"Documentation": "# Other", "Version": "v2.0.0"}
    done = unbundle(pack, str(folder))
    assert sorted(done.writes) == ["README.md", "meta.yaml"]
    assert os.readlink(folder / "._Documentation.meta") == "README.md"
    assert (folder / "README.md").read_text() == "# Other"
    assert (folder / "meta.yaml").read_text().startswith("Name: site\nVersion: v2.0.0\nDescription: What all")
    assert bundle(str(folder)) == pack


@pytest.mark.parametrize("target", ["../outside.md", "/etc/hostname", "nowhere"])
def test_a_link_that_leads_out_is_replaced(folder: Path, target: str) -> None:
    (folder.parent / "outside.md").write_text("theirs")
    pack = bundle(str(folder))
    (folder / "._Documentation.meta").unlink()
    if target != "nowhere":
        (folder / "._Documentation.meta").symlink_to(target)
    unbundle(pack, str(folder))
    assert not (folder / "._Documentation.meta").is_symlink()
    assert (folder.parent / "outside.md").read_text() == "theirs"
    assert bundle(str(folder)) == pack


def test_from_one_layout_to_the_other_and_back(folder: Path) -> None:
    pack = bundle(str(folder))
    unbundle(pack, str(folder), layout="classic")
    assert not (folder / "meta.yaml").exists()
    assert (folder / "._RequiredFeatures.meta").read_text() == "sprig, multiarch"
    assert bundle(str(folder)) == pack
    assert unbundle(pack, str(folder)).writes == {}
    unbundle(pack, str(folder), layout="meta_yaml")
    assert [name for name in sorted(os.listdir(folder)) if name.startswith("._")] == ["._Documentation.meta"]
    assert bundle(str(folder)) == pack


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("meta.yaml", "- Name\n", "meta.yaml must hold the metadata of a content pack"),
        ("meta.yaml", "Name: {a: b}\n", "meta.yaml: Name must be a string"),
        ("meta.yaml", "Name: [\n", "meta.yaml"),
        ("meta.yaml", "Version: v1\n", "it needs the metadata Name"),
        ("._Version.meta", "v3\n", "meta.yaml and ._Version.meta have different values of Version"),
    ],
)
def test_metadata_that_makes_no_sense(folder: Path, name: str, content: str, told: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(UsageError) as caught:
        bundle(str(folder))
    assert told in str(caught.value)


def test_the_same_value_twice_is_fine(folder: Path) -> None:
    (folder / "._Version.meta").write_text("v1.2.0\n")
    assert bundle(str(folder))["meta"]["Version"] == "v1.2.0"
