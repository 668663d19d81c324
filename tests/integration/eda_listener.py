# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the event source in a thread, as the engine would, and changes what it listens to."""

from __future__ import annotations

import asyncio
import logging
import queue
import runpy
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from patience import LIMIT, eventually

from simulator.launch import PASSWORD, USERNAME, Simulator
from simulator.testing import Api

SOURCE = Path(__file__).resolve().parents[2] / "extensions/eda/plugins/event_source/drp_events.py"
LOGGER = "digitalrebar.provision.drp_events"
Document = dict[str, Any]


class Listener:
    """Runs main() in a thread of its own, as ``with Listener(simulator) as listener``."""

    def __init__(self, simulator: Simulator, **arguments: Any) -> None:
        self.arguments = {"endpoint": simulator.endpoint, "reconnect_delay": 0.05, "reconnect_delay_max": 0.1}
        if not arguments.keys() & {"username", "key", "token", "client_cert"}:
            self.arguments |= {"username": USERNAME, "password": PASSWORD}
        if not arguments.keys() & {"cert_fingerprint", "validate_certs"}:
            self.arguments |= {"ca_path": simulator.ca}
        self.arguments |= arguments
        self.problem: BaseException | None = None
        self.busy = threading.Event()
        """While it is set, the rules take no event."""
        self._emitted: queue.Queue[Document] = queue.Queue()
        self._states = 0
        self._main = runpy.run_path(str(SOURCE))["main"]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._handler = logging.Handler(logging.INFO)
        self._handler.emit = self._note  # type: ignore[method-assign]
        logging.getLogger(LOGGER).addHandler(self._handler)
        logging.getLogger(LOGGER).setLevel(logging.INFO)
        self._thread.start()
        self.wait_for_state()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(LIMIT)
        logging.getLogger(LOGGER).removeHandler(self._handler)
        assert not self._thread.is_alive(), "it does not end when it is cancelled"

    def wait_for_state(self, times: int = 1) -> None:
        """Until it has read the state that often; the next event is then a new one."""
        eventually(lambda: self._states >= times or not self._thread.is_alive())
        if self.problem:
            raise self.problem

    async def put(self, document: Document) -> None:
        while self.busy.is_set():
            await asyncio.sleep(0.005)
        self._emitted.put(document)

    def next(self, timeout: float = LIMIT) -> Document:
        return self._emitted.get(timeout=timeout)

    def take(self, count: int) -> list[Document]:
        return [self.next() for _ in range(count)]

    def quiet(self, seconds: float = 0.2) -> bool:
        """Whether nothing is told for a while."""
        time.sleep(seconds)
        return self._emitted.empty()

    def rest(self, seconds: float = 0.5) -> list[Document]:
        """All that is told until nothing is told for a while."""
        emitted: list[Document] = []
        while True:
            try:
                emitted.append(self.next(seconds))
            except queue.Empty:
                return emitted

    def _note(self, record: logging.LogRecord) -> None:
        self._states += record.getMessage().startswith("read the state of")

    def _run(self) -> None:
        async def main() -> None:
            self._task = asyncio.ensure_future(self._main(self, self.arguments))
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self.problem = self._task.exception()

        self._loop.run_until_complete(main())
        self._loop.close()


def create(api: Api, kind: str, **members: Any) -> Document:
    answer = api("POST", kind, members)
    assert answer.status_code == 201, answer.text
    created: Document = answer.json()
    return created


def change(api: Api, path: str, **members: Any) -> Document:
    patch = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in members.items()]
    answer = api("PATCH", path, patch)
    assert answer.status_code == 200, answer.text
    changed: Document = answer.json()
    return changed


def job_of(api: Api, name: str) -> tuple[Document, Document]:
    """A machine that runs a task, and its job."""
    create(api, "tasks", Name=f"{name}-task")
    create(api, "stages", Name=f"{name}-stage", Tasks=[f"{name}-task"])
    create(api, "workflows", Name=f"{name}-flow", Stages=[f"{name}-stage"])
    machine = create(api, "machines", Name=name, Workflow=f"{name}-flow")
    job = create(api, "jobs", Machine=machine["Uuid"])
    return machine, change(api, f"jobs/{job['Uuid']}", State="running")


def summary(emitted: list[Document]) -> list[tuple[str, str, str | None]]:
    return [(document["type"], document["action"], document.get("machine")) for document in emitted]
