# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task costs alone, its start included, and one task on many hosts.

Beside each is the same command with a task of Ansible that does nothing: the rest is ours.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from checkout import ANSIBLE_ENVIRONMENT

from .lab import Lab, Row, clock

BIN = Path(sys.executable).parent
REPEATS = 7
HOSTS = 50
MOST = 0.20
"""Seconds above a task that does nothing."""
NOTHING = ["-m", "ansible.builtin.debug", "-a", "msg=x"]


def measure(lab: Lab) -> list[Row]:
    """All in turn, so that a slow moment of the computer hits each; the first round compiles and logs in."""
    lab.fresh()
    info = ["-m", "digitalrebar.provision.drp_info", "-a", json.dumps(lab.connection)]
    alone, many = (
        ["localhost"],
        ["all", "-i", "".join(f"h{number}," for number in range(HOSTS)), "-c", "local"],
    )
    runs = {
        "info": [*alone, *info],
        "nothing": [*alone, *NOTHING],
        "ping": [*alone, "-m", "ansible.builtin.ping"],
        "info, many": [*many, *info],
        "nothing, many": [*many, *NOTHING],
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(REPEATS + 1):
        for name, arguments in runs.items():
            taken = clock(lambda arguments=arguments: _ansible(arguments))  # type: ignore[misc]
            if number:
                seconds[name].append(taken)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    above = middle["info"] - middle["nothing"]
    each = 1000 * (middle["info, many"] - middle["nothing, many"]) / HOSTS
    return [
        Row("one drp_info task alone, beside debug", middle["info"], middle["nothing"], "s"),
        Row(
            "  what it costs more, beside ping",
            above,
            middle["ping"] - middle["nothing"],
            "s",
            "",
            f"<= {MOST:g} s",
            above <= MOST,
        ),
        Row(f"drp_info on {HOSTS} hosts, beside debug", middle["info, many"], middle["nothing, many"], "s"),
        Row("  what each host costs more", each),
    ]


def _ansible(arguments: list[str]) -> None:
    done = subprocess.run(
        [str(BIN / "ansible"), *arguments],
        env={**os.environ, **ANSIBLE_ENVIRONMENT},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
