# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Addresses as people write them, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import re

from ...client.errors import UsageError

_SEPARATORS = re.compile("[:.-]")


def ipv4(option: str, text: str) -> ipaddress.IPv4Address:
    """An address; UsageError names ``option`` if it is none."""
    try:
        return ipaddress.IPv4Address(text.strip())
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is not an IPv4 address") from error


def ipv4_network(option: str, text: str) -> ipaddress.IPv4Network:
    """The network of ``192.0.2.0/24``, whose address part may be any in it; UsageError names ``option``."""
    try:
        if "/" not in text:
            raise ValueError(text)
        return ipaddress.IPv4Network(text.strip(), strict=False)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is not an IPv4 network such as 192.0.2.0/24") from error


def mac(option: str, text: str) -> str:
    """A hardware address as DHCP servers write it, ``52:54:00:12:34:56``; UsageError names ``option``."""
    digits = _SEPARATORS.sub("", text.strip().lower())
    if not re.fullmatch("[0-9a-f]{12}", digits):
        advice = (
            "; YAML takes one without letters for a number, so put it in quotes" if text.isdigit() else ""
        )
        raise UsageError(f"{option}: {text!r} is not a MAC address such as 52:54:00:12:34:56{advice}")
    return ":".join(re.findall("..", digits))
