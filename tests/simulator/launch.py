# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the simulator as a process of its own; for test fixtures, standard library only.

with Simulator.start() as sim:
    client = Client(sim.endpoint, "rocketskates", "r0cketsk8ts", ca_path=sim.ca)
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

USERNAME = "rocketskates"
PASSWORD = "r0cketsk8ts"

_TESTS = Path(__file__).resolve().parent.parent
_LABELS = ("endpoint", "static", "ca", "fingerprint")


class StartFailed(RuntimeError):
    """The simulator did not become ready; the text holds what it wrote to its error output."""


class Simulator:
    """A running simulator: where it listens, and its control API."""

    username, password = USERNAME, PASSWORD

    def __init__(
        self, process: subprocess.Popen[str], facts: dict[str, str], errors: list[str | None]
    ) -> None:
        self._process = process
        self._errors = errors
        self.endpoint = facts["endpoint"]
        self.static = facts["static"]
        self.ca = facts["ca"]
        self.fingerprint = facts["fingerprint"]
        context = ssl.create_default_context(cafile=self.ca)
        # no proxy of the environment stands between a test and its own machine
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    @classmethod
    def start(
        cls,
        *,
        port: int = 0,
        static_port: int = 0,
        state_dir: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
        python: str = sys.executable,
        v4: bool = False,
        licensed: bool = False,
    ) -> Simulator:
        """Spawn it and wait until it is ready; StartFailed after ``timeout`` seconds.

        With ``v4`` it behaves like a v4 server, with ``licensed`` like a v3.12 server where roles can be
        written.
        """
        command = [python, "-m", "simulator", "--exit-with-stdin"]
        command += ["--port", str(port), "--static-port", str(static_port)]
        command += ["--v4"] if v4 else []
        command += ["--licensed"] if licensed else []
        if state_dir is not None:
            command += ["--state-dir", os.fspath(state_dir)]
        path = os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH"))))
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            return cls(process, *_wait_ready(process, timeout))
        except BaseException:
            _end(process)
            raise

    def stop(self) -> None:
        _end(self._process)

    @property
    def stderr(self) -> str:
        """What it wrote to its error output: tracebacks of its own bugs, hopefully nothing."""
        return _text(self._errors)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stats(self) -> dict[str, int]:
        """Counters since the start or the last reset (requests, writes, changes, logins,
        websockets_opened, ...), and how many websockets and registrations there are now."""
        found: dict[str, int] = self._control("GET", "stats")
        return found

    def reset_stats(self) -> None:
        self._control("POST", "stats/reset")

    def log(self) -> list[dict[str, Any]]:
        """Requests to /api/v3 since the last reset: method, path (below /api/v3/), status (0: dropped)."""
        found: list[dict[str, Any]] = self._control("GET", "log")
        return found

    def fault(self, kind: str, path: str = "", method: str = "*", **options: Any) -> int:
        """Ask for a fault; ``options`` are those of the control API (times, skip, delay, status, ...)."""
        document = {"kind": kind, "path": path, "method": method, **options}
        number: int = self._control("POST", "faults", document)["id"]
        return number

    def clear_faults(self) -> None:
        """Forget all faults, and all events still to be lost."""
        self._control("DELETE", "faults")

    def expire_tokens(self) -> None:
        """All tokens made so far count as expired."""
        self._control("POST", "expire-tokens")

    def drop_websockets(self) -> int:
        """Cut all websockets; how many there were."""
        dropped: int = self._control("POST", "drop-websockets")["dropped"]
        return dropped

    def machine_token(self, machine: str, ttl: float = 3600) -> str:
        """A token as templates give it to a machine's agent; ``machine`` is a UUID or ``Name:x``."""
        token: str = self._control("POST", "machine-token", {"machine": machine, "ttl": ttl})["Token"]
        return token

    def identity_for_a_token(self) -> dict[str, str]:
        """Members that a new machine needs for ``machine_token``: none."""
        return {}

    def restart(self, down: float = 0.5) -> None:
        """Cut all connections and close the API port for ``down`` seconds, as if the process restarted.

        The port is closed on return; objects, users, tokens and job logs survive, registrations do not.
        """
        self._control("POST", "restart", {"down": down})

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Returns when the API port answers again; TimeoutError after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._control("GET", "stats")
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the API port did not answer within {timeout} s") from None
            time.sleep(0.01)

    def burst(
        self, count: int, type: str = "test", action: str = "burst", key: str = "test", object: Any = None
    ) -> None:
        """Publish equal events in one go; a websocket takes 256 of them, as it does on a real server."""
        document = {"count": count, "type": type, "action": action, "key": key, "object": object}
        self._control("POST", "events", document)

    def lose_events(self, count: int, type: str = "*", action: str = "*", key: str = "*") -> None:
        """Lose the next ``count`` matching events that some websocket waits for.

        Acknowledgements count: type ``websocket``, action ``register``, key: the filter.
        """
        self._control("POST", "lose-events", {"count": count, "type": type, "action": action, "key": key})

    def stall_websockets(self, seconds: float) -> int:
        """Let the present websockets seem dead for a time; how many there were. New ones are alive."""
        stalled: int = self._control("POST", "stall-websockets", {"seconds": seconds})["stalled"]
        return stalled

    def finish(self, machines: Sequence[str] = ("*",), over: float = 0.0) -> int:
        """Machines (UUIDs or ``Name:x``) reach the end of their tasks evenly over so many seconds.

        Returns at once: how many machines that will be.
        """
        document = {"machines": list(machines), "over": over}
        finishing: int = self._control("POST", "finish", document)["machines"]
        return finishing

    def reset(self) -> None:
        """Back to a fresh server on the same ports; all tokens and websockets die with the old one."""
        self._control("POST", "reset")

    def _control(self, method: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.endpoint}/simulator/{path}", data=body, method=method)
        with self._opener.open(request, timeout=60) as answer:
            return json.loads(answer.read())


def _wait_ready(process: subprocess.Popen[str], timeout: float) -> tuple[dict[str, str], list[str | None]]:
    """The facts printed before ``ready``, and the list that collects error output.

    Both outputs keep being read, so that they never fill up.
    """
    lines: queue.Queue[str | None] = queue.Queue()
    errors: list[str | None] = []
    threading.Thread(target=_collect, args=(process.stderr, errors.append), daemon=True).start()
    threading.Thread(target=_collect, args=(process.stdout, lines.put), daemon=True).start()
    facts: dict[str, str] = {}
    deadline = time.monotonic() + timeout
    while True:
        try:
            line = lines.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            raise StartFailed(f"the simulator was not ready within {timeout} s") from None
        if line is None:
            raise StartFailed(f"the simulator ended: {_text(errors)}")
        label, _, value = line.strip().partition(": ")
        if label == "ready":
            return facts, errors
        if label in _LABELS:
            facts[label] = value


def _text(lines: list[str | None]) -> str:
    return "".join(filter(None, lines))


def _collect(stream: IO[str] | None, take: Any) -> None:
    for line in stream or ():
        take(line)
    take(None)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
