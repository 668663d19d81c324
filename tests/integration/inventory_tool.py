# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-inventory, and reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from checkout import ANSIBLE_ENVIRONMENT

COMMAND = Path(sys.executable).with_name("ansible-inventory")


def run(source: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "-i", str(source), *arguments],
        env={
            **os.environ,
            **ANSIBLE_ENVIRONMENT,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=100,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def read(text: str) -> t.Any:
    """JSON of ansible-inventory, which marks texts that are no templates."""
    return json.loads(text, object_hook=lambda found: found.get("__ansible_unsafe", found))
