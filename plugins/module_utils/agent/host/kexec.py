# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Stage the kernel of the next boot environment, so that a reboot can skip the firmware.

The static port serves kernel, initrd and command line over plain HTTP, where anybody on the way can exchange
them.  An agent that verifies its server therefore takes what the param ``drp-agent/kexec`` vouches for, which
comes over the verified connection, and nothing else.  Everything that goes wrong here means a normal reboot.
"""

from __future__ import annotations

# run_command belongs to a module, which the agent is not
# pylint: disable=ansible-bad-function
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t

from ...client.client import Client
from ...client.errors import DrpError
from ...client.files.blobs import static_url
from ...client.files.download import digest_of
from ...client.third_party import requests
from ..served import Served

Fetch = t.Callable[[str, str], None]
"""Copies a URL to a file; raises OSError."""
TRUSTED_BOOT = "drp-agent/kexec"
"""The param with what may be started: ``kernel`` and ``initrd``, the SHA-256 of each, and ``params``, the
whole command line."""
_TIMEOUT = (10, 60)
_DOWNLOAD_TIME = 300.0
_BOOT_FILE_BYTES = 1 << 16
_IMAGE_BYTES = 4 << 30
_SHA256 = re.compile("[0-9a-fA-F]{64}")


@dataclasses.dataclass(frozen=True)
class TrustedBoot:
    """What the verified connection says about the next kernel."""

    kernel: str
    initrd: str
    command_line: str


class KexecUnavailable(Exception):
    """Why there will be a normal reboot."""


def load_kernel(
    client: Client,
    served: Served,
    fetch: Fetch | None = None,
    run: t.Callable[[t.Sequence[str]], int] | None = None,
    command_line: str = "/proc/cmdline",
) -> None:
    """Load the kernel that the server names for the machine; raises KexecUnavailable."""
    try:
        if not sys.platform.startswith("linux") or shutil.which("kexec") is None:
            raise KexecUnavailable("kexec is not installed")
        if served.param(client, "kexec-ok") is not True:
            raise KexecUnavailable("the param kexec-ok is not true")
        trusted = _trusted_boot(client, served)
        with tempfile.TemporaryDirectory(prefix="drp-kexec-") as folder:
            _load(client, served, folder, trusted, fetch or _fetch, run or _run, command_line)
    except (DrpError, OSError, ValueError) as error:
        raise KexecUnavailable(str(error)) from error


def _trusted_boot(client: Client, served: Served) -> TrustedBoot | None:
    """What the server vouches for; None where nothing proves who the server is, as the agent was configured.

    KexecUnavailable when the server can be believed, and vouches for nothing.
    """
    if not client.endpoint.startswith("https:") or not client.transport.trust.authenticates_server:
        return None
    told = served.param(client, TRUSTED_BOOT)
    if told is None:
        raise KexecUnavailable(
            "the kernel would come over plain HTTP, which anybody on the way can change; the param "
            f"{TRUSTED_BOOT} can vouch for it"
        )
    texts = [told.get(name) if isinstance(told, dict) else None for name in ("kernel", "initrd", "params")]
    kernel, initrd, command_line = (text if isinstance(text, str) else "" for text in texts)
    if not (_SHA256.fullmatch(kernel) and _SHA256.fullmatch(initrd) and command_line):
        raise KexecUnavailable(
            f"the param {TRUSTED_BOOT} must hold kernel and initrd, a SHA-256 each, and params, the command "
            "line"
        )
    return TrustedBoot(kernel.lower(), initrd.lower(), command_line)


def _load(
    client: Client,
    served: Served,
    folder: str,
    trusted: TrustedBoot | None,
    fetch: Fetch,
    run: t.Callable[..., int],
    command_line: str,
) -> None:
    boot_file, kernel_file, initrd_file = (
        os.path.join(folder, name) for name in ("kexec", "kernel", "initrd")
    )
    fetch(f"{static_url(client)}/{served.kind}/{served.uuid}/kexec", boot_file)
    with open(boot_file, encoding="utf-8", errors="replace") as file:
        kernel, initrd, kernel_params = parse(file.read(_BOOT_FILE_BYTES))
    fetch(kernel, kernel_file)
    fetch(initrd, initrd_file)
    if trusted is not None:
        _compare(kernel_file, trusted.kernel, "kernel")
        _compare(initrd_file, trusted.initrd, "initrd")
        kernel_params = trusted.command_line
    kernel_params += " " + _boot_interface(client, served, command_line)
    command = [
        "/sbin/kexec", "-l", kernel_file, f"--initrd={initrd_file}", f"--command-line={kernel_params}",
    ]  # fmt: skip
    if run(command):
        raise KexecUnavailable("kexec did not take the kernel")


def _compare(path: str, wanted: str, what: str) -> None:
    found = digest_of(path)
    if found is None or found.sha256 != wanted:
        raise KexecUnavailable(
            f"the {what} that came is not the one that {TRUSTED_BOOT} names: its SHA-256 is "
            f"{found.sha256 if found else 'unknown'}"
        )


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


def _boot_interface(client: Client, served: Served, command_line: str) -> str:
    with open(command_line, encoding="utf-8") as file:
        match = re.search(r"\bBOOTIF=\S+", file.read())
    if match:
        return match.group(0)
    address = served.param(client, "last-boot-macaddr", aggregate=False)
    if not isinstance(address, str) or not address:
        raise KexecUnavailable("the interface to boot from is not known")
    return f"BOOTIF={address}"


def _fetch(url: str, target: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        with session.get(url, stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code != 200:
                raise OSError(f"{url} answered {answer.status_code}")
            deadline, left = time.monotonic() + _DOWNLOAD_TIME, _IMAGE_BYTES
            with open(target, "wb") as file:
                for piece in answer.iter_content(1 << 16):
                    left -= file.write(piece)
                    if left < 0 or time.monotonic() > deadline:
                        raise OSError(f"{url} does not end")


def _run(command: t.Sequence[str]) -> int:
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
