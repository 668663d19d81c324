# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python tests/e2e/ready.py``: whether systems can be booted here; prints why not, and then fails."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from container import NspawnContainer
from debian_tree import Unsupported, tree


def main() -> None:
    try:
        source = tree()
        with tempfile.TemporaryDirectory(prefix="drp-e2e-") as folder, NspawnContainer(source, Path(folder)):
            pass
    except Unsupported as reason:
        sys.exit(" ".join(str(reason).split())[-200:])
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f"a system cannot be booted here: {error}")


if __name__ == "__main__":
    main()
