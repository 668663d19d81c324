# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``release.py TAG``: whether the checkout is what a release with that tag has to be."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def objections(tag: str, root: Path = ROOT) -> list[str]:
    """What speaks against releasing this as ``tag``, such as ``v1.0.0``."""
    version = str(yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    changes = yaml.safe_load((root / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    waiting = sorted(path.name for path in (root / "changelogs/fragments").glob("*.y*ml"))
    found = []
    if tag != f"v{version}":
        told = f"the tag is {tag}" if tag else "there is no tag"
        found.append(f"{told}, but galaxy.yml has version {version}: its tag is v{version}")
    if version not in changes["releases"]:
        found.append(f"changelogs/changelog.yaml does not know {version}: run antsibull-changelog release")
    if waiting:
        found.append(f"changelogs/fragments still has {', '.join(waiting)}: run antsibull-changelog release")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(objections("".join(sys.argv[1:]))) or 0)
