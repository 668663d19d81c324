# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent as a command in a chroot, which may have another interpreter, or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script import launcher


@pytest.fixture
def chroot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner directory with a copy of the program; the agent's own interpreter is not to be seen."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python3.9")
    runner_dir = tmp_path / "runner"
    program = runner_dir / launcher._CHROOT_PROGRAM
    program.mkdir(parents=True)
    (program / "__main__.py").write_text("import sys; print('called with', *sys.argv[1:])\n")
    launcher.write_launcher(str(runner_dir), str(tmp_path))
    return runner_dir


def interpreter(folder: Path, text: str) -> str:
    """A folder for PATH with a ``python3``."""
    folder.mkdir()
    (folder / "python3").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "python3").chmod(0o755)
    return str(folder)


def call(runner_dir: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(runner_dir / launcher.LAUNCHER), "param", "get", "a b"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_the_interpreter_of_the_chroot(chroot: Path, tmp_path: Path) -> None:
    own = Path(sys.base_prefix, "bin", "python3")
    done = call(chroot, interpreter(tmp_path / "bin", f'exec {own} "$@"'))
    assert (done.returncode, done.stdout) == (0, "called with param get a b\n"), done.stderr


@pytest.mark.parametrize("text", [None, "exit 1"], ids=["none", "too old"])
def test_no_interpreter_that_will_do(chroot: Path, tmp_path: Path, text: str | None) -> None:
    path = interpreter(tmp_path / "bin", text) if text else str(tmp_path)
    done = call(chroot, path)
    assert (done.returncode, done.stdout) == (127, "")
    assert "Python 3.9 or newer is required inside the chroot, for get_param and set_param" in done.stderr
