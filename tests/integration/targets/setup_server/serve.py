#!/usr/bin/env python
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``serve.py [--v4] [--licensed] COMMAND...``: run a command with a server of its own in RS_* variables.

ansible-test copies a target out of the collection; where that is stands in ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = ("--v4", "--licensed")
COLLECTION = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections/digitalrebar/provision"
sys.path.insert(0, str(COLLECTION / "tests"))

from simulator.launch import PASSWORD, USERNAME, Simulator  # noqa: E402


def main(words: list[str]) -> int:
    flags = {word[2:]: True for word in words if word in FLAGS}
    command = [word for word in words if word not in FLAGS]
    with Simulator.start(**flags) as server, tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "RS_ENDPOINT": server.endpoint,
            "RS_KEY": f"{USERNAME}:{PASSWORD}",
            "RS_CA_PATH": server.ca,
            "RS_TOKEN_CACHE": folder,
        }
        return subprocess.run(command, env=environment, timeout=300, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
