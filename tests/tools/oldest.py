# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit tests of module_utils on the oldest Python found here, with the oldest packages allowed."""

from __future__ import annotations

import os
import subprocess
import sys

from matrix import BY_ANSIBLE_TEST, ROOT, TARGETS, find, for_target


def main() -> int:
    for version in TARGETS:
        interpreter = find(version)
        if interpreter:
            break
    else:
        print(f"none of Python {', '.join(TARGETS)} is here; nothing was tested")
        return 0
    environment = {
        **os.environ,
        **for_target(version, interpreter, os.environ["PATH"]),
        "ANSIBLE_TEST_OLDEST": "yes",
    }
    command = [str(ROOT / "tests/tools/ansible_test.sh"), *BY_ANSIBLE_TEST["units"]]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
