# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP options by the names of RFC 2132 and its successors, or by their codes."""

from __future__ import annotations

import typing as t

from ...client.errors import UsageError, did_you_mean
from .encoding import encode

Json = t.Any

CODES: t.Mapping[str, int] = {
    "subnet-mask": 1,
    "time-offset": 2,
    "routers": 3,
    "time-servers": 4,
    "domain-name-servers": 6,
    "log-servers": 7,
    "host-name": 12,
    "boot-size": 13,
    "domain-name": 15,
    "swap-server": 16,
    "root-path": 17,
    "ip-forwarding": 19,
    "default-ip-ttl": 23,
    "interface-mtu": 26,
    "broadcast-address": 28,
    "policy-filter": 21,
    "all-subnets-local": 27,
    "static-routes": 33,
    "arp-cache-timeout": 35,
    "nis-domain": 40,
    "nis-servers": 41,
    "ntp-servers": 42,
    "vendor-encapsulated-options": 43,
    "netbios-name-servers": 44,
    "netbios-node-type": 46,
    "netbios-scope": 47,
    "dhcp-lease-time": 51,
    "dhcp-server-identifier": 54,
    "dhcp-renewal-time": 58,
    "dhcp-rebinding-time": 59,
    "vendor-class-identifier": 60,
    "tftp-server-name": 66,
    "bootfile-name": 67,
    "smtp-servers": 69,
    "pcode": 100,
    "tcode": 101,
    "domain-search": 119,
    "classless-static-routes": 121,
    "tftp-server-address": 150,
    "configuration-file": 209,
    "path-prefix": 210,
    "wpad": 252,
}


def code_value_pairs(wanted: t.Mapping[t.Any, Json]) -> list[dict[str, Json]]:
    """The options as the server's ``Code`` and ``Value`` pairs, in order of their codes.

    Values become the texts that the server can send, and null leaves an option out.  UsageError names
    an option that is unknown, given twice, or whose value cannot be.
    """
    values: dict[int, str] = {}
    for name, value in wanted.items():
        code = code_of(name)
        if code in values:
            raise UsageError(f"options: option {code} is given twice, the second time as {name}")
        if value is not None:
            values[code] = encode(f"options: {name}", code, value)
    return [{"Code": code, "Value": values[code]} for code in sorted(values)]


def code_of(name: t.Any) -> int:
    """The code of an option, from its name in any letter case, with dashes or underscores, or from itself."""
    text = str(name).strip().lower().replace("_", "-")
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= 254:
            raise UsageError(f"options: {name} is not the code of a DHCP option, which is from 1 to 254")
        return int(text)
    if text not in CODES:
        hint = did_you_mean(text, CODES)
        raise UsageError(
            f"options: unknown DHCP option {name}.{hint} Set its code, or one of {', '.join(CODES)}"
        )
    return CODES[text]
