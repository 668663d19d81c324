# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets, reservations and leases."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ..errors import Crash
from ..wire import Obj
from .base import Change, Rules, refuse_if_used
from .dhcp_values import log_unsendable

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

_NETMASK, _BROADCAST = 1, 28
_PICKERS = ["hint", "nextFree", "mostExpired"]
_KNOWN_PICKERS = {*_PICKERS, "none", "point2point"}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def unicast_problems(address: str) -> list[str]:
    """Why a machine cannot have that address."""
    if not address:
        return ["IP Address is nil"]
    found = ipaddress.ip_address(address)
    bad = found.is_loopback or found.is_multicast or found.is_link_local or found.is_unspecified
    if bad or address == "255.255.255.255":
        return [f"{address} is not a valid IP address for dr-provision"]
    return []


def maybe_unicast_problems(address: str) -> list[str]:
    """The same for an address that may be unset or zero."""
    if not address or ipaddress.ip_address(address).is_unspecified:
        return []
    return unicast_problems(address)


def _inside(network: Network, address: str) -> bool:
    return bool(address) and ipaddress.ip_address(address) in network


def _can_be_leased(network: Network, address: str) -> bool:
    """Neither the address of the network itself nor that of its broadcasts."""
    if not _inside(network, address):
        return False
    return ipaddress.ip_address(address) not in (network.network_address, network.broadcast_address)


class SubnetRules(Rules):
    def fill(self, obj: Obj) -> None:
        obj["Strategy"] = obj["Strategy"] or "MAC"
        obj["ActiveLeaseTime"] = obj["ActiveLeaseTime"] or 60
        obj["ReservedLeaseTime"] = obj["ReservedLeaseTime"] or 7200
        if not obj["Pickers"]:
            obj["Pickers"] = ["none"] if obj["OnlyReservations"] else list(_PICKERS)

    def set_defaults(self, change: Change) -> None:
        network = network_of(change.new["Subnet"])
        if network and network.version == 4:
            _set_options(change.new, network)

    def change(self, change: Change) -> None:
        old, new = change.old, change.new
        for name, title in (("Strategy", "Strategy"), ("Subnet", "Subnet range")):
            if old and old[name] != new[name]:
                change.refusals.append(f"{title} cannot change")
        network = network_of(new["Subnet"])
        if network and network.version != 4 and not change.refusals:
            raise Crash("a subnet of IPv6")

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj)
        network = network_of(obj["Subnet"])
        if not network:
            # both halves of the server say so
            return problems + [f"Invalid subnet {obj['Subnet']}: invalid CIDR address"] * 2
        address = unicast_problems(str(network.network_address))
        problems += address
        problems += maybe_unicast_problems(obj["NextServer"])
        if obj["Proxy"] and obj["Unmanaged"]:
            problems.append("Unmanaged and Proxy cannot both be true")
        if not (obj["OnlyReservations"] or obj["Proxy"]):
            problems += self._range_problems(network, obj)
        if obj["ReservedLeaseTime"] < 7200:
            problems.append(_too_short("ReservedLeaseTime", 7200, obj))
        problems += address
        problems += [
            f"Picker {name} is not a valid lease picking strategy"
            for name in obj["Pickers"]
            if name not in _KNOWN_PICKERS
        ]
        return problems

    @staticmethod
    def _range_problems(network: Network, obj: Obj) -> list[str]:
        start, end = obj["ActiveStart"], obj["ActiveEnd"]
        problems = unicast_problems(start) + unicast_problems(end)
        for name, address in (("ActiveStart", start), ("ActiveEnd", end)):
            if not _inside(network, address):
                problems.append(f"{name} {address} not in subnet range {network}")
        if _number(start) >= _number(end):
            problems.append(f"ActiveStart {start} must be less than ActiveEnd {end}")
        if obj["ActiveLeaseTime"] < 60:
            problems.append(_too_short("ActiveLeaseTime", 60, obj))
        return problems

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        network = network_of(obj["Subnet"])
        return [
            f"Overlaps subnet {other.key}"
            for other in server.store["subnets"]
            if other.key != obj["Name"]
            and network
            and (theirs := network_of(other.data["Subnet"]))
            and network.network_address in theirs
        ]

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        log_unsendable(server.logs, f"Subnet {row.key}", row.data["Options"])

    def guard_delete(self, server: Server, row: Row) -> None:
        network = network_of(row.data["Subnet"])
        users = [
            f"Reservation {other.data['Addr']} is scoped for Subnet {row.key}, cannot delete."
            for other in server.store["reservations"]
            if network and other.data["Scoped"] and _can_be_leased(network, other.data["Addr"])
        ]
        refuse_if_used("subnets", row.key, users)


def _set_options(obj: Obj, network: Network) -> None:
    """The server's own netmask and broadcast address, whatever was asked for."""
    if obj["Pickers"][0] == "point2point":
        obj["Options"] = [o for o in obj["Options"] if o["Code"] not in (_NETMASK, _BROADCAST)]
    for code, address in ((_NETMASK, network.netmask), (_BROADCAST, network.broadcast_address)):
        present = [option for option in obj["Options"] if option["Code"] == code]
        for option in present:
            option["Value"] = str(address)
        if not present:
            obj["Options"].append({"Code": code, "Value": str(address)})


def _number(address: str) -> int:
    return int(ipaddress.ip_address(address)) if address else 0


def _too_short(name: str, least: int, obj: Obj) -> str:
    return f"{name} must be greater than or equal to {least} seconds, not {obj[name]}"


class ReservationRules(Rules):
    def change(self, change: Change) -> None:
        if change.old:
            change.refusals += [
                f"{name} cannot change"
                for name in ("Token", "Strategy", "Scoped", "Subnet")
                if change.old[name] != change.new[name]
            ]
        else:
            self._create(change)

    @staticmethod
    def _create(change: Change) -> None:
        server, new, address = change.server, change.new, change.new["Addr"]
        around = None
        for row in server.store["subnets"]:
            network = network_of(row.data["Subnet"])
            if network and _inside(network, address):
                around = network
                if not _can_be_leased(network, address):
                    message = f"Address {address} is a network or broadcast address for subnet {row.key}"
                    change.refusals.append(message)
                new["Subnet"] = row.key if new["Scoped"] else new["Subnet"]
                break
        if new["Scoped"] and not around:
            change.refusals.append(f"Address {address} is not in a defined Subnet, and Scoped is true.")
            return
        for row in server.store["reservations"]:
            other = row.data
            same = other["Addr"] != address and all(other[n] == new[n] for n in ("Token", "Strategy"))
            apart = new["Scoped"] and other["Scoped"] and around and not _inside(around, other["Addr"])
            if same and not apart:
                message = (
                    f"Reservation {row.key} already has Strategy {new['Strategy']}: Token {new['Token']}"
                )
                change.refusals.append(message)

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return [
            *unicast_problems(obj["Addr"]),
            *maybe_unicast_problems(obj["NextServer"]),
            *(f"Reservation {name} cannot be empty!" for name in ("Token", "Strategy") if not obj[name]),
        ]

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        log_unsendable(server.logs, f"Reservation {row.key}", row.data["Options"])


class LeaseRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return []
