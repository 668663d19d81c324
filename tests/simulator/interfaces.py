# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network interfaces of this host, loopback left out."""

from __future__ import annotations

import array
import fcntl
import ipaddress
import socket
from pathlib import Path

from .wire import Obj

_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B


# assumption: the loopback interface is left out, members are filled as far as this host tells
def interfaces() -> list[Obj]:
    return [_document(index, name) for index, name in socket.if_nameindex() if name != "lo"]


def _document(index: int, name: str) -> Obj:
    address, mask = _ask(name, _SIOCGIFADDR), _ask(name, _SIOCGIFNETMASK)
    prefix = ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen if mask else 0
    cidr = f"{address}/{prefix}" if address else ""
    return {
        "ReadOnly": True, "Meta": None, "Name": name, "Index": index, "Addresses": [cidr] if cidr else [],
        "ActiveAddress": cidr, "Gateway": _gateway(name), "DnsServers": None, "DnsDomain": "",
    }  # fmt: skip


def _ask(name: str, question: int) -> str:
    """An IPv4 address of the interface, or an empty text."""
    buffer = array.array("B", name.encode()[:15].ljust(40, b"\0"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            fcntl.ioctl(probe.fileno(), question, buffer)
        except OSError:
            return ""
    return socket.inet_ntoa(buffer.tobytes()[20:24])


def _gateway(name: str) -> str:
    try:
        lines = Path("/proc/net/route").read_text().splitlines()[1:]
    except OSError:
        return ""
    for line in lines:
        device, destination, gateway, *_ = line.split()
        if device == name and destination == "00000000":
            return socket.inet_ntoa(bytes.fromhex(gateway)[::-1])
    return ""
