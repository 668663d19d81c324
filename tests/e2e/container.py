# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A booted system in systemd-nspawn, reached by SSH on a port of loopback; a reboot inside is a real one."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import typing as t
from pathlib import Path

from debian_tree import Unsupported
from patience import LIMIT, SLOWNESS

_REBOOT = 133
_SSH = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=5")
_SSHD = "Port {port}\nListenAddress 127.0.0.1\nPermitRootLogin prohibit-password\nUseDNS no\n"


class NspawnContainer:
    """``with NspawnContainer(tree, folder) as box``: booted when entered, gone afterwards."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.root = folder / "root"
        self.key = folder / "key"
        self.log = folder / "console.log"
        self.port = _free_port()
        self._source = source
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, name="box", daemon=True)

    def __enter__(self) -> NspawnContainer:
        subprocess.run(
            ["cp", "-a", "--reflink=auto", str(self._source), str(self.root)], check=True, timeout=LIMIT
        )
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)]
        subprocess.run(keygen, check=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
        keys = self.root / "root/.ssh/authorized_keys"
        keys.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.key.with_suffix(".pub"), keys)
        config = self.root / "etc/ssh/sshd_config.d/box.conf"
        config.write_text(_SSHD.format(port=self.port), encoding="ascii")
        (self.root / "etc/hostname").write_text("box\n", encoding="ascii")
        (self.root / "etc/machine-id").write_text("", encoding="ascii")
        self._keeper.start()
        try:
            self.wait_booted()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *reason: object) -> None:
        self._ending.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)  # systemd-nspawn passes it on as a power-off
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20 * SLOWNESS)
            if process.poll() is None:
                process.kill()
        self._keeper.join(LIMIT)

    def _keep(self) -> None:
        """Boot, and boot again when it was left by a reboot."""
        command = ["systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot", "--register=no"]
        command += ["--keep-unit", "--console=pipe", "--hostname=box"]
        with self.log.open("ab") as log:
            while not self._ending.is_set():
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                if self._process.wait() != _REBOOT:
                    return

    # -- for tests

    def command(self, *words: str) -> list[str]:
        options = [word for option in _SSH for word in ("-o", option)]
        return ["ssh", *options, "-i", str(self.key), "-p", str(self.port), "root@127.0.0.1", *words]

    def run(self, script: str, timeout: float = 60 * SLOWNESS) -> str:
        """What a shell script prints; AssertionError when it fails."""
        done = self.attempt(script, timeout)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def attempt(self, script: str, timeout: float = 60 * SLOWNESS) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(script),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def boot_id(self) -> str:
        return self.run("cat /proc/sys/kernel/random/boot_id")

    def wait_booted(self, timeout: float = 60 * SLOWNESS, other_than: str = "") -> str:
        """The boot id, once the system is up; Unsupported when it does not come up."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = self.attempt("systemctl is-system-running; cat /proc/sys/kernel/random/boot_id", 10)
                words = done.stdout.split()
                if words[:1] in (["running"], ["degraded"]) and words[1] != other_than:
                    return words[1]
            time.sleep(0.3)
        console = self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.exists() else ""
        raise Unsupported(f"the system was not up after {timeout:g} s: {console}")

    def host(self) -> dict[str, t.Any]:
        """Its variables in an inventory."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": " ".join(f"-o {option}" for option in _SSH),
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
