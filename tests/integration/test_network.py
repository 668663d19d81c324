# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_subnet and drp_reservation from the user's side."""

from __future__ import annotations

import pytest
from info_tasks import task
from playbook_runner import PlaybookRunner

NET = {
    "name": "net",
    "subnet": "10.9.0.0/24",
    "active_start": "10.9.0.10",
    "active_end": "10.9.0.20",
    "enabled": True,
    "next_server": "10.9.0.2",
    "options": {"routers": "10.9.0.1", "domain_name": "example.com", 67: "ipxe.pxe"},
    "meta": {"order": 1},
}
HOLD = {"address": "10.9.0.5", "mac": "52-54-00-12-34-56", "options": {"host-name": "web-1"}}
ADDED = [{"Code": 1, "Value": "255.255.255.0"}, {"Code": 28, "Value": "10.9.0.255"}]


def test_life_of_a_subnet(run_tasks: PlaybookRunner) -> None:
    fewer = {"domain-name-servers": ["10.9.0.2", "10.9.0.3"], "routers": "10.9.0.1"}
    played = run_tasks(
        task("subnet", **NET),
        task("subnet", **NET),
        task("subnet", name="net", options=fewer, active_end="10.9.0.30"),
        task("subnet", name="net", options=fewer),
        task("subnet", name="net", options={}, enabled=False, next_server=""),
        task("subnet", name="net", only_reservations=True, pickers=["none"], active_lease_time=600),
        task("subnet", name="net", state="absent"),
        task("subnet", name="net", state="absent"),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, False, True, True, True, False]
    assert not any(result.get("warnings") for result in played.results)
    assert played[0]["subnet"]["Options"] == [
        {"Code": 3, "Value": "10.9.0.1"},
        {"Code": 15, "Value": "example.com"},
        {"Code": 67, "Value": "ipxe.pxe"},
        *ADDED,
    ]
    values = {option["Code"]: option["Value"] for option in played[2]["subnet"]["Options"]}
    assert values == {1: "255.255.255.0", 3: "10.9.0.1", 6: "10.9.0.2,10.9.0.3", 28: "10.9.0.255"}
    assert set(played[2]["diff"]["after"]) == {"Options", "ActiveEnd"}
    assert played[4]["subnet"]["Options"] == ADDED
    assert played[4]["subnet"]["NextServer"] == ""
    assert played[6]["action"] == "deleted"


def test_life_of_a_reservation(run_tasks: PlaybookRunner) -> None:
    played = run_tasks(
        task("reservation", **HOLD),
        task("reservation", **HOLD),
        task("reservation", address="10.9.0.5", description="d", duration=3600, options={}),
        task("reservation", address="10.9.0.5", mac="5254.0012.3456", description="d"),
        task("reservation", address="10.9.0.5", state="absent"),
        task("reservation", address="10.9.0.5", state="absent"),
    )
    assert played.code == 0, played.output
    assert played.changed == [True, False, True, False, True, False]
    made = played[0]["reservation"]
    assert (made["Addr"], made["Token"], made["Strategy"]) == ("10.9.0.5", "52:54:00:12:34:56", "MAC")
    assert made["Options"] == [{"Code": 12, "Value": "web-1"}]
    assert played[2]["reservation"]["Options"] == []


@pytest.mark.needs_counters
def test_check_mode_writes_nothing_and_tells_the_truth(run_tasks: PlaybookRunner) -> None:
    tasks = [
        task("subnet", **NET),
        task("reservation", **HOLD),
        task("subnet", name="old", active_end="10.8.0.30", options={"routers": "10.8.0.1"}),
        task("reservation", address="10.8.0.5", state="absent"),
    ]
    old = {"name": "old", "subnet": "10.8.0.0/24", "active_start": "10.8.0.10", "active_end": "10.8.0.20"}
    run_tasks(task("subnet", **old), task("reservation", address="10.8.0.5", mac="525400000001"))
    run_tasks.simulator.reset_stats()
    checked = run_tasks(*tasks, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    done = run_tasks(*tasks, flags=["--diff"])
    assert checked.changed == done.changed == [True] * 4
    for one, two in zip(checked.results, done.results, strict=True):
        assert (one["diff"], one["action"]) == (two["diff"], two["action"])


@pytest.mark.needs_counters
def test_what_cannot_be(run_tasks: PlaybookRunner) -> None:
    run_tasks(task("subnet", **NET), task("reservation", **HOLD))
    run_tasks.simulator.reset_stats()
    overlapping = {"name": "two", "subnet": "10.9.0.128/25", "only_reservations": True}
    played = run_tasks(
        task("subnet", name="net", subnet="10.9.1.0/24"),
        task("subnet", name="net", strategy="Serial"),
        task("subnet", name="new"),
        task("subnet", name="new", subnet="10.7.0.0"),
        task("subnet", name="new", subnet="10.7.0.0/24", active_start="10.7.0.9"),
        task("subnet", name="net", active_start="10.9.0.99"),
        task("subnet", name="net", options={"router": "10.9.0.1"}),
        task("subnet", name="net", options={"routers": "gateway"}),
        task("subnet", name="net", proxy=True, unmanaged=True),
        task("subnet", name="net", pickers=["random"]),
        task("reservation", address="10.9.0.5", mac="525400123457"),
        task("reservation", address="10.9.0.6"),
        task("reservation", address="10.9.0.6", mac="web-1"),
        task("reservation", address="web-1", mac="525400123457"),
    )
    messages = [str(result["msg"]) for result in played.results]
    expected = [
        "subnet net: subnet cannot change, it is 10.9.0.0/24. Remove the subnet with state: absent",
        "subnet net: strategy cannot change, it is MAC",
        "subnet new: no such subnet; set subnet to create it",
        "subnet: '10.7.0.0' is not an IPv4 network such as 192.0.2.0/24",
        "subnet new: active_start and active_end are required",
        "subnet net: active_start 10.9.0.99 is after active_end 10.9.0.20",
        "options: unknown DHCP option router. Did you mean routers?",
        "options: routers: 'gateway' is not an IPv4 address",
        "subnet net: proxy and unmanaged are mutually exclusive",
        "value of pickers must be one or more of: hint, nextFree, mostExpired, none",
        "reservation 10.9.0.5: mac cannot change, it is 52:54:00:12:34:56",
        "reservation 10.9.0.6: no such reservation; set mac to create it",
        "mac: 'web-1' is not a MAC address",
        "address: 'web-1' is not an IPv4 address",
    ]
    assert [words for words, text in zip(expected, messages, strict=True) if words not in text] == [], (
        messages
    )
    assert run_tasks.simulator.stats()["writes"] == 0
    assert "Overlaps subnet net" in run_tasks(task("subnet", **overlapping))[0]["msg"]
