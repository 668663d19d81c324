# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of events and waiting do to the running server: restart it, lose events, stall websockets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import websocket
from patience import LIMIT, eventually

from simulator.launch import Simulator
from simulator.testing import Api

QUEUE = 256
GONE = (websocket.WebSocketConnectionClosedException, OSError)


class Stream:
    """One websocket of a client that answers nothing by itself."""

    def __init__(self, api: Api, timeout: float = LIMIT) -> None:
        self.socket = websocket.create_connection(
            f"{api.sim.endpoint.replace('https', 'wss')}/api/v3/ws",
            header=[f"Authorization: {api.authorization}"],
            sslopt={"ca_certs": api.sim.ca},
            timeout=timeout,
        )

    def register(self, pattern: str) -> None:
        self.socket.send(f"register {pattern}")
        assert self.event()["Key"] == pattern

    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.socket.recv())
        return found

    def silent(self, seconds: float = 0.2) -> bool:
        """Whether nothing at all comes for so long."""
        before = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            self.socket.recv_frame()
        except websocket.WebSocketTimeoutException:
            return True
        finally:
            self.socket.settimeout(before)
        return False

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def stream(api: Api) -> Iterator[Stream]:
    with closing(Stream(api)) as opened:
        yield opened


def test_restart_cuts_and_keeps_what_is_on_disk(api: Api, stream: Stream) -> None:
    stream.register("profiles.*.*")
    api("POST", "profiles", {"Name": "kept"})
    stream.event()
    api.sim.restart(down=0.4)
    begin = time.monotonic()
    address = urlsplit(api.sim.endpoint)
    with pytest.raises(ConnectionRefusedError):
        websocket.create_connection(f"ws://127.0.0.1:{address.port}", timeout=1)
    with pytest.raises(GONE):
        stream.event()
    with pytest.raises(requests.ConnectionError):
        api("GET", "info")
    api.sim.wait_ready()
    assert time.monotonic() - begin > 0.2
    # the same token still counts
    assert api("GET", "profiles/kept").status_code == 200
    stats = api.sim.stats()
    assert (stats["websockets"], stats["registrations"]) == (0, 0)
    with closing(Stream(api)) as again:
        again.register("profiles.*.*")
        api("DELETE", "profiles/kept")
        assert again.event()["Action"] == "delete"


def test_restart_cuts_requests_under_way(api: Api) -> None:
    api.sim.fault("delay", "^profiles$", "POST", delay=0.5)
    failed: list[Exception] = []

    def post() -> None:
        try:
            api("POST", "profiles", {"Name": "late"})
        except requests.ConnectionError as problem:
            failed.append(problem)

    caller = threading.Thread(target=post)
    caller.start()
    eventually(lambda: api.sim.stats()["requests"] > 1)
    time.sleep(0.05)
    api.sim.restart(down=0.0)
    caller.join(LIMIT)
    assert len(failed) == 1
    api.sim.wait_ready()
    time.sleep(0.6)
    assert api("HEAD", "profiles/late").status_code == 404


def test_restart_again_and_again(api: Api, running: Simulator) -> None:
    for _ in range(3):
        api.sim.restart(down=0.0)
        api.sim.wait_ready()
        assert api("GET", "info").status_code == 200
    assert running.stderr == ""


def test_burst_overflows_the_queue_without_a_word(api: Api, stream: Stream) -> None:
    stream.register("machines.*.*")
    api.sim.burst(QUEUE + 100, "machines", "update", "some-uuid", {"Uuid": "some-uuid"})
    found = [stream.event() for _ in range(QUEUE)]
    assert {(e["Type"], e["Action"], e["Key"], e["Object"]["Uuid"]) for e in found} == {
        ("machines", "update", "some-uuid", "some-uuid")
    }
    assert stream.silent()
    api.sim.burst(1, "machines", "update", "after")
    assert stream.event()["Key"] == "after"


def test_lost_events(api: Api, stream: Stream) -> None:
    stream.register("profiles.*.*")
    api.sim.lose_events(2, "profiles", "create")
    api("POST", "users", {"Name": "nobody-listens"})
    for name in ("one", "two", "three"):
        api("POST", "profiles", {"Name": name})
    assert stream.event()["Key"] == "three"
    api.sim.lose_events(1, key="one")
    for name in ("one", "two"):
        api("DELETE", f"profiles/{name}")
    assert stream.event()["Key"] == "two"
    api.sim.lose_events(5)
    api.sim.clear_faults()
    api("DELETE", "profiles/three")
    assert stream.event()["Key"] == "three"


def test_lost_acknowledgement(api: Api, stream: Stream) -> None:
    api.sim.lose_events(1, "websocket", "register", "profiles.*.*")
    stream.socket.send("register profiles.*.*")
    assert stream.silent()
    # the filter counts all the same
    assert api.sim.stats()["registrations"] == 1
    api("POST", "profiles", {"Name": "seen"})
    assert stream.event()["Key"] == "seen"


