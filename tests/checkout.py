# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""This checkout, the Ansible that runs it, and the variables with which that finds the collection in it."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ANSIBLE_BIN = Path(os.environ.get("ANSIBLE_BIN") or Path(sys.executable).parent)
"""Folder of ansible-playbook and its kin: of this environment, or of one with another ansible-core."""
ANSIBLE_PYTHON = str(ANSIBLE_BIN / "python") if os.environ.get("ANSIBLE_BIN") else sys.executable
ANSIBLE_ENVIRONMENT = {
    "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv/collections"),
    "ANSIBLE_CONFIG": str(ROOT / "tests/ansible.cfg"),
    "PATH": f"{ANSIBLE_BIN}:{os.environ['PATH']}",
}


@functools.cache
def ansible_core() -> tuple[int, int]:
    """The release of the ansible-core that runs the collection, such as (2, 19)."""
    told = subprocess.run(
        [ANSIBLE_PYTHON, "-c", "import ansible.release; print(ansible.release.__version__)"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    major, minor = told.stdout.split(".")[:2]
    return int(major), int(minor)
