# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Stage the kernel of the next boot environment, so that a reboot can skip the firmware.

Everything that goes wrong here means a normal reboot.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t

from ...client.client import Client
from ...client.errors import DrpError
from ...client.files.blobs import static_url
from ...client.objects import params
from ...client.third_party import requests

Fetch = t.Callable[[str, str], None]
"""Copies a URL to a file; raises OSError."""
_TIMEOUT = (10, 60)


class KexecUnavailable(Exception):
    """Why there will be a normal reboot."""


def load_kernel(
    client: Client,
    machine: str,
    fetch: Fetch | None = None,
    run: t.Callable[[t.Sequence[str]], int] | None = None,
    command_line: str = "/proc/cmdline",
) -> None:
    """Load the kernel that the server names for the machine; raises KexecUnavailable."""
    try:
        if not sys.platform.startswith("linux") or shutil.which("kexec") is None:
            raise KexecUnavailable("kexec is not installed")
        if params.get(client, "machines", machine, "kexec-ok", aggregate=True) is not True:
            raise KexecUnavailable("the param kexec-ok is not true")
        with tempfile.TemporaryDirectory(prefix="drp-kexec-") as folder:
            _load(client, machine, folder, fetch or _fetch, run or _run, command_line)
    except (DrpError, OSError) as error:
        raise KexecUnavailable(str(error)) from error


def _load(
    client: Client, machine: str, folder: str, fetch: Fetch, run: t.Callable[..., int], command_line: str
) -> None:
    boot_file = os.path.join(folder, "kexec")
    fetch(f"{static_url(client)}/machines/{machine}/kexec", boot_file)
    with open(boot_file, encoding="utf-8") as file:
        kernel, initrd, kernel_params = parse(file.read())
    for url, name in ((kernel, "kernel"), (initrd, "initrd")):
        fetch(url, os.path.join(folder, name))
    kernel_params += " " + _boot_interface(client, machine, command_line)
    command = [
        "/sbin/kexec", "-l", os.path.join(folder, "kernel"),
        f"--initrd={os.path.join(folder, 'initrd')}", f"--command-line={kernel_params}",
    ]  # fmt: skip
    if run(command):
        raise KexecUnavailable("kexec could not load the kernel")


def parse(text: str) -> tuple[str, str, str]:
    """Kernel, initrd and command line from the server; KexecUnavailable unless there is one of each file."""
    found: dict[str, list[str]] = {"kernel": [], "initrd": [], "params": []}
    for line in text.splitlines():
        word, _space, rest = line.strip().partition(" ")
        if word in found and rest.strip():
            found[word].append(rest.strip())
    if len(found["kernel"]) != 1 or len(found["initrd"]) != 1:
        raise KexecUnavailable(
            f"one kernel and one initrd are needed, not {len(found['kernel'])} and {len(found['initrd'])}"
        )
    return found["kernel"][0], found["initrd"][0], " ".join(found["params"])


def _boot_interface(client: Client, machine: str, command_line: str) -> str:
    with open(command_line, encoding="utf-8") as file:
        match = re.search(r"\bBOOTIF=\S+", file.read())
    if match:
        return match.group(0)
    address = params.get(client, "machines", machine, "last-boot-macaddr")
    if not isinstance(address, str) or not address:
        raise KexecUnavailable("the interface to boot from is not known")
    return f"BOOTIF={address}"


def _fetch(url: str, target: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with session.get(url, stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code != 200:
                raise OSError(f"{url} answered {answer.status_code}")
            with open(target, "wb") as file:
                for piece in answer.iter_content(1 << 16):
                    file.write(piece)


def _run(command: t.Sequence[str]) -> int:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
