# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Reservations: an address that one machine gets, and what never changes about it."""

from __future__ import annotations

import dataclasses

from ...client.errors import UsageError
from ...converge.resource import Object, Resource
from ...converge.results import converge_one
from ...converge.task import Options, Result, Task
from .addresses import ipv4, mac
from .options import code_value_pairs
from .raw_options import sendable

_MAC = "MAC"
_MEMBERS = {
    "address": "Addr",
    "mac": "Token",
    "strategy": "Strategy",
    "description": "Description",
    "documentation": "Documentation",
    "next_server": "NextServer",
    "subnet": "Subnet",
    "scoped": "Scoped",
    "duration": "Duration",
    "meta": "Meta",
}
_IMMUTABLE = {"Token": "mac", "Strategy": "strategy", "Scoped": "scoped", "Subnet": "subnet"}


@dataclasses.dataclass
class RawReservation(Resource):
    """A wanted reservation in the server's own words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if "Options" in self.spec:
            self.spec["Options"], warnings = sendable(self.spec["Options"])
            self.spec_warnings += warnings


@dataclasses.dataclass
class Reservation(RawReservation):
    """A wanted reservation, found by its address."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for member, name in (("Addr", "address"), ("NextServer", "next_server")):
            if self.spec.get(member):
                self.spec[member] = str(ipv4(name, self.spec[member]))
        if self.spec.get("Token") and self.spec.get("Strategy", _MAC) == _MAC:
            self.spec["Token"] = mac("mac", self.spec["Token"])

    def creation_body(self) -> Object:
        return {"Strategy": _MAC, **super().creation_body()}

    def check(self, current: Object | None) -> None:
        super().check(current)
        if current is None:
            if not self.spec.get("Token"):
                raise UsageError(f"{self.label}: no such reservation; set mac to create it")
            return
        wanted = self.wanted_object(current)
        for member, name in _IMMUTABLE.items():
            if wanted.get(member) != current.get(member):
                raise UsageError(
                    f"{self.label}: {name} cannot change, it is {current.get(member) or 'not set'}. "
                    "Remove the reservation with state: absent, then create it again"
                )

    def wanted_object(self, current: Object) -> Object:
        wanted = super().wanted_object(current)
        if str(wanted.get("Token")).lower() == str(current.get("Token")).lower():
            wanted["Token"] = current.get("Token")
        return wanted


def run(task: Task) -> Result:
    """What ``drp_reservation`` does."""
    return converge_one(task, from_options(task.options), "reservation")


def from_options(options: Options) -> Reservation:
    """The reservation that the options of ``drp_reservation`` describe; None says nothing."""
    spec = {member: options[name] for name, member in _MEMBERS.items() if options.get(name) is not None}
    if options.get("options") is not None:
        spec["Options"] = code_value_pairs(options["options"])
    return Reservation(
        kind="reservations",
        spec=spec,
        state=options["state"],
        require_available=options["require_available"],
    )
