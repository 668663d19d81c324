# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets, reservations and leases."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from ..wire import Obj
from .base import Change, Rules, refuse_if_used

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

_NETMASK, _BROADCAST = 1, 28
_PICKERS = ["hint", "nextFree", "mostExpired"]


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _inside(network: ipaddress.IPv4Network, *addresses: str) -> bool:
    return all(text and ipaddress.ip_address(text) in network for text in addresses)


class SubnetRules(Rules):
    def set_defaults(self, change: Change) -> None:
        new = change.new
        new["Strategy"] = new["Strategy"] or "MAC"
        new["ActiveLeaseTime"] = new["ActiveLeaseTime"] or 60
        new["ReservedLeaseTime"] = new["ReservedLeaseTime"] or 7200
        if not new["Pickers"]:
            new["Pickers"] = ["none"] if new["OnlyReservations"] else list(_PICKERS)
        network = _network(new["Subnet"])
        if network:
            present = {option["Code"] for option in new["Options"]}
            for code, value in ((_NETMASK, network.netmask), (_BROADCAST, network.broadcast_address)):
                if code not in present:
                    new["Options"].append({"Code": code, "Value": str(value)})

    def change(self, change: Change) -> None:
        for name in ("Strategy", "Subnet"):
            if change.old and change.old[name] != change.new[name]:
                change.refusals.append(f"Cannot change {name}")

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj)
        network = _network(obj["Subnet"])
        if not network:
            problems.append(f"invalid CIDR address: {obj['Subnet']}")
        if not obj["OnlyReservations"]:
            problems += self._range_problems(network, obj)
        for name, least in (("ActiveLeaseTime", 60), ("ReservedLeaseTime", 7200)):
            if obj[name] < least:
                problems.append(f"{name} must be greater than or equal to {least} seconds, not {obj[name]}")
        if obj["Proxy"] and obj["Unmanaged"]:
            problems.append("Proxy and Unmanaged exclude each other")
        return problems or self._overlaps(server, network, obj)

    @staticmethod
    def _range_problems(network: ipaddress.IPv4Network | None, obj: Obj) -> list[str]:
        start, end = obj["ActiveStart"], obj["ActiveEnd"]
        if not network or not _inside(network, start, end):
            return [f"ActiveStart `{start}` and ActiveEnd `{end}` must be in the subnet"]
        if int(ipaddress.IPv4Address(start)) > int(ipaddress.IPv4Address(end)):
            return [f"ActiveStart {start} must be less than ActiveEnd {end}"]
        return []

    @staticmethod
    def _overlaps(server: Server, network: ipaddress.IPv4Network | None, obj: Obj) -> list[str]:
        problems = []
        for other in server.store["subnets"]:
            theirs = _network(other.data["Subnet"])
            if other.key != obj["Name"] and network and theirs and theirs.overlaps(network):
                problems.append(f"Overlaps subnet {other.key}")
        return problems

    def guard_delete(self, server: Server, row: Row) -> None:
        network = _network(row.data["Subnet"])
        users = [
            f"Subnet {row.key} in use by lease {lease.data['Addr']}"
            for lease in server.store["leases"]
            if network and _inside(network, lease.data["Addr"])
        ]
        refuse_if_used("subnets", row.key, users)


class ReservationRules(Rules):
    def change(self, change: Change) -> None:
        for name in ("Token", "Strategy", "Scoped", "Subnet"):
            if change.old and change.old[name] != change.new[name]:
                change.refusals.append(f"Cannot change {name}")

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return [
            f"Reservation {name} cannot be empty" for name in ("Addr", "Token", "Strategy") if not obj[name]
        ]


class LeaseRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        return []