def test_stalled_websocket_is_dead_but_connected(api: Api, stream: Stream) -> None:
    stream.register("profiles.*.*")
    assert api.sim.stall_websockets(0.8) == 1
    api("POST", "profiles", {"Name": "held"})
    stream.socket.ping("alive?")
    stream.socket.send("register users.*.*")
    assert stream.silent(0.3)
    stats = api.sim.stats()
    assert (stats["websockets"], stats["registrations"]) == (1, 1)
    with closing(Stream(api)) as other:  # a new connection is alive
        other.register("users.*.*")
    frames = [stream.socket.recv_frame() for _ in range(3)]
    pongs = [frame.data for frame in frames if frame.opcode == websocket.ABNF.OPCODE_PONG]
    events = [json.loads(f.data)["Key"] for f in frames if f.opcode == websocket.ABNF.OPCODE_TEXT]
    assert (pongs, sorted(events)) == ([b"alive?"], ["held", "users.*.*"])


def test_closing_is_answered(stream: Stream) -> None:
    stream.socket.send_close()
    frame = stream.socket.recv_frame()
    assert (frame.opcode, frame.data[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1000).to_bytes(2, "big"))


def test_too_long_a_frame_ends_it(stream: Stream) -> None:
    stream.socket.send(f"register profiles.*.{'x' * 600}")
    frame = stream.socket.recv_frame()
    assert (frame.opcode, frame.data[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1009).to_bytes(2, "big"))


def test_handshake_faults(api: Api, running: Simulator) -> None:
    api.sim.fault("status", "^ws", status=503)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Stream(api)
    assert refused.value.status_code == 503
    api.sim.fault("drop", "^ws")
    with pytest.raises((websocket.WebSocketException, OSError)):
        Stream(api)
    api.sim.fault("delay", "^ws", delay=0.3)
    begin = time.monotonic()
    Stream(api).close()
    assert time.monotonic() - begin >= 0.3
    api.sim.fault("delay", "^ws", delay=0.3)
    with pytest.raises(websocket.WebSocketTimeoutException):
        Stream(api, timeout=0.1)
    time.sleep(0.4)
    assert [entry["status"] for entry in api.sim.log() if entry["path"] == "ws"][:3] == [503, 0, 101]
    assert running.stderr == ""


def test_websocket_counters(api: Api, stream: Stream) -> None:
    def counted() -> tuple[int, ...]:
        stats = api.sim.stats()
        return tuple(stats[name] for name in ("websockets", "websockets_opened", "registrations"))

    stream.register("profiles.*.*")
    stream.register("profiles.*.*")
    stream.register("users.*.*")
    assert counted() == (1, 1, 2)
    with closing(Stream(api)) as other:
        other.register("jobs.*.*")
        assert counted() == (2, 2, 3)
    eventually(lambda: counted() == (1, 2, 2))
    api.sim.reset_stats()
    assert counted() == (1, 0, 2)
    # one that goes away while it is stalled is gone at once
    api.sim.stall_websockets(30)
    stream.socket.shutdown()
    eventually(lambda: counted() == (0, 0, 0))


def test_machines_finish_by_themselves(api: Api, stream: Stream) -> None:
    api("POST", "tasks", {"Name": "work"})
    api("POST", "stages", {"Name": "last", "Tasks": ["work", "work"]})
    api("POST", "workflows", {"Name": "flow", "Stages": ["none", "last"]})
    keys = [api("POST", "machines", {"Name": f"m{n}", "Workflow": "flow"}).json()["Uuid"] for n in range(4)]
    stream.register("machines.*.*")
    api.sim.reset_stats()
    begin = time.monotonic()
    assert api.sim.finish(keys[:3], over=0.6) == 3
    found = [stream.event() for _ in range(3)]
    assert time.monotonic() - begin >= 0.5
    assert [event["Key"] for event in found] == keys[:3]
    for event in found:
        done = event["Object"]
        assert (event["Action"], done["Stage"], done["Runnable"]) == ("update", "last", True)
        assert done["CurrentTask"] == len(done["Tasks"]) == 4
        assert "WorkflowComplete" not in done
    assert api.sim.stats()["requests"] == 0
    assert api.sim.finish() == 4
    found = [stream.event() for _ in range(4)]
    assert sorted(event["Key"] for event in found) == sorted(keys)
    assert api("GET", f"machines/{keys[3]}").json()["CurrentTask"] == 4


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("restart", {"down": -1}),
        ("restart", {"down": "soon"}),
        ("events", {"count": 0}),
        ("lose-events", {"count": "many"}),
        ("lose-events", {"type": 5}),
        ("stall-websockets", {"seconds": True}),
        ("finish", {"machines": ["Name:none"]}),
        ("finish", {"machines": "all"}),
        ("finish", {"over": None}),
    ],
)
def test_bad_requests_are_refused(api: Api, path: str, asked: dict[str, Any]) -> None:
    answer = api.session.post(f"{api.sim.endpoint}/simulator/{path}", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]
