# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""This agent as a command for the scripts that it runs: ``DRP_AGENT`` in their environment.

A zipapp compiles itself anew at each start, which takes half a second.  Scripts get it unpacked, where Python
keeps what it has compiled, and in a chroot they get a copy that can be seen from there.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shlex
import shutil
import sys
import tempfile
import zipfile

from ...client.files import own

LAUNCHER = "drp-agent"
_UNPACKED = "program"
_CHROOT_PROGRAM = ".agent"
_CA_FILE = ".ca.pem"
_STAMP = ".stamp"
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
    exec "$python" "$here/{chroot_program}" "$@"
fi
{path}exec {python} {program} "$@"
"""


def write_launcher(runner_dir: str, state_dir: str) -> None:
    """Make the command in the runner directory: this very agent, by the same interpreter."""
    zipped = os.path.abspath(sys.argv[0])
    if zipfile.is_zipfile(zipped):
        program, path = shlex.quote(_unpacked(zipped, state_dir)), ""
    else:
        agent = __name__.rsplit(".", 2)[0]
        top = pathlib.Path(os.path.abspath(__file__)).parents[__name__.count(".")]
        program = f"-m {agent}.command.cli"
        path = f"PYTHONPATH={shlex.quote(str(top))}${{PYTHONPATH:+:$PYTHONPATH}} "
    text = _TEXT.format(
        chroot_program=_CHROOT_PROGRAM,
        ca_file=_CA_FILE,
        python=shlex.quote(sys.executable),
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
    source, target = os.path.join(state_dir, _UNPACKED), os.path.join(runner_dir, _CHROOT_PROGRAM)
    if os.path.isdir(source) and not os.path.isdir(target):
        shutil.copytree(source, target)
    if os.path.isfile(ca_path):
        shutil.copyfile(ca_path, os.path.join(runner_dir, _CA_FILE))


def _unpacked(zipped: str, state_dir: str) -> str:
    """The folder with the unpacked program, made when there is none of this version."""
    folder = os.path.join(state_dir, _UNPACKED)
    facts = os.stat(zipped)
    stamp = f"{facts.st_size} {facts.st_mtime_ns}"
    with contextlib.suppress(OSError), open(os.path.join(folder, _STAMP), encoding="ascii") as file:
        if file.read() == stamp:
            return folder
    made = tempfile.mkdtemp(prefix=".program-", dir=state_dir)
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(made)
    with open(os.path.join(made, _STAMP), "w", encoding="ascii") as file:
        file.write(stamp)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)
    return folder
