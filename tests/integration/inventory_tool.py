# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-inventory, and reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import warm_ansible
from checkout import ANSIBLE_BIN, ANSIBLE_ENVIRONMENT

COMMAND = ANSIBLE_BIN / "ansible-inventory"


def run(
    source: Path, *arguments: str, command: Path = COMMAND, **environment: str
) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, **ANSIBLE_ENVIRONMENT, **environment}
    return warm_ansible.run([str(command), "-i", str(source), *arguments], variables)


def read(text: str) -> t.Any:
    """JSON of ansible-inventory, which marks texts that are no templates."""
    return json.loads(text, object_hook=lambda found: found.get("__ansible_unsafe", found))
