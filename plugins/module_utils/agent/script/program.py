# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""This agent as a program on the disk: the zipapp unpacked, where Python keeps what it has compiled.

A zipapp compiles itself anew at each start, which takes half a second and leaves some megabytes behind.  So
the first thing that it does is to have itself unpacked in the state directory, and to go on as the program
there.  Needs only the standard library, and is the first to be imported.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import contextlib
import os
import sys
import typing as t

from ...client.files import own

FLAGS = ("-OO", "-X", "no_debug_ranges")
"""For Python: the documentation of the code would be a good part of an idle agent's memory."""
STATE_DIR = "/var/lib/drp-agent"
STATE_DIR_VARIABLE = "DRP_AGENT_STATE_DIR"
_FOLDER = "program"
_STAMP = ".stamp"


def go_on_unpacked(arguments: t.Sequence[str]) -> None:
    """Become the unpacked program; returns when that cannot be, and the zipapp then runs as it is.

    The state directory is the one of the environment, or the default; it must be there already, and not
    even the first part of a path to it may be another user's to change.
    """
    state_dir = os.path.abspath(os.environ.get(STATE_DIR_VARIABLE) or STATE_DIR)
    with contextlib.suppress(OSError, ValueError):
        if is_zipapp(sys.argv[0]) and os.path.isdir(state_dir) and own.is_safe_folder(state_dir):
            program = unpack(os.path.abspath(sys.argv[0]), state_dir)
            sys.stdout.flush()
            os.execv(sys.executable, [*interpreter(), program, *arguments])


def interpreter() -> list[str]:
    """The words that start Python for this program, isolated if this one is."""
    return [sys.executable, *(["-I"] if sys.flags.isolated else []), *FLAGS]


def unpacked_here(state_dir: str) -> str:
    """The folder of the unpacked program, made if need be; "" when the agent was started as a module."""
    started = os.path.abspath(sys.argv[0])
    if is_zipapp(started):
        return unpack(started, state_dir)
    return started if os.path.isfile(os.path.join(started, _STAMP)) else ""


def is_zipapp(path: str) -> bool:
    """Whether ``path`` is a file that Python runs as a zipapp."""
    try:
        with open(path, "rb") as file:
            start = file.readline(200)
            return (file.read(2) if start.startswith(b"#!") else start[:2]) == b"PK"
    except OSError:
        return False


def unpack(zipped: str, state_dir: str) -> str:
    """The folder with the unpacked program, made when there is none of this version."""
    folder = os.path.join(state_dir, _FOLDER)
    facts = os.stat(zipped)
    stamp = f"{facts.st_size} {facts.st_mtime_ns}"
    with contextlib.suppress(OSError), open(os.path.join(folder, _STAMP), encoding="ascii") as file:
        if file.read() == stamp:
            return folder
    import shutil  # all three are large, and needed for a new version only
    import tempfile
    import zipfile

    made = tempfile.mkdtemp(prefix=".program-", dir=state_dir)
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(made)
    with open(os.path.join(made, _STAMP), "w", encoding="ascii") as file:
        file.write(stamp)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)
    _compile(folder)
    return folder


def _compile(folder: str) -> None:
    """In a process of its own: what a compiler leaves behind would stay with an agent for months."""
    if sys.dont_write_bytecode:
        return
    # isolated, as a folder that somebody happens to be in must not lend it its modules
    prefix = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    python = [sys.executable, "-I", *FLAGS, *prefix]
    with contextlib.suppress(OSError):
        os.spawnv(os.P_WAIT, sys.executable, [*python, "-m", "compileall", "-qq", folder])
