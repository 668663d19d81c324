# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python tests/e2e/ready.py``: whether systems can be booted here; prints why not, and ends with 3 then."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from container import NspawnContainer
from debian_tree import Unsupported, tree

NOT_HERE = 3


def main() -> None:
    try:
        source = tree()
        with tempfile.TemporaryDirectory(prefix="drp-e2e-") as folder, NspawnContainer(source, Path(folder)):
            pass
    except Unsupported as reason:
        refuse(" ".join(str(reason).split())[-200:])
    except (OSError, subprocess.SubprocessError) as error:
        refuse(f"a system cannot be booted here: {error}")


def refuse(reason: str) -> t.NoReturn:
    print(reason)
    sys.exit(NOT_HERE)


if __name__ == "__main__":
    main()
