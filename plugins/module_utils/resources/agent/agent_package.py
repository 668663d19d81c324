# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The agent as one file, built where Ansible runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile

from ...agent.command.build import Zipapp, build
from ...client.errors import UsageError
from ...converge.task import Result, Task


def run(task: Task) -> Result:
    """What ``drp_agent_package`` does."""
    dest = os.path.abspath(os.path.expanduser(task.options["dest"]))
    packages = task.options.get("packages")
    if packages and not os.path.isdir(packages):
        raise UsageError(f"packages: {packages} is not a folder")
    built = build(packages and os.path.abspath(packages))
    before = _digest(dest)
    changed = before != built.sha256
    if changed and not task.check:
        _write(dest, built)
    return {
        "changed": changed,
        "dest": dest,
        "sha256": built.sha256,
        "size": len(built.content),
        "python": f"3.{built.min_python_minor}",
        "versions": built.versions,
        "diff": {"before": {"sha256": before}, "after": {"sha256": built.sha256}},
    }


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"dest: {path}: {error.strerror}") from error


def _write(path: str, built: Zipapp) -> None:
    """Write the file atomically, even if several plays build at once."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, new = tempfile.mkstemp(prefix=".drp-agent-", dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(built.content)
            os.chmod(new, 0o755)
            os.replace(new, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise
    except OSError as error:
        raise UsageError(f"dest: {path} cannot be written: {error.strerror}") from error
