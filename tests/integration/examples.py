# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of plugins, and a play that has them as its tasks."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
import typing as t
from pathlib import Path

import yaml
from checkout import ANSIBLE_ENVIRONMENT, ROOT
from patience import LIMIT
from playbook_runner import COMMAND


def examples_of(path: str) -> str:
    """The text of the examples in a file of the collection."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.search(r'^EXAMPLES = r"""\n(.*?)^"""', text, re.MULTILINE | re.DOTALL)
    assert found, path
    return found[1]


def play_tasks(
    head: dict[str, t.Any], tasks: str, host: str, folder: Path, *flags: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a play that begins with ``head`` and goes on with ``tasks``, the text of a list."""
    book = folder / "play.yml"
    body = textwrap.indent(tasks, "    ")
    book.write_text(f"{yaml.safe_dump([{**head, 'gather_facts': False}])}  tasks:\n{body}", encoding="utf-8")
    return subprocess.run(
        [str(COMMAND), "-i", f"{host},", "-c", "local", *flags, str(book)],
        env={**os.environ, **ANSIBLE_ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        check=False,
    )
