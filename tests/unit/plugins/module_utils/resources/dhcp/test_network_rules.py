# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses, DHCP options, and what is known of subnets and reservations before the server is asked."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp import reservation, subnet
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp.addresses import (
    ipv4,
    ipv4_network,
    mac,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.resources.dhcp.options import (
    CODES,
    code_of,
    code_value_pairs,
)

NET = {
    "Name": "net",
    "Subnet": "10.0.0.0/24",
    "Strategy": "MAC",
    "ActiveStart": "10.0.0.10",
    "ActiveEnd": "10.0.0.20",
    "OnlyReservations": False,
    "Proxy": False,
    "Unmanaged": False,
    "Options": [{"Code": 1, "Value": "255.255.255.0"}, {"Code": 28, "Value": "10.0.0.255"}],
}
HELD = {"Addr": "10.0.0.5", "Token": "52:54:00:00:00:AA", "Strategy": "MAC", "Scoped": False, "Subnet": ""}


def wanted_net(**options: t.Any) -> subnet.Subnet:
    return subnet.from_options({"name": "net", "state": "present", "require_available": True, **options})


def wanted_hold(**options: t.Any) -> reservation.Reservation:
    return reservation.from_options(
        {"address": "10.0.0.5", "state": "present", "require_available": True, **options}
    )


def told(error: pytest.ExceptionInfo[UsageError]) -> str:
    (message,) = error.value.messages
    return str(message)


class TestAddresses:
    @given(st.ip_addresses(v=4))
    def test_addresses(self, address: ipaddress.IPv4Address) -> None:
        assert ipv4("x", f" {address}") == address

    @given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", "", "."]))
    def test_macs_in_all_notations(self, raw: bytes, separator: str) -> None:
        written = raw.hex(separator, 2).upper() if separator else raw.hex()
        assert mac("mac", written) == raw.hex(":")

    @pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.256", "fe80::1", "web-1"])
    def test_what_is_no_address(self, text: str) -> None:
        with pytest.raises(UsageError, match="next_server: .* is not an IPv4 address"):
            ipv4("next_server", text)

    @pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/33", "fe80::/64", "/24"])
    def test_what_is_no_network(self, text: str) -> None:
        with pytest.raises(UsageError, match="subnet: .* such as 192.0.2.0/24"):
            ipv4_network("subnet", text)

    @pytest.mark.parametrize("text", ["", "52:54:00:12:34", "52:54:00:12:34:5g", "525400123456 78"])
    def test_what_is_no_mac(self, text: str) -> None:
        with pytest.raises(UsageError, match="is not a MAC address"):
            mac("mac", text)


class TestDhcpOptions:
    def test_names_codes_and_values(self) -> None:
        wanted = {
            "Domain_Name": "x.org",
            3: "10.0.0.1",
            "6": ["10.0.0.2", "10.0.0.3"],
            "time-offset": -3600,
            67: None,
        }
        assert [tuple(entry.values()) for entry in code_value_pairs(wanted)] == [
            (2, "-3600"),
            (3, "10.0.0.1"),
            (6, "10.0.0.2,10.0.0.3"),
            (15, "x.org"),
        ]
        assert code_value_pairs({15: "x"}) == [{"Code": 15, "Value": "x"}]

    @pytest.mark.parametrize("name", CODES)
    def test_each_name_is_its_code(self, name: str) -> None:
        assert code_of(name) == code_of(name.upper().replace("-", "_")) == code_of(CODES[name])

    def test_templates_are_left_to_the_server(self) -> None:
        assert code_value_pairs({"routers": "{{.Gateway}}"}) == [{"Code": 3, "Value": "{{.Gateway}}"}]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"router": "10.0.0.1"}, "unknown DHCP option router. Did you mean routers?"),
            ({0: "x"}, "0 is not the code of a DHCP option"),
            ({"255": "x"}, "255 is not the code of a DHCP option"),
            ({"routers": "10.0.0.1", 3: "10.0.0.2"}, "option 3 is given twice, the second time as 3"),
            ({"ntp-servers": ["10.0.0.1", "pool"]}, "options: ntp-servers: 'pool' is not an IPv4 address"),
            ({"root-path": {"a": 1}}, "options: root-path: must be a string, a number, or a list of them"),
        ],
    )
    def test_mistakes(self, options: dict[t.Any, t.Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            code_value_pairs(options)
        assert message in told(caught)


class TestSubnets:
    def test_options_that_the_server_adds_stay(self) -> None:
        wanted = wanted_net(options={"routers": "10.0.0.1"})
        wanted.check(NET)
        assert wanted.wanted_object(NET)["Options"] == [*NET["Options"], {"Code": 3, "Value": "10.0.0.1"}]

    def test_the_same_network_in_other_words_is_no_change(self) -> None:
        wanted = wanted_net(subnet="10.0.0.77/24")
        wanted.check(NET)
        assert wanted.wanted_object(NET) == NET

    def test_unrelated_changes_are_not_refused_for_what_is_there(self) -> None:
        odd = {**NET, "ActiveStart": "", "ActiveEnd": ""}
        wanted_net(enabled=True).check(odd)

    def test_a_subnet_for_reservations_needs_no_range(self) -> None:
        wanted_net(subnet="10.0.0.0/24", only_reservations=True).check(None)

    @pytest.mark.parametrize(
        ("options", "current", "message"),
        [
            ({"subnet": "10.0.1.0/24"}, NET, "subnet net: subnet cannot change, it is 10.0.0.0/24"),
            ({"strategy": "Hint"}, NET, "subnet net: strategy cannot change, it is MAC"),
            ({}, None, "subnet net: no such subnet; set subnet to create it"),
            ({"subnet": "10.0.0.0/24"}, None, "active_start and active_end are required"),
            ({"active_end": "10.0.1.1"}, NET, "active_end 10.0.1.1 is not in 10.0.0.0/24"),
            ({"active_start": "10.0.0.30"}, NET, "active_start 10.0.0.30 is after active_end 10.0.0.20"),
            ({"proxy": True, "unmanaged": True}, NET, "proxy and unmanaged are mutually exclusive"),
            ({"proxy": True}, {**NET, "Unmanaged": True}, "proxy and unmanaged are mutually exclusive"),
        ],
    )
    def test_refused(self, options: dict[str, t.Any], current: dict[str, t.Any] | None, message: str) -> None:
        with pytest.raises(UsageError) as caught:
            wanted_net(**options).check(current)
        assert message in told(caught)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"active_lease_time": 59}, "active_lease_time: must be at least 60 seconds"),
            ({"reserved_lease_time": 60}, "reserved_lease_time: must be at least 7200 seconds"),
            ({"next_server": "tftp"}, "next_server: 'tftp' is not an IPv4 address"),
            ({"subnet": "10.0.0.0"}, "subnet: '10.0.0.0' is not an IPv4 network"),
        ],
    )
    def test_refused_at_once(self, options: dict[str, t.Any], message: str) -> None:
        with pytest.raises(UsageError) as caught:
            wanted_net(**options)
        assert message in told(caught)


