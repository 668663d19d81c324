# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Subnets: what the server would refuse, said before it is asked."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ...client.errors import UsageError
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.task import Options, Result, Task
from .addresses import ipv4, ipv4_network
from .options import code_value_pairs
from .raw_options import sendable

_MEMBERS = {
    "name": "Name",
    "subnet": "Subnet",
    "description": "Description",
    "documentation": "Documentation",
    "enabled": "Enabled",
    "proxy": "Proxy",
    "unmanaged": "Unmanaged",
    "next_server": "NextServer",
    "active_start": "ActiveStart",
    "active_end": "ActiveEnd",
    "active_lease_time": "ActiveLeaseTime",
    "reserved_lease_time": "ReservedLeaseTime",
    "only_reservations": "OnlyReservations",
    "strategy": "Strategy",
    "pickers": "Pickers",
    "meta": "Meta",
}
_MIN_SECONDS = {"ActiveLeaseTime": 60, "ReservedLeaseTime": 7200}
_RANGE = {"ActiveStart", "ActiveEnd", "OnlyReservations"}
_OPTION_NAMES = {member: name for name, member in _MEMBERS.items()}
_SERVER_ADDED_CODES = (1, 28)
"""Options that the server adds by itself: netmask and broadcast."""


_PICKERS = ["hint", "nextFree", "mostExpired"]
_RESERVED_ONLY = ["none"]
"""How the server looks for free addresses, by default and when it is to lend none of them."""


@dataclasses.dataclass
class RawSubnet(Resource):
    """A wanted subnet in the server's own words.

    The server adds netmask and broadcast to the DHCP options, and sets them to those of the network whatever
    they are given: neither is asked away.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if "Options" in self.spec:
            self.spec["Options"], warnings = sendable(self.spec["Options"])
            self.spec_warnings += warnings

    def wanted_object(self, current: Object) -> Object:
        """With the pickers that make ``OnlyReservations`` true: a v3.12 server looks at them alone."""
        wanted = super().wanted_object(current)
        network = _network(str(current.get("Subnet") or ""))
        if isinstance(wanted.get("Options"), list) and isinstance(network, ipaddress.IPv4Network):
            wanted["Options"] = [_as_stored(option, network) for option in wanted["Options"]]
        if self.spec.get("OnlyReservations") is not None and self.spec.get("Pickers") is None:
            if wanted["OnlyReservations"]:
                wanted["Pickers"] = _RESERVED_ONLY
            elif wanted.get("Pickers") == _RESERVED_ONLY:
                wanted["Pickers"] = _PICKERS
        return wanted

    def _wanted_value(self, name: str, current: Object, value: t.Any) -> t.Any:
        if name == "Options" and isinstance(current.get(name), list):
            value = _merge_options(current[name], value)
        return super()._wanted_value(name, current, value)


@dataclasses.dataclass
class Subnet(RawSubnet):
    """A wanted subnet in the module's words.  Network and strategy are decided once, when it is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for member in ("NextServer", "ActiveStart", "ActiveEnd"):
            if self.spec.get(member):
                self.spec[member] = str(ipv4(_OPTION_NAMES[member], self.spec[member]))
        if self.spec.get("Subnet"):
            ipv4_network("subnet", self.spec["Subnet"])
        for member, least in _MIN_SECONDS.items():
            if self.spec.get(member) is not None and self.spec[member] < least:
                raise UsageError(f"{_OPTION_NAMES[member]}: must be at least {least} seconds")

    def check(self, current: Object | None) -> None:
        super().check(current)
        wanted = self.wanted_object(current or {})
        if not wanted.get("Subnet"):
            raise UsageError(f"{self.label}: no such subnet; set subnet to create it")
        if current is not None:
            self._refuse_change("Subnet", current, wanted)
            self._refuse_change("Strategy", current, wanted)
        if wanted.get("Proxy") and wanted.get("Unmanaged"):
            raise UsageError(f"{self.label}: proxy and unmanaged are mutually exclusive")
        ranged = current is None or self.spec.keys() & _RANGE
        if ranged and not wanted.get("OnlyReservations"):
            self._check_range(wanted)

    def wanted_object(self, current: Object) -> Object:
        wanted = super().wanted_object(current)
        there, asked = current.get("Subnet"), wanted.get("Subnet")
        if there and asked and _network(there) == _network(asked):
            wanted["Subnet"] = there
        return wanted

    def _refuse_change(self, member: str, current: Object, wanted: Object) -> None:
        if current.get(member) != wanted.get(member):
            raise UsageError(
                f"{self.label}: {_OPTION_NAMES[member]} cannot change, it is {current.get(member)}. "
                "Remove the subnet with state: absent, then create it again"
            )

    def _check_range(self, wanted: Object) -> None:
        network = ipv4_network("subnet", wanted["Subnet"])
        ends = {}
        for member in ("ActiveStart", "ActiveEnd"):
            if not wanted.get(member):
                raise UsageError(
                    f"{self.label}: active_start and active_end are required, unless only_reservations "
                    "is true"
                )
            ends[member] = ipv4(_OPTION_NAMES[member], wanted[member])
            if ends[member] not in network:
                raise UsageError(f"{self.label}: {_OPTION_NAMES[member]} {ends[member]} is not in {network}")
        if ends["ActiveStart"] > ends["ActiveEnd"]:
            raise UsageError(
                f"{self.label}: active_start {ends['ActiveStart']} is after active_end {ends['ActiveEnd']}"
            )


def run(task: Task) -> Result:
    """What ``drp_subnet`` does."""
    return converge_one(task, from_options(task.options), "subnet")


def from_options(options: Options) -> Subnet:
    """The subnet that the options of ``drp_subnet`` describe; options that are None say nothing."""
    spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
    if options.get("options") is not None:
        spec["Options"] = code_value_pairs(options["options"])
    return Subnet(
        kind="subnets",
        spec=spec,
        state=options["state"],
        require_available=options["require_available"],
    )


def _merge_options(current: list[Object], wanted: list[Object]) -> list[Object]:
    """The wanted options and those that the server has added, each where it stands now."""
    by_code = {option.get("Code"): option for option in wanted}
    kept = [option for option in current if option["Code"] in (*by_code, *_SERVER_ADDED_CODES)]
    here = [by_code.pop(option["Code"], option) for option in kept]
    return [*here, *by_code.values()]


def _as_stored(option: Object, network: ipaddress.IPv4Network) -> Object:
    if not isinstance(option, dict) or option.get("Code") not in _SERVER_ADDED_CODES:
        return option
    return {**option, "Value": str(network.netmask if option["Code"] == 1 else network.broadcast_address)}


def _network(text: str) -> ipaddress.IPv4Network | str:
    """The network itself, or the text of one that is none: the server has its own idea of them."""
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return text
