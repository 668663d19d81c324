# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP options that tasks write are such that the server can send them: its log says nothing."""

from __future__ import annotations

import pytest
from info_tasks import add, task
from playbook_runner import PlaybookRunner, thing

from simulator.rules.dhcp_values import sent
from simulator.testing import Api

OPTIONS = {
    "routers": "198.18.3.1, 198.18.3.2",
    "ntp-servers": [" 198.18.3.3"],
    "time-offset": -3600,
    "ip-forwarding": True,
    "interface-mtu": "9000",
    "domain-name": "lab.example.com",
    "domain-search": ["a.example", "b.example"],
    "tftp-server-address": "198.18.3.1",
    "classless-static-routes": ["10.0.0.0/8", "198.18.3.1"],
    "vendor-encapsulated-options": "01:04:00:00:00:00",
    "wpad": "http://198.18.3.1/wpad.dat",
    67: "{{ '{{' }}if (eq (index . 77) \"iPXE\"){{ '}}' }}default.ipxe{{ '{{' }}end{{ '}}' }}",
}
NET = {"name": "net", "subnet": "198.18.3.0/24", "active_start": "198.18.3.10", "active_end": "198.18.3.20"}


def complaints(run_tasks: PlaybookRunner) -> list[str]:
    lines = Api(run_tasks.simulator)("GET", "logs").json()
    return [line["Message"] for line in lines if line["Service"] == "dhcp"]


def test_the_server_can_send_what_tasks_store(run_tasks: PlaybookRunner) -> None:
    raw = {
        "Name": "raw",
        "Subnet": "198.18.5.0/24",
        "ActiveStart": "198.18.5.10",
        "ActiveEnd": "198.18.5.20",
        "Options": [{"Code": 3, "Value": "198.18.5.1, 198.18.5.2"}, {"Code": 19, "Value": True}],
    }
    tasks = [
        task("subnet", **NET, options=OPTIONS),
        task("reservation", address="198.18.3.5", mac="52:54:00:00:00:01", options=OPTIONS),
        thing(kind="subnets", spec=raw),
        task("subnet", name="net", only_reservations=True),
    ]
    played = run_tasks(*tasks, *tasks[1:])
    assert played.changed == [True] * 4 + [False] * 3, played.output
    assert complaints(run_tasks) == []
    stored = {option["Code"]: option["Value"] for option in played[0]["subnet"]["Options"]}
    assert sent(3, stored[3]) == bytes([198, 18, 3, 1, 198, 18, 3, 2])
    assert sent(150, stored[150]) == bytes([198, 18, 3, 1])
    assert sent(119, stored[119]) == b"\x01a\x07example\x00\x01b\x07example\x00"
    assert sent(121, stored[121]) == bytes([8, 10, 198, 18, 3, 1])
    assert (sent(19, stored[19]), sent(2, stored[2]), sent(26, stored[26])) == (
        b"\1",
        b"\xff\xff\xf1\xf0",
        b"#(",
    )
    assert played[3]["subnet"]["Pickers"] == ["none"]


@pytest.mark.needs_counters
@pytest.mark.assumes("options are converted when they are stored")
def test_what_the_server_cannot_send_is_told_by_its_log_alone(run_tasks: PlaybookRunner) -> None:
    refused = {15: "x" * 256, 26: "70000"}
    values = {3: "10.0.0.1, 10.0.0.2", 19: "true", 119: "a.example", 150: "10.0.0.1", **refused}
    options = [{"Code": code, "Value": value} for code, value in values.items()]
    api = Api(run_tasks.simulator)
    add(api, "reservations", Addr="10.0.0.9", Token="52:54:00:00:00:02", Strategy="MAC", Options=options)
    told = complaints(run_tasks)
    assert [line.split(" option ")[1].split()[0] for line in told] == [str(code) for code in values]
    tried = run_tasks(*[task("subnet", **NET, options={code: value}) for code, value in refused.items()])
    assert all(one.get("failed") for one in tried.results)
    seen = thing(kind="reservations", id="10.0.0.9", spec={"Options": [{"Code": 26, "Value": "70000"}]})
    assert "The server stores it and does not send it" in str(run_tasks(seen)[0].get("warnings"))
