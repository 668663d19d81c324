# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules stay thin, and nothing is written twice."""

from __future__ import annotations

import ast
import collections
import re
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAME = 6
"""So many lines in a row, equal but for their indentation, are a duplicate."""
MOST_DUPLICATES = 0.02
GENERATED = re.compile(r"^ *# options, by make format\n.*?^ *# end of options\n", re.MULTILINE | re.DOTALL)
RETURNS = re.compile(r'^RETURN = r""".*?^"""\n', re.MULTILINE | re.DOTALL)
"""No fragment can hold what modules return alike: Ansible takes options from fragments only."""
MEDIAN_CODE = 10
"""Lines of a module beside its documentation, its options, and blank ones."""


def code_of(path: Path) -> int:
    text = path.read_text(encoding="utf-8")
    lines = {number for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    lines -= {number for number, line in enumerate(text.splitlines(), 1) if line.startswith("#")}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def telling(path: Path) -> list[str]:
    """The lines that could repeat others: nothing generated, no results, imports, comments or blank lines."""
    text = RETURNS.sub("", GENERATED.sub("", path.read_text(encoding="utf-8")))
    imports: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    stripped = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [line for number, line in stripped if line and not line.startswith("#") and number not in imports]


def test_modules_are_thin() -> None:
    modules = list((ROOT / "plugins/modules").glob("drp_*.py"))
    assert statistics.median(map(code_of, modules)) <= MEDIAN_CODE


def test_nothing_is_written_twice() -> None:
    seen: dict[tuple[str, ...], int] = collections.Counter()
    files = {path: telling(path) for path in sorted((ROOT / "plugins").rglob("*.py"))}
    repeated: set[tuple[Path, int]] = set()
    for path, lines in files.items():
        for start in range(len(lines) - SAME + 1):
            window = tuple(lines[start : start + SAME])
            seen[window] += 1
            if seen[window] > 1:
                repeated |= {(path, number) for number in range(start, start + SAME)}
    share = len(repeated) / sum(map(len, files.values()))
    where = collections.Counter(path.name for path, _number in repeated)
    assert share <= MOST_DUPLICATES, where.most_common(5)
