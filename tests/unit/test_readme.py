# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README has the form that Galaxy and Automation Hub expect, and its links work from there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
HEADINGS = [
    *("Description", "Requirements", "Installation", "Use cases", "Testing", "Support"),
    *("Release notes", "Related information", "License", "Development"),
]
"""Those of Red Hat's template for certified collections, and ours for contributors at the end."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", FENCE.sub("", text), re.MULTILINE)


def relative_links(text: str) -> list[str]:
    return [target for target in LINK.findall(FENCE.sub("", text)) if "://" not in target]


def own_links(text: str) -> list[str]:
    """The paths in this repository to which absolute links lead."""
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    start = re.compile(re.escape(repository) + "/(?:blob|tree)/main/([^#]+)")
    return [found[1] for found in map(start.match, LINK.findall(text)) if found]


def test_it_has_the_headings_of_the_template() -> None:
    assert headings(TEXT) == HEADINGS


def test_it_has_no_relative_link() -> None:
    assert relative_links(TEXT) == []


def test_its_links_into_the_repository_lead_somewhere() -> None:
    assert len(own_links(TEXT)) > 20
    assert [path for path in own_links(TEXT) if not (ROOT / path).exists()] == []


def test_the_two_commands_stand_in_development() -> None:
    development = TEXT[TEXT.index("## Development") :]
    assert re.search(r"^make demo +#.*\nmake test +#", development, re.MULTILINE)


def test_there_is_one_changelog() -> None:
    """In the format that the tools of the field read."""
    config = yaml.safe_load((ROOT / "changelogs/config.yaml").read_text(encoding="utf-8"))
    assert (ROOT / "changelogs" / config["changes_file"]).is_file()
    assert [output["file"] for output in config["output"]] == ["CHANGELOG.rst"]
    assert sorted(path.name for path in ROOT.glob("CHANGELOG*")) == ["CHANGELOG.rst"]
    assert "CHANGELOG.rst" in TEXT


def test_the_checks_find_what_is_wrong() -> None:
    text = "# X\n\n## One\n\n```sh\n## no heading\n```\n\n[a](docs/a.md), [b](https://b.example), [c](#one)\n"
    assert headings(text) == ["One"]
    assert relative_links(text) == ["docs/a.md", "#one"]
