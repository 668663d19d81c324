# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``generate.py``: write what follows from the files in ``plugins/modules`` into the files that repeat it.

``meta/runtime.yml`` lists the modules twice, ``README.md`` once, each time between two markers, and
``plugins/action`` has a file for each.  The options
of modules for one kind of objects, and ``docs/kinds.md``, follow from the table of kinds (:mod:`kind_docs`).
The guides are written again for docs.ansible.com (:mod:`guides_rst`).  ``make format`` runs this; a test
holds that there is nothing to write.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))

import guides_rst  # noqa: E402
import kind_docs  # noqa: E402
from kinds_page import kinds_page  # noqa: E402

COLLECTION = "digitalrebar.provision"
ACTION = '''\
# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module of this name in the controller process; written by ``make format``."""

from __future__ import annotations

from ..plugin_utils.in_process import action_of

ActionModule = action_of(__name__)
'''
"""What each file in ``plugins/action`` says."""


def modules(root: Path = ROOT) -> dict[str, str]:
    """Name -> short description of each module, sorted by name."""
    paths = sorted((root / "plugins/modules").glob("drp_*.py"))
    return {path.stem: _short_description(path) for path in paths}


def _short_description(path: Path) -> str:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return str(yaml.safe_load(ast.literal_eval(node.value))["short_description"])
    raise SystemExit(f"{path}: has no DOCUMENTATION")


def generated(root: Path = ROOT) -> dict[Path, str]:
    """File -> the text that it should have."""
    found = modules(root)
    group = "".join(f"    - {name}\n" for name in found)
    routing = "".join(f"    {name}:\n      action_plugin: {COLLECTION}.{name}\n" for name in found)
    rows = "".join(f"| `{name}` | {text} |\n" for name, text in found.items())
    runtime, readme = root / "meta/runtime.yml", root / "README.md"
    return {
        runtime: _filled(
            runtime, ("    # modules, by make format\n", "    # end of modules\n"), group, routing
        ),
        readme: _filled(
            readme,
            ("<!-- modules, by make format -->\n", "<!-- end of modules -->\n"),
            f"| Module | What it does |\n|---|---|\n{rows}",
        ),
        **{root / f"plugins/action/{name}.py": ACTION for name in found},
        **_from_the_table(root),
        **guides_rst.pages(root),
    }


def _from_the_table(root: Path) -> dict[Path, str]:
    """File -> the text that it should have, for what follows from the table of kinds."""
    modules = kind_docs.module_kinds(root)
    texts = {root / "docs/kinds.md": kinds_page(modules)}
    for kind, name in modules.items():
        path = root / f"plugins/modules/{name}.py"
        markers = ("  # options, by make format\n", "  # end of options\n")
        texts[path] = _filled(path, markers, kind_docs.documented_options(kind))
    return texts


def _filled(path: Path, markers: tuple[str, str], *pieces: str) -> str:
    """The text of a file with each of ``pieces`` between its own pair of markers, in their order."""
    start, end = markers
    first, *rest = path.read_text(encoding="utf-8").split(start)
    if len(rest) != len(pieces):
        raise SystemExit(f"{path}: {start.strip()!r} is there {len(rest)} times instead of {len(pieces)}")
    return first + "".join(
        start + piece + end + part.partition(end)[2] for piece, part in zip(pieces, rest, strict=True)
    )


if __name__ == "__main__":
    # the pages of guides are made of one that is written before
    for _pass in range(2):
        for path, text in generated().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
