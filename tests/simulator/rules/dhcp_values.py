# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server can make of the value of a DHCP option when it answers a machine.

The real server converts at each lease and logs what it cannot send; without DHCP of its own, the embedded one
converts when the option is stored.  That, and its wording, is an assumption; what can be converted is not.
"""

from __future__ import annotations

import ipaddress

from ..logs import Logs
from ..wire import Obj

_ADDRESS = {1, 16, 28, 32, 50, 54}
_ADDRESSES = {*range(3, 12), 21, 33, 41, 42, 44, 45, 48, 49, 65, *range(68, 77)}
_TEXT = {12, 14, 15, 17, 18, 40, 47, 56, 60, 64, 66, 67, 77, 100, 101}
_WIDTHS = {
    **dict.fromkeys((2, 24, 35, 38, 51, 58, 59), 4),
    **dict.fromkeys((13, 22, 26, 57, 93), 2),
    **dict.fromkeys((19, 20, 23, 27, 29, 30, 31, 34, 36, 37, 39, 46, 52), 1),
}
_MESSAGE_TYPES = ("dis", "ofr", "req", "dec", "ack", "nak", "rel", "inf")
_MOST = 255
_BOOT_FILE = 67


def sent(code: int, value: str) -> bytes:
    """The bytes that go out.  ValueError for what the server leaves out, or would send wrong."""
    if code in _ADDRESS or code in _ADDRESSES:
        data = _addresses(value.split(",") if code in _ADDRESSES else [value])
    elif code in _TEXT:
        data = value.encode()
    elif code in _WIDTHS:
        data = _integer(value, 8 * _WIDTHS[code]).to_bytes(_WIDTHS[code], "big")
    elif code == 53:
        data = bytes([_MESSAGE_TYPES.index(value) + 1])
    elif value.startswith("string:"):
        data = value.removeprefix("string:").encode()
    else:
        data = bytes(_integer(part, 8) for part in value.split(","))
    if len(data) > _MOST or not (data or code == _BOOT_FILE):
        raise ValueError(f"{len(data)} bytes")
    return data


def _addresses(parts: list[str]) -> bytes:
    # the server silently sends fewer, or none
    return b"".join(ipaddress.IPv4Address(part).packed for part in parts)


def _integer(text: str, bits: int) -> int:
    """As Go's Atoi: no spaces, no underscores; what is out of range wraps, which nobody means."""
    if text != text.strip() or "_" in text:
        raise ValueError(text)
    number = int(text)
    if not -(1 << bits - 1) <= number < 1 << bits:
        raise ValueError(text)
    return number % (1 << bits)


def log_unsendable(logs: Logs, owner: str, options: list[Obj]) -> None:
    """A line in the server's log for each option that machines will not get."""
    for option in options:
        code, value = option["Code"], option["Value"]
        if not value or "{{" in value:
            continue
        try:
            sent(code, value)
        except ValueError as problem:
            logs.add("dhcp", "error", f"{owner}: cannot render option {code} from {value!r}: {problem}")
