# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that may stand for a host: a machine can write most of what names it, and tools read a leading ``-``
as an option, a space as the end of an argument, and a comma as another host.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import typing as t
import unicodedata

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_PLAIN_IPV4 = re.compile(rf"(?!0[0-9])(?:{_BYTE}\.(?!0[0-9])){{3}}{_BYTE}")
"""The form of nearly all addresses, which needs no closer look."""
_SCOPED = re.compile(r"([0-9A-Fa-f:.]+)%([A-Za-z0-9][A-Za-z0-9_.-]*)")
_HOST_NAME = re.compile(r"(?!.{254})[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
                        r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?")  # fmt: skip
_NUMERIC = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)(?:\.(?:0[xX][0-9A-Fa-f]*|[0-9]+))*\.?")
_LABEL = re.compile(r"(?!.{254})\w(?:[\w.-]*\w)?")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
_BEGIN_OF_ADDRESS = frozenset("0123456789:")
_LOCAL_NAMES = frozenset(
    {"localhost", "localhost4", "localhost6", "ip6-localhost", "ip6-loopback", "loopback"}
)
_MARKS_OF_LOCAL_NAMES = ("localhost", "loopback")
"""Each of these names has one of them in it."""
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\$?")


def is_address(text: t.Any) -> bool:
    """Whether it is an IPv4 or IPv6 address in its usual form, the latter with or without ``%interface``."""
    if not isinstance(text, str) or not text.isascii():
        return False
    if _PLAIN_IPV4.fullmatch(text):
        return True
    scoped = _SCOPED.fullmatch(text)
    try:
        ipaddress.IPv6Address(scoped[1]) if scoped else ipaddress.ip_address(text)
    except ValueError:
        return False
    return bool(scoped) or "%" not in text


def is_host(text: t.Any) -> bool:
    """Whether a connection may be made to it: an address, or a host name in ASCII.

    ``127.1`` and ``0x7f000001`` are neither, though a resolver takes them for an address.
    """
    if not isinstance(text, str):
        return False
    return is_address(text) or bool(_HOST_NAME.fullmatch(text) and not _NUMERIC.fullmatch(text))


def is_other_host(text: t.Any) -> bool:
    """Whether a connection may be made to it, and does not end where it began."""
    if isinstance(text, str) and _PLAIN_IPV4.fullmatch(text):
        return not _is_this_ipv4(text)
    return is_host(text) and not is_this_host(text)


def is_host_label(text: t.Any) -> bool:
    """Whether it can be the name of a host in lists and on command lines: also a MAC address, a number, or a
    name with letters of any script, as servers allow for machines.
    """
    return isinstance(text, str) and bool(_LABEL.fullmatch(text) or is_address(text) or _MAC.fullmatch(text))


def is_this_host(text: str) -> bool:
    """Whether a connection to it would end where it began: ``localhost``, and each spelling of 127.0.0.1.

    Letters and digits of other forms, such as those of full width, count as resolvers read them.
    """
    if _PLAIN_IPV4.fullmatch(text):
        return _is_this_ipv4(text)
    name = text if text.isascii() else unicodedata.normalize("NFKC", text)
    name = name.rstrip(".").lower()
    if name in _LOCAL_NAMES or name.startswith("localhost.") or name.endswith(".localhost"):
        return True
    if name[:1] not in _BEGIN_OF_ADDRESS:
        return False
    try:
        address = ipaddress.ip_address(name if ":" in name else socket.inet_aton(name))
    except (ValueError, OSError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def has_this_host(texts: t.Collection[str]) -> bool:
    """Whether :func:`is_this_host` holds for one of many, most of which need no closer look."""
    joined = "\n".join(texts).lower()
    if not joined.isascii() or any(mark in joined for mark in _MARKS_OF_LOCAL_NAMES):
        return any(map(is_this_host, texts))
    return any(is_this_host(text) for text in texts if text[:1] in _BEGIN_OF_ADDRESS)


def _is_this_ipv4(plain: str) -> bool:
    return plain.startswith("127.") or plain == "0.0.0.0"


def is_user(text: t.Any) -> bool:
    """Whether it is the plain name of an account."""
    return isinstance(text, str) and _USER.fullmatch(text) is not None


def is_port(value: t.Any) -> bool:
    """Whether it is the number of a port, or the text of one."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        value = int(value)
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
