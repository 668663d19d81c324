# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Values of DHCP options in the one form that the server can send; others it drops with a line in its log.

What the server does not know as addresses, numbers or text it takes as ``1,2,3`` (bytes) or ``string:text``.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ...client.errors import UsageError
from .addresses import ipv4

Json = t.Any

TEMPLATE_START = "{{"
"""The server expands templates in a value for each lease: their result cannot be checked here."""
MAX_BYTES = 255
"""The length of an option is one byte; the server sends a broken packet for more."""

_ADDRESS = frozenset({1, 16, 28, 32, 50, 54})
_ADDRESSES = frozenset({*range(3, 12), 41, 42, 44, 45, 48, 49, 65, *range(68, 77)})
_ADDRESS_PAIRS = frozenset({21, 33})
_TEXT = frozenset({12, 14, 15, 17, 18, 40, 47, 56, 60, 64, 66, 67, 77, 100, 101})
_FLAGS = frozenset({19, 20, 27, 29, 30, 31, 34, 36, 39})
_RANGES: t.Mapping[int, tuple[int, int]] = {
    2: (-(2**31), 2**31 - 1),
    **dict.fromkeys((24, 35, 38, 51, 58, 59), (0, 2**32 - 1)),
    **dict.fromkeys((13, 22, 26, 57, 93), (0, 2**16 - 1)),
    **dict.fromkeys((23, 37, 46, 52), (0, 255)),
    **dict.fromkeys(_FLAGS, (0, 1)),
}
_MESSAGE_TYPES = ("dis", "ofr", "req", "dec", "ack", "nak", "rel", "inf")
_MESSAGE_TYPE = 53
_TEXT_AS_BYTES = frozenset({114, 160, 209, 210, 252})
"""URLs and paths, which the server takes with ``string:`` before them."""
_DOMAIN_SEARCH, _TFTP_SERVERS, _BOOT_FILE = 119, 150, 67
_ROUTES = frozenset({121, 249})
_HEX = re.compile(r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2})+|0x(?:[0-9a-fA-F]{2})+")
_BYTES = re.compile(r"[0-9]{1,3}(?:,[0-9]{1,3})*")
_WORDS = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}


def encode(option: str, code: int, value: Json) -> str:
    """The text to store for an option; UsageError names ``option`` and the form that is wanted."""
    parts = value if isinstance(value, list) else [value]
    texts = [_scalar(option, part) for part in parts]
    if not texts:
        raise UsageError(f"{option}: must not be an empty list; leave the option out, or set it to null")
    if any(TEMPLATE_START in text for text in texts):
        return ",".join(texts)
    if code in _TEXT:
        return _text(option, code, ",".join(texts))
    if code in _ADDRESS or code in _ADDRESSES or code in _ADDRESS_PAIRS:
        return _addresses(option, code, _split(texts))
    if code in _RANGES:
        return _number(option, code, texts)
    if code == _MESSAGE_TYPE:
        return _message_type(option, texts)
    return _as_bytes(option, code, texts)


