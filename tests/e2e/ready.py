# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python tests/e2e/ready.py``: whether systems can be booted here; prints why not, and then fails."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from box import Box
from tree import NotHere, tree


def main() -> None:
    try:
        source = tree()
        with tempfile.TemporaryDirectory(prefix="drp-e2e-") as folder, Box(source, Path(folder)):
            pass
    except NotHere as reason:
        sys.exit(" ".join(str(reason).split())[-200:])
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"a system cannot be booted here: {error}")


if __name__ == "__main__":
    main()
