# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Kinds of DHCP and DNS."""

from __future__ import annotations

import typing as t

from .model import NAMING, Model, members, model

_SUBNET = members(
    str=f"{NAMING} Subnet Strategy PrefixParameter",
    bool="Enabled Proxy Unmanaged OnlyReservations SkipDAD",
    ip="NextServer ActiveStart ActiveEnd AllocateStart AllocateEnd",
    int="ActiveLeaseTime ReservedLeaseTime",
    structs="Options",
    list="Pickers Profiles",
    map="Params",
)
_RESERVATION = members(
    ip="Addr NextServer",
    str="Description Documentation Token Subnet Strategy Machine Parameter PrefixParameter",
    structs="Options",
    bool="Scoped Allocated SkipDAD",
    int="Duration",
    list="Profiles",
    map="Params",
)
_LEASE = members(
    ip="Addr NextServer Via",
    str="Token Strategy State MachineUuid",
    int="Duration",
    time="ExpireTime",
    structs="Options ProvidedOptions",
    bool="SkipBoot",
)
_INTERFACE = members(str="Name ActiveAddress Gateway DnsDomain", int="Index", list="Addresses DnsServers")
_ZONE = members(
    str=f"{NAMING} Origin", bool="Continue", int="Priority TTL", list="Forwarders", structs="Filters Records"
)
# what they call Token is the hardware address that a strategy looks for
_SHOWN_TOKEN: dict[str, t.Any] = {"public": ("Token",)}

NETWORK: tuple[Model, ...] = (
    model(
        "subnets",
        _SUBNET,
        unique=("Subnet",),
        creation_order=65,
        has_params=True,
        required=(
            *("Name", "Subnet", "Strategy", "Enabled", "Proxy", "Unmanaged", "OnlyReservations"),
            *("Pickers", "ActiveLeaseTime", "ReservedLeaseTime"),
        ),
    ),
    model(
        "reservations",
        _RESERVATION,
        key="Addr",
        creation_order=66,
        has_params=True,
        **_SHOWN_TOKEN,
        required=("Scoped", "Strategy", "Token"),
    ),
    model(
        "leases",
        _LEASE,
        key="Addr",
        creation_order=67,
        creatable=False,
        writable=False,
        v4_writable=True,
        **_SHOWN_TOKEN,
        required=("State", "Strategy", "Token"),
    ),
    model("interfaces", _INTERFACE, creatable=False, writable=False, required=("Addresses", "Name")),
    model("zones", _ZONE, creation_order=64),
)
