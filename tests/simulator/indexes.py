# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static indexes: their wire description, and how their values are parsed and compared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .wire import ZERO_TIME, Obj, time_key

STRING = "string"
BOOLEAN = "boolean"
UUID = "UUID string"
ADDRESS = "IP Address"
DATETIME = "dateTime"
EXPIRY = "Date/Time string"
CIDR = "CIDR Address"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BadValue(ValueError):
    """A filter value that its index cannot parse."""


@dataclass(frozen=True)
class Index:
    """One index; ``path`` leads to the member inside the object."""

    name: str
    type: str
    path: tuple[str, ...]
    unique: bool = False

    def document(self) -> Obj:
        return {"Type": self.type, "Unique": self.unique}

    def parse(self, text: str) -> Any:
        """The comparable form of a filter value."""
        return _PARSERS[self.type](self.name, text)

    def value(self, obj: Obj) -> Any:
        """The comparable form of the object's own value."""
        member: Any = obj
        for name in self.path:
            member = member.get(name, "")
        return _COMPARABLE[self.type](member)


def address_key(text: str) -> tuple[int, int]:
    """IP addresses in numerical order, the unset one first."""
    if not text:
        return (0, 0)
    address = ipaddress.ip_address(text)
    return (address.version, int(address))


def cidr_key(text: str) -> tuple[int, int]:
    """Only the address before the slash counts."""
    try:
        network = ipaddress.ip_interface(text)
    except ValueError:
        return (0, 0)
    return (network.version, int(network.ip))


def _parse_bool(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadValue(f"{name} must be true or false")
    return text == "true"


def _parse_uuid(name: str, text: str) -> str:
    if not _UUID.fullmatch(text):
        raise BadValue(f"Invalid UUID: {text}")
    return text.lower()


def _parse_address(name: str, text: str) -> tuple[int, int]:
    try:
        return address_key(str(ipaddress.ip_address(text)))
    except ValueError:
        raise BadValue(f"Invalid address: {text}") from None


def _parse_cidr(name: str, text: str) -> tuple[int, int]:
    key = cidr_key(text)
    if key == (0, 0) or "/" not in text:
        raise BadValue(f"invalid CIDR address: {text}")
    return key


def _parse_time(name: str, text: str) -> tuple[float, int]:
    try:
        return time_key(text)
    except ValueError as problem:
        raise BadValue(str(problem)) from None


def _text_key(text: str) -> str:
    return text


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    STRING: lambda name, text: text,
    BOOLEAN: _parse_bool,
    UUID: _parse_uuid,
    ADDRESS: _parse_address,
    DATETIME: _parse_time,
    EXPIRY: _parse_time,
    CIDR: _parse_cidr,
}

_COMPARABLE: dict[str, Callable[[Any], Any]] = {
    STRING: _text_key,
    BOOLEAN: bool,
    UUID: _text_key,
    ADDRESS: address_key,
    DATETIME: lambda text: time_key(text or ZERO_TIME),
    EXPIRY: lambda text: time_key(text or ZERO_TIME),
    CIDR: cidr_key,
}


def index(name: str, kind: str = STRING, path: str = "", *, unique: bool = False) -> Index:
    return Index(name, kind, tuple((path or name).split(".")), unique)


def base_indexes(key_field: str) -> list[Index]:
    return [
        index("Key", STRING, key_field, unique=True),
        index("Valid", BOOLEAN, "Validated"),
        index("Available", BOOLEAN),
        index("ReadOnly", BOOLEAN),
    ]