class TestReservations:
    def test_the_strategy_is_mac_unless_told(self) -> None:
        assert wanted_hold(mac="5254.0000.00AA").creation_body() == {
            "Strategy": "MAC",
            "Addr": "10.0.0.5",
            "Token": "52:54:00:00:00:aa",
        }
        odd = wanted_hold(mac="Serial-7", strategy="Serial")
        assert odd.creation_body()["Token"] == "Serial-7"

    def test_the_same_mac_in_other_letters_is_no_change(self) -> None:
        wanted = wanted_hold(mac="52-54-00-00-00-aa")
        wanted.check(HELD)
        assert wanted.wanted_object(HELD) == HELD

    @pytest.mark.parametrize(
        ("options", "current", "message"),
        [
            ({}, None, "reservation 10.0.0.5: no such reservation; set mac to create it"),
            ({"mac": "52:54:00:00:00:bb"}, HELD, "mac cannot change, it is 52:54:00:00:00:AA"),
            ({"scoped": True}, HELD, "scoped cannot change, it is not set"),
            ({"subnet": "net"}, HELD, "subnet cannot change, it is not set"),
            ({"strategy": "Other"}, HELD, "strategy cannot change, it is MAC"),
        ],
    )
    def test_refused(self, options: dict[str, t.Any], current: dict[str, t.Any] | None, message: str) -> None:
        with pytest.raises(UsageError) as caught:
            wanted_hold(**options).check(current)
        assert message in told(caught)

    def test_a_reservation_is_of_an_address(self) -> None:
        with pytest.raises(UsageError, match="address: 'web-1' is not an IPv4 address"):
            wanted_hold(address="web-1")