def _scalar(option: str, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if not isinstance(value, (str, int, float)):
        raise UsageError(f"{option}: must be a string, a number, or a list of them")
    return str(value)


def _split(texts: t.Iterable[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",")]


def _text(option: str, code: int, text: str) -> str:
    if not text and code != _BOOT_FILE:
        raise UsageError(f"{option}: the server does not send an empty text; leave the option out")
    if len(text.encode()) > MAX_BYTES:
        raise UsageError(f"{option}: must not be longer than {MAX_BYTES} bytes")
    return text


def _addresses(option: str, code: int, parts: list[str]) -> str:
    found = [str(ipv4(option, part)) for part in parts]
    if code in _ADDRESS and len(found) != 1:
        raise UsageError(f"{option}: must be one IPv4 address")
    if code in _ADDRESS_PAIRS and len(found) % 2:
        raise UsageError(f"{option}: must be pairs of IPv4 addresses, an even number of them")
    if len(found) * 4 > MAX_BYTES:
        raise UsageError(f"{option}: must not have more than {MAX_BYTES // 4} addresses")
    return ",".join(found)


def _number(option: str, code: int, texts: list[str]) -> str:
    least, most = _RANGES[code]
    text = texts[0].strip().lower() if len(texts) == 1 else ""
    if code in _FLAGS and text in _WORDS:
        return str(_WORDS[text])
    if not re.fullmatch(r"[-+]?[0-9]{1,10}", text) or not least <= int(text) <= most:
        words = "true or false" if code in _FLAGS else f"a whole number from {least} to {most}"
        raise UsageError(f"{option}: must be {words}")
    return str(int(text))


def _message_type(option: str, texts: list[str]) -> str:
    if texts[0] not in _MESSAGE_TYPES or len(texts) > 1:
        raise UsageError(f"{option}: must be one of {', '.join(_MESSAGE_TYPES)}")
    return texts[0]


def _as_bytes(option: str, code: int, texts: list[str]) -> str:
    """The options that the server has no type for."""
    joined = ",".join(part.strip() for part in texts)
    if joined.startswith("string:"):
        return "string:" + _text(option, code, joined[len("string:") :])
    if code == _DOMAIN_SEARCH and not _BYTES.fullmatch(joined):
        data = b"".join(_domain(option, part) for part in _split(texts))
    elif code == _TFTP_SERVERS and "." in joined:
        data = b"".join(ipv4(option, part).packed for part in _split(texts))
    elif code in _ROUTES and "/" in joined:
        data = _routes(option, _split(texts))
    elif _HEX.fullmatch(joined):
        data = bytes.fromhex(re.sub("^0x|[:-]", "", joined))
    elif code in _TEXT_AS_BYTES and not _BYTES.fullmatch(joined):
        return "string:" + _text(option, code, joined)
    else:
        data = _listed_bytes(option, code, _split(texts))
    if not 0 < len(data) <= MAX_BYTES:
        raise UsageError(f"{option}: must be 1 to {MAX_BYTES} bytes, and is {len(data)}")
    return ",".join(map(str, data))


def _listed_bytes(option: str, code: int, parts: list[str]) -> bytes:
    try:
        return bytes(int(part) for part in parts if re.fullmatch("[0-9]{1,3}", part) or int("none"))
    except ValueError:
        raise UsageError(f"{option}: {_WANTED.get(code, _WANTED_BYTES)}") from None


_WANTED_BYTES = (
    "the server has no type for this option: write its bytes as numbers (1,4,0,0) or in hexadecimal "
    "(01:04:00:00), or a text as string:text"
)
_WANTED_ROUTES = "must be a list of networks, each followed by its router: [10.0.0.0/8, 192.0.2.1]"
_WANTED: t.Mapping[int, str] = {
    _DOMAIN_SEARCH: "must be a list of domain names",
    _TFTP_SERVERS: "must be a list of IPv4 addresses",
    **dict.fromkeys(_ROUTES, _WANTED_ROUTES),
}


def _domain(option: str, name: str) -> bytes:
    """A name as DNS writes it: the length before each label, and a zero at the end."""
    try:
        labels = [label.encode("idna") for label in name.removesuffix(".").split(".")]
    except UnicodeError:
        labels = [b""]
    if not all(0 < len(label) <= 63 and not re.search(rb"[\s,/:]", label) for label in labels):
        raise UsageError(f"{option}: {name!r} is not a domain name")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _routes(option: str, parts: list[str]) -> bytes:
    """Networks and their routers, as RFC 3442 packs them: no more bytes of a network than its mask has."""
    if len(parts) % 2:
        raise UsageError(f"{option}: {_WANTED_ROUTES}")
    data = b""
    for network, router in zip(parts[::2], parts[1::2]):
        try:
            found = ipaddress.IPv4Network(network)
        except ValueError as error:
            raise UsageError(f"{option}: {network!r} is not an IPv4 network: {error}") from error
        significant = (found.prefixlen + 7) // 8
        data += bytes([found.prefixlen]) + found.network_address.packed[:significant]
        data += ipv4(option, router).packed
    return data
