# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon a wait goes on, and what a wait for a thousand machines costs.

``python -m bench.waiting ENDPOINT CA TOKENS`` is such a wait, in a process of its own.
"""

from __future__ import annotations

import collections
import json
import os
import resource
import ssl
import statistics
import subprocess
import sys
import threading
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

import websocket

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv/collections"))

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner  # noqa: E402
from ansible_collections.digitalrebar.provision.plugins.modules.drp_wait import SPEC, run  # noqa: E402
from simulator.launch import PASSWORD, USERNAME  # noqa: E402
from simulator.testing import Api  # noqa: E402

from .items import options  # noqa: E402
from .lab import Lab, Row, machine, median  # noqa: E402

TIMES = 100
MACHINES = 1000
SECONDS = 30.0
MOST = 1.5
_PAUSE = 0.05
"""After it has registered; long enough for either to have had its first look."""

Ending = Callable[[], t.Any]


def measure(lab: Lab) -> list[Row]:
    return [*_latency(lab), *_many(lab)]


# -- from the change to the answer


def _latency(lab: Lab) -> list[Row]:
    raw = lab.fresh()
    made = raw("POST", "machines", json=machine(1)).json()
    path = f"machines/{made['Uuid']}"
    other = Api(lab.simulator)

    def ours(text: str) -> Ending:
        wanted = [{"path": "Description", "equals": text}]
        _wait(lab.connection, id=made["Uuid"], until=wanted)
        return _nothing

    def bare(text: str) -> Ending:
        return _bare_wait(raw, made["Uuid"], text)

    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(TIMES + 2):
        # in turn, so that a slow moment of the computer hits both
        for name, wait in (("ours", ours), ("bare", bare)):
            taken = _since_change(other, path, f"{name} {number}", wait)
            if number >= 2:
                seconds[name].append(1000 * taken)
    there = f"ours {TIMES + 1}"
    other("PATCH", path, json=[{"op": "replace", "path": "/Description", "value": there}])
    at_once = 1000 * median(lambda: ours(there), TIMES)
    read = 1000 * median(lambda: raw("GET", path).json(), TIMES)
    middle, worst = statistics.median(seconds["ours"]), max(seconds["ours"])
    bare_middle, bare_worst = statistics.median(seconds["bare"]), max(seconds["bare"])
    return [
        Row(
            f"from the change to the answer, median of {TIMES}",
            middle,
            bare_middle,
            target=f"<= {MOST:g} x bare client",
            met=middle <= MOST * bare_middle,
        ),
        Row(f"from the change to the answer, worst of {TIMES}", worst, bare_worst),
        Row("already complete", at_once, read),
    ]


def _since_change(api: Api, path: str, text: str, wait: Callable[[str], Ending]) -> float:
    """Seconds from the sending of the change to the end of the wait for it.

    What either does after its answer, such as closing its connection, does not count.
    """
    sent: list[float] = []

    def change() -> None:
        while not api.sim.stats()["registrations"]:
            time.sleep(0.005)
        time.sleep(_PAUSE)
        sent.append(time.perf_counter())
        api("PATCH", path, json=[{"op": "replace", "path": "/Description", "value": text}])

    thread = threading.Thread(target=change)
    thread.start()
    tidy_up = wait(text)
    ended = time.perf_counter()
    thread.join()
    tidy_up()
    while api.sim.stats()["websockets"]:
        time.sleep(0.005)
    return ended - sent[0]


def _bare_wait(api: Api, uuid: str, text: str) -> Ending:
    """What a script does with nothing but a websocket library: register, look, and look after each event."""
    path = f"machines/{uuid}"
    events = websocket.create_connection(
        f"{api.sim.endpoint.replace('https', 'wss')}/api/v3/ws",
        header=[f"Authorization: {api.authorization}"],
        sslopt={"ca_certs": api.sim.ca, "cert_reqs": ssl.CERT_REQUIRED},
        timeout=20,
    )
    events.send(f"register machines.update.{uuid}")
    events.recv()
    while api("GET", path).json()["Description"] != text:
        events.recv()
    return events.close


def _wait(connection: dict[str, t.Any], **given: t.Any) -> dict[str, t.Any]:
    result = runner.run(run, options(SPEC, **{"timeout": 120, **connection, **given}))
    if result.get("outcome") != "complete":
        raise RuntimeError(f"not complete: {result.get('msg', result)}")
    return result


def _nothing() -> None:
    pass


# -- a thousand machines


def _many(lab: Lab) -> list[Row]:
    raw = lab.fresh()
    raw("POST", "tasks", json={"Name": "work"})
    raw("POST", "stages", json={"Name": "last", "Tasks": ["work"]})
    raw("POST", "workflows", json={"Name": "flow", "Stages": ["last"]})
    for number in range(MACHINES):
        raw("POST", "machines", json={**machine(number), "Workflow": "flow"})
    tokens = lab.connection["token_cache"]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.waiting", lab.simulator.endpoint, lab.simulator.ca, tokens],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    lab.simulator.reset_stats()
    before = len(lab.simulator.log())
    while not lab.simulator.stats()["registrations"] and process.poll() is None:
        time.sleep(0.1)
    time.sleep(1)
    begin = time.perf_counter()
    lab.simulator.finish(over=SECONDS)
    assert process.stdout
    told = json.loads(process.stdout.readline())
    late = time.perf_counter() - begin - SECONDS
    process.wait(20)
    asked = [line["path"].partition("/")[0] for line in lab.simulator.log()[before:]]
    requests = ", ".join(f"{count} {what}" for what, count in collections.Counter(asked).items())
    sockets = lab.simulator.stats()["websockets_opened"]
    what = f"wait for {MACHINES} machines over {SECONDS:g} s"
    return [
        Row(f"{what}: sockets", sockets, None, "", requests, "1 socket", sockets == 1),
        Row(f"{what}: processor time", told["cpu"], None, "s"),
        Row(f"{what}: most memory, beside that of one look", told["most"], told["before"], "MB"),
        Row(f"{what}: answer after the last one", 1000 * late),
    ]


def main(endpoint: str, ca: str, tokens: str) -> None:
    """Wait for all machines, and tell what it cost this process."""
    connection = {
        "endpoint": endpoint,
        "username": USERNAME,
        "password": PASSWORD,
        "ca_path": ca,
        "token_cache": tokens,
    }
    _wait(connection, filters={"Name": machine(0)["Name"]}, until=[{"available": True}])
    before, cpu = _memory(), time.process_time()
    result = _wait(connection, filters={"Workflow": "flow"})
    if result["complete"] != MACHINES:
        raise RuntimeError(f"{result['complete']} complete")
    print(json.dumps({"cpu": time.process_time() - cpu, "before": before, "most": _memory()}), flush=True)


def _memory() -> float:
    """The most that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
