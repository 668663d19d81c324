# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upload of a job's log: once, in order, whatever happens to the answers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job import job_log
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.job.job_log import (
    JobLog,
    UploadProgress,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.retry import (
    Backoff,
    Stopped,
    StopSignal,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.spool import (
    Spool,
    SpoolWriter,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    ConnectionFailed,
    DrpError,
    NotFound,
)

HEADER = job_log.HEADER.format("j").encode()


class FakeServer:
    """A log on a server; ``plan`` says what becomes of each PUT: "ok", "lost" (done, no answer), "cut"."""

    def __init__(self, *plan: str | DrpError, log: bytes = HEADER) -> None:
        self.log = log
        self.plan = list(plan)
        self.puts: list[bytes] = []
        self.reads = 0

    def with_timeout(self, timeout: float) -> FakeServer:
        return self

    def req(self) -> FakeRequest:
        return FakeRequest(self)


class FakeRequest:
    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self._body = b""

    def put(self, body: bytes) -> FakeRequest:
        self._body = body
        return self

    def get(self) -> FakeRequest:
        return self

    def url_for(self, *parts: str) -> FakeRequest:
        assert parts == ("jobs", "j", "log")
        return self

    def fail_fast(self) -> FakeRequest:
        return self

    def timeout(self, seconds: float) -> FakeRequest:
        return self

    def do(self) -> None:
        server = self._server
        server.puts.append(self._body)
        what = server.plan.pop(0) if server.plan else "ok"
        if isinstance(what, DrpError):
            raise what
        if what in ("ok", "lost"):
            server.log += self._body
        if what != "ok":
            raise ConnectionFailed("cut")

    def do_into(self, target: Any) -> int:
        self._server.reads += 1
        target.write(self._server.log[:3])
        target.write(self._server.log[3:])
        return len(self._server.log)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(str(tmp_path / "spool"))


def make(
    server: FakeServer, spool: Spool, fresh: bool = True, stop_signal: StopSignal | None = None
) -> JobLog:
    return JobLog(server, "j", spool, stop_signal or StopSignal(), fresh=fresh, backoff=Backoff(0.01, 0.02))  # type: ignore[arg-type]


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(
    "plan",
    [
        (),
        ("lost",),
        ("cut",),
        ("lost", "lost", "cut", "cut", "lost"),
        (ApiError("busy", code=503), "lost"),
        (ApiError("oops", code=500), ApiError("later", code=429)),
    ],
)
def test_each_byte_once(spool: Spool, plan: tuple[str | DrpError, ...], fresh: bool) -> None:
    before = HEADER if fresh else HEADER + b"from an earlier run\n"
    server = FakeServer(*plan, log=before)
    log = make(server, spool, fresh)
    for number in range(3):
        log.write_line(f"line {number}")
        assert log.flush()
    log.close()
    assert server.log == before + b"line 0\nline 1\nline 2\n"


def test_a_clean_job_never_reads_the_log(spool: Spool) -> None:
    server = FakeServer()
    log = make(server, spool)
    log.write_line("x")
    log.flush()
    log.close()
    assert server.reads == 0


@pytest.mark.parametrize("arrived", [True, False])
def test_the_next_agent_finds_out(spool: Spool, arrived: bool) -> None:
    """The agent died between sending and hearing of it."""
    with SpoolWriter(spool) as writer:
        writer.append(b"first\nsecond\n")
    progress = UploadProgress(spool.folder)
    progress.base, progress.sent, progress.in_doubt = len(HEADER), 6, 7
    progress.save()
    progress.close()
    server = FakeServer(log=HEADER + b"first\n" + (b"second\n" if arrived else b""))
    log = make(server, spool)
    log.write_line("third")
    assert log.flush()
    log.close()
    assert server.log == HEADER + b"first\nsecond\nthird\n"


def test_somebody_else_writes_to_the_log_as_well(spool: Spool) -> None:
    server = FakeServer("lost", log=HEADER + b"a line of the server\n")
    log = make(server, spool)
    log.write_line("mine")
    assert log.flush()
    log.close()
    assert server.log.count(b"mine") == 1


@pytest.mark.parametrize("error", [NotFound("gone", code=404), ApiError("too large", code=413)])
def test_a_refusal_for_good(spool: Spool, error: DrpError) -> None:
    messages: list[str] = []
    server = FakeServer(*[error] * 5)
    log = JobLog(server, "j", spool, StopSignal(), fresh=True, report=messages.append)  # type: ignore[arg-type]
    log.write_line("x")
    assert log.flush() is False
    log.close()
    assert len(server.puts) == 1
    assert any("refuses the log" in line for line in messages)


def test_the_end_of_the_agent_ends_the_waiting(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StopSignal, "GRACE_PERIOD", 0.1)
    stop_signal = StopSignal()
    log = make(FakeServer(*["cut"] * 10000), spool, stop_signal=stop_signal)
    log.write_line("x")
    threading.Timer(0.1, lambda: setattr(stop_signal, "requested", True)).start()
    with pytest.raises(Stopped):
        log.flush()
    log.close()
    assert spool.read(0, 10) == b"x\n", "it is still there for the next agent"


def test_after_a_loss_of_power_the_spool_may_be_short(spool: Spool) -> None:
    with SpoolWriter(spool) as writer:
        writer.append(b"1234")
    progress = UploadProgress(spool.folder)
    progress.base, progress.sent = len(HEADER), 10
    progress.save()
    progress.close()
    server = FakeServer(log=HEADER + b"1234567890")
    log = make(server, spool)
    log.write_line("next")
    assert log.flush()
    log.close()
    assert server.log == HEADER + b"1234567890next\n"


def test_room_is_made_as_it_goes(spool: Spool) -> None:
    log = make(FakeServer(), spool)
    with SpoolWriter(spool) as writer:
        writer.append(b"x" * (3 * job_log.SEGMENT + 5))
    assert log.flush()
    assert len(spool.segments()) == 1
    log.close()
