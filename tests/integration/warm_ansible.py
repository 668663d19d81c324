# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible's commands as ``subprocess.run`` does, but in forks of a process that has Ansible loaded.

``WARM_ANSIBLE=0`` in the environment starts each command by itself, as users do.  The targets of
ansible-test, the guides, the demo and the end-to-end tests always do.
"""

from __future__ import annotations

import atexit
import functools
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import typing as t
from pathlib import Path

from checkout import ANSIBLE_BIN, ANSIBLE_PYTHON
from patience import LIMIT

SERVER = Path(__file__).with_name("warm_server.py")
COMMANDS = ("ansible-playbook", "ansible-inventory")
LATE = ("RS_", "ANSIBLE_ASYNC_DIR", "PYTEST_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_")
"""Variables that a run reads when it needs them.  For each set of the others there is a process."""
Environment = t.Mapping[str, str]
Early = tuple[tuple[str, str], ...]

_seen: set[Early] = set()


def run(
    command: t.Sequence[str], environment: Environment, timeout: float = LIMIT
) -> subprocess.CompletedProcess[str]:
    """``command`` in this folder, with exactly these variables and nothing to read."""
    if Path(command[0]).parent == ANSIBLE_BIN and Path(command[0]).name in COMMANDS:
        early = _early(environment)
        if early in _seen and os.environ.get("WARM_ANSIBLE") != "0":
            return _server(early).run(command, environment, timeout)
        _seen.add(early)
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def _early(environment: Environment) -> Early:
    """What is read while Ansible starts."""
    late = {name for name in environment if name.startswith(LATE) or name.lower().endswith("_proxy")}
    return tuple(sorted((name, value) for name, value in environment.items() if name not in late))


class Server:
    """A process that has Ansible loaded, for commands that start with the same variables."""

    def __init__(self, early: Early) -> None:
        self._folder = tempfile.mkdtemp(prefix="warm-ansible-")
        self._path = f"{self._folder}/socket"
        self._process = subprocess.Popen(
            [ANSIBLE_PYTHON, str(SERVER), self._path],
            env=dict(early),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        atexit.register(self.stop)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(
        self, command: t.Sequence[str], environment: Environment, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        request = {
            "command": list(command),
            "environment": dict(environment),
            "folder": str(Path.cwd()),
            "scratch": self._folder,
        }
        with (
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
            socket.socket(socket.AF_UNIX) as link,
        ):
            link.settimeout(timeout)
            link.connect(self._path)
            socket.send_fds(link, [b"{"], [output.fileno(), errors.fileno()])
            link.sendall(json.dumps(request).encode()[1:] + b"\n")
            with link.makefile() as answers:
                child = int(answers.readline())
                try:
                    code = int(answers.readline())
                except TimeoutError as late:
                    os.killpg(child, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(command, timeout) from late
            return subprocess.CompletedProcess(command, code, _text(output), _text(errors))

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


_server = functools.lru_cache(maxsize=None)(Server)


def _text(file: t.BinaryIO) -> str:
    file.seek(0)
    return io.TextIOWrapper(file).read()
