# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand spoilt answers: none ends in an exception that nobody expects, and none makes anything hang.

``make fuzz N=10000 SEED=7`` tries more of them, and others.
"""

from __future__ import annotations

import os
import threading
import traceback
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.plugins.doc_fragments.constructed import ModuleDocFragment as Constructed
from ansible.plugins.doc_fragments.inventory_cache import ModuleDocFragment as InventoryCache
from garbling.proxy import garbling_proxy
from garbling.scenarios import INVENTORY_NAME, OF_V4, SCENARIOS, Bench

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.plugins.doc_fragments.connection import (
    ModuleDocFragment as Connection,
)
from ansible_collections.digitalrebar.provision.plugins.doc_fragments.host_kinds import (
    ModuleDocFragment as HostKinds,
)
from ansible_collections.digitalrebar.provision.plugins.inventory import drp
from simulator.launch import Simulator

ANSWERS = int(os.environ.get("FUZZ_N") or 1000)
SEED = int(os.environ.get("FUZZ_SEED") or 20261129)
LONGEST = 120.0
"""Seconds for one time through a scenario, on a busy machine; nothing in one waits for more than a few."""
SHARES = {
    "client": 4,
    "machine": 4,
    "bulk": 6,
    "content": 3,
    "inventory": 5,
    "wait": 3,
    "event_source": 3,
    "agent": 3,
    "work_orders": 2,
}
IDLE_ROUNDS = 20
pytestmark = pytest.mark.timeout(900 if ANSWERS <= 1000 else 0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drp_events, "TIMEOUT", 2.0)
    monkeypatch.setattr(drp_events, "PING_INTERVAL", 1.0)
    monkeypatch.setenv("NO_PROXY", "*")
    options = {}
    for text in (
        Constructed.DOCUMENTATION,
        InventoryCache.DOCUMENTATION,
        Connection.PLUGINS,
        HostKinds.DOCUMENTATION,
        drp.DOCUMENTATION,
    ):
        options.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", INVENTORY_NAME, options)


def test_every_reader_has_a_share() -> None:
    assert SHARES.keys() == SCENARIOS.keys()


def marks_of(scenario: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.needs_v4] if scenario in OF_V4 else []


@pytest.fixture(params=[pytest.param(each, marks=marks_of(each)) for each in sorted(SCENARIOS)])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(name: str, request: pytest.FixtureRequest) -> Simulator:
    """The one that the scenario needs."""
    found: Simulator = request.getfixturevalue("v4_simulator" if name in OF_V4 else "simulator")
    return found


def test_nothing_fails_when_nothing_is_garbled(name: str, server: Simulator, tmp_path: Path) -> None:
    with garbling_proxy(server.endpoint, server.ca, SEED, rate=0.0) as proxy:
        bench = Bench(server, proxy, tmp_path)
        bench.prepare()
        assert run_once(name, bench) == ""
    assert [text for text in bench.failures if "not complete after" not in text] == []


def test_garbled_answers(name: str, server: Simulator, tmp_path: Path) -> None:
    count = max(ANSWERS * SHARES[name] // sum(SHARES.values()) + 1, 1)
    with garbling_proxy(server.endpoint, server.ca, SEED) as proxy:
        bench = Bench(server, proxy, tmp_path)
        bench.prepare()
        uncaught: list[str] = []
        idle = 0
        while proxy.garbled < count and idle < IDLE_ROUNDS:
            before = proxy.garbled
            proxy.budget = count - before
            raised = run_once(name, bench)
            idle = idle + 1 if proxy.garbled == before else 0
            if raised:
                proxy.budget = 0
                uncaught.append(f"{raised}\nafter\n" + "\n".join(proxy.last))
                bench.prepare()
        server.clear_faults()
    print(
        f"{name}: {proxy.garbled} answers garbled, {len(uncaught)} uncaught exceptions, 0 hangs, seed {SEED}"
    )
    assert proxy.garbled >= count
    assert not uncaught, f"{len(uncaught)} uncaught; the first:\n" + "\n\n".join(uncaught[:3])


def run_once(name: str, bench: Bench) -> str:
    """Go once through a scenario; what it raised, "" for nothing.  Fails the test when it hangs."""
    raised: list[str] = []

    def work() -> None:
        try:
            SCENARIOS[name](bench)
        except BaseException:
            raised.append(traceback.format_exc())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(LONGEST)
    assert not thread.is_alive(), f"{name} hangs after\n" + "\n".join(bench.proxy.last)
    return "".join(raised)
