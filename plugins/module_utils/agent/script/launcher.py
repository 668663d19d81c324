# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""This agent as a command for the scripts that it runs: ``DRP_AGENT`` in their environment.

Scripts get the unpacked program, and in a chroot a copy of it that can be seen from there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys

from ...client.files import own
from .program import FLAGS, unpacked_here

LAUNCHER = "drp-agent"
_CHROOT_PROGRAM = ".agent"
_CA_FILE = ".ca.pem"
_TEXT = """#!/bin/sh
here=${{0%/*}}
if [ -d "$here/{chroot_program}" ]; then
    if [ -f "$here/{ca_file}" ]; then export DRP_AGENT_CA_PATH="$here/{ca_file}"; fi
    python={python}
    if [ ! -x "$python" ]; then  # a chroot has an interpreter of its own, or none
        python=$(command -v python3) || python=false
        if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
            echo "params: Python 3.9 or newer is required inside the chroot, for get_param and set_param" >&2
            exit 127
        fi
    fi
    exec "$python" {flags} "$here/{chroot_program}" "$@"
fi
{path}exec {python} {flags} {program} "$@"
"""


def write_launcher(runner_dir: str, state_dir: str) -> None:
    """Make the command in the runner directory: this very agent, by the same interpreter."""
    folder = unpacked_here(state_dir)
    if folder:
        program, path = shlex.quote(folder), ""
    else:
        import pathlib  # not in the unpacked program

        agent = __name__.rsplit(".", 2)[0]
        top = pathlib.Path(os.path.abspath(__file__)).parents[__name__.count(".")]
        program = f"-m {agent}.command.cli"
        path = f"PYTHONPATH={shlex.quote(str(top))}${{PYTHONPATH:+:$PYTHONPATH}} "
    text = _TEXT.format(
        chroot_program=_CHROOT_PROGRAM,
        ca_file=_CA_FILE,
        python=shlex.quote(sys.executable),
        flags=" ".join(FLAGS),
        program=program,
        path=path,
    )
    target = os.path.join(runner_dir, LAUNCHER)
    descriptor = own.open_trusted(f"{target}.new", os.O_WRONLY | os.O_CREAT, 0o755)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.truncate(0)
        file.write(text)
    os.rename(f"{target}.new", target)


def copy_program(runner_dir: str, state_dir: str, ca_path: str) -> None:
    """Put a copy of the program where a chroot, which sees only the runner directory, can start it."""
    source, target = unpacked_here(state_dir), os.path.join(runner_dir, _CHROOT_PROGRAM)
    if source and not os.path.isdir(target):
        shutil.copytree(source, target)
    if os.path.isfile(ca_path):
        shutil.copyfile(ca_path, os.path.join(runner_dir, _CA_FILE))
