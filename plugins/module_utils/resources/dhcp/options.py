# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""DHCP options by the names of RFC 2132 and its successors, or by their codes."""

from __future__ import annotations

import difflib
import typing as t

from ...client.errors import UsageError
from .addresses import ipv4

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
    "static-routes": 33,
    "nis-domain": 40,
    "nis-servers": 41,
    "ntp-servers": 42,
    "vendor-encapsulated-options": 43,
    "netbios-name-servers": 44,
    "dhcp-server-identifier": 54,
    "vendor-class-identifier": 60,
    "tftp-server-name": 66,
    "bootfile-name": 67,
    "smtp-servers": 69,
    "pcode": 100,
    "tcode": 101,
    "domain-search": 119,
    "classless-static-routes": 121,
    "tftp-server-address": 150,
}
_ADDRESS_CODES = frozenset({1, 3, 4, 6, 7, 16, 28, 33, 41, 42, 44, 54, 69, 150})
_TEMPLATE_START = "{{"
"""The server expands templates in a value for each lease."""


def code_value_pairs(wanted: t.Mapping[t.Any, Json]) -> list[dict[str, Json]]:
    """The options as the server's ``Code`` and ``Value`` pairs, in order of their codes.

    Values become texts, lists are joined with commas, and null leaves an option out.  UsageError names
    an option that is unknown, given twice, or whose value cannot be.
    """
    values: dict[int, str] = {}
    for name, value in wanted.items():
        code = code_of(name)
        if code in values:
            raise UsageError(f"options: option {code} is given twice, the second time as {name}")
        if value is not None:
            values[code] = _text(f"options: {name}", code, value)
    return [{"Code": code, "Value": values[code]} for code in sorted(values)]


def code_of(name: t.Any) -> int:
    """The code of an option, from its name in any letter case, with dashes or underscores, or from itself."""
    text = str(name).strip().lower().replace("_", "-")
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= 254:
            raise UsageError(f"options: {name} is not the code of a DHCP option, which is from 1 to 254")
        return int(text)
    if text not in CODES:
        close = difflib.get_close_matches(text, CODES, 1, 0.6)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise UsageError(
            f"options: unknown DHCP option {name}.{hint} Set its code, or one of {', '.join(CODES)}"
        )
    return CODES[text]


def _text(option: str, code: int, value: Json) -> str:
    parts = [_part(option, part) for part in (value if isinstance(value, list) else [value])]
    text = ",".join(parts)
    if code in _ADDRESS_CODES and _TEMPLATE_START not in text:
        for address in text.split(","):
            ipv4(option, address)
    return text


def _part(option: str, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise UsageError(f"{option}: must be a string, a number, or a list of them")
    return str(value)