MASK, BROADCAST = {"Code": 1, "Value": "255.255.255.0"}, {"Code": 28, "Value": "192.0.2.255"}
GATEWAY, DNS = {"Code": 3, "Value": "192.0.2.1"}, {"Code": 6, "Value": "192.0.2.2"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([GATEWAY], [GATEWAY, MASK, BROADCAST]),
        ([], [MASK, BROADCAST]),
        ([DNS, GATEWAY], [GATEWAY, MASK, BROADCAST, DNS]),
        ([{"Code": 1, "Value": "255.255.0.0"}], [{"Code": 1, "Value": "255.255.0.0"}, BROADCAST]),
    ],
    ids=str,
)
def test_subnets_keep_the_options_of_the_server(wanted: list[t.Any], expected: list[t.Any]) -> None:
    current = {"Name": "s", "Options": [GATEWAY, MASK, BROADCAST]}
    resource = subnet.RawSubnet("subnets", {"Name": "s", "Options": wanted})
    once = resource.wanted_object(current)
    assert once["Options"] == expected
    assert resource.wanted_object(once) == once


class TestPickers:
    """A v3.12 server looks at the pickers alone."""

    CURRENT: t.ClassVar[dict[str, t.Any]] = {**NET, "Pickers": ["hint", "nextFree", "mostExpired"]}

    @pytest.mark.parametrize(
        ("options", "there", "pickers"),
        [
            ({"only_reservations": True}, None, ["none"]),
            ({"only_reservations": False}, None, ["hint", "nextFree", "mostExpired"]),
            ({"only_reservations": False}, ["none"], ["hint", "nextFree", "mostExpired"]),
            ({"only_reservations": False}, ["nextFree"], ["nextFree"]),
            ({"only_reservations": True, "pickers": ["hint"]}, None, ["hint"]),
            ({"description": "x"}, ["none"], ["none"]),
        ],
    )
    def test_they_follow_only_reservations(
        self, options: dict[str, t.Any], there: list[str] | None, pickers: list[str]
    ) -> None:
        current = {**self.CURRENT, **({"Pickers": there} if there else {})}
        assert wanted_net(**options).wanted_object(current)["Pickers"] == pickers


def test_raw_options_are_made_sendable_or_told() -> None:
    options = [{"code": "3", "value": "10.0.0.1, 10.0.0.2"}, {"Code": 119, "Value": "a.b.", "x": 1}]
    raw = subnet.RawSubnet(kind="subnets", spec={"Name": "net", "Options": options})
    assert raw.creation_body()["Options"] == [
        {"Code": 3, "Value": "10.0.0.1,10.0.0.2"},
        {"Code": 119, "Value": "1,97,1,98,0"},
    ]
    assert raw.warnings == ["subnet net: the server has no member Options[1].x; left out"]
    odd = {"Addr": "10.0.0.9", "Options": [{"Code": 26, "Value": "jumbo"}, {"Code": 67, "Value": ""}]}
    held = reservation.RawReservation(kind="reservations", spec=odd)
    assert held.creation_body()["Options"] == odd["Options"]
    (warning,) = held.warnings
    assert warning == (
        "Options: Code 26: must be a whole number from 0 to 65535. The server stores it and does not send it"
    )
