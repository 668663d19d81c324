# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Go types behind DRP's JSON: how a member is decoded, checked and zeroed."""

from __future__ import annotations

import base64
import ipaddress
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .wire import ZERO_TIME, Obj, time_key

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class DecodeError(ValueError):
    """The JSON does not fit the type; the text is what Go's decoder says."""


def float64(value: Any) -> Any:
    """Numbers as Go keeps them where it knows no type: floats, shown without a fraction if there is none."""
    if isinstance(value, dict):
        return {key: float64(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [float64(entry) for entry in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise DecodeError("json: cannot unmarshal number into Go value of type float64")
    if number.is_integer() and abs(number) < 1e21:
        # not int(number): the digits of the shortest form, then zeros
        return int(Decimal(repr(number)))
    return number


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def mismatch(value: Any, where: str, wanted: str) -> DecodeError:
    return DecodeError(
        f"json: cannot unmarshal {_json_name(value)} into Go struct field {where} of type {wanted}"
    )


class GoType:
    """Decodes one JSON value; ``null`` always means the zero value."""

    name = "interface {}"

    def zero(self) -> Any:
        return None

    def decode(self, value: Any, where: str) -> Any:
        return float64(value)


class Scalar(GoType):
    def __init__(self, name: str, types: type, zero: Any, parse: Callable[[Any], Any] | None = None) -> None:
        self.name = name
        self._types = types
        self._zero = zero
        self._parse = parse

    def zero(self) -> Any:
        return self._zero

    def decode(self, value: Any, where: str) -> Any:
        # bool is an int in Python, not in JSON
        if not isinstance(value, self._types) or (isinstance(value, bool) and self._types is not bool):
            raise mismatch(value, where, self.name)
        return self._parse(value) if self._parse else value


class Integer(Scalar):
    """A whole number of so many bits."""

    def __init__(self, name: str, low: int, high: int) -> None:
        super().__init__(name, int, 0)
        self._range = range(low, high)

    def decode(self, value: Any, where: str) -> Any:
        number = super().decode(value, where)
        if number not in self._range:
            raise DecodeError(
                f"json: cannot unmarshal number {number} into Go struct field {where} of type {self.name}"
            )
        return number


class ListOf(GoType):
    """A list; ``bare`` ones stay null when nobody fills them."""

    def __init__(self, item: GoType, *, bare: bool = False) -> None:
        self.item = item
        self.name = f"[]{item.name}"
        self._bare = bare

    def zero(self) -> list[Any] | None:
        return None if self._bare else []

    def decode(self, value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise mismatch(value, where, self.name)
        item = self.item
        return [item.zero() if entry is None else item.decode(entry, where) for entry in value]


class MapOf(GoType):
    """An object with members of one type; ``bare`` as with lists."""

    def __init__(self, item: GoType, *, bare: bool = False) -> None:
        self.item = item
        self.name = f"map[string]{item.name}"
        self._bare = bare

    def zero(self) -> Obj | None:
        return None if self._bare else {}

    def decode(self, value: Any, where: str) -> Obj:
        if not isinstance(value, dict):
            raise mismatch(value, where, self.name)
        item = self.item
        return {k: item.zero() if v is None else item.decode(v, where) for k, v in value.items()}


class OmitEmpty(GoType):
    """A member that is not there at all while it is empty, as Go's ``omitempty`` has it."""

    def __init__(self, inner: GoType) -> None:
        self.name = inner.name
        self._inner = inner

    def zero(self) -> Any:
        return self._inner.zero()

    def decode(self, value: Any, where: str) -> Any:
        return self._inner.decode(value, where)


class Struct(GoType):
    """A Go struct: known members only, in declared order, keys matched regardless of case."""

    def __init__(self, name: str, **fields: GoType) -> None:
        self.name = f"models.{name}"
        self.title = name
        self.fields = fields
        self._names = frozenset(fields)

    def zero(self) -> Obj:
        return {name: kind.zero() for name, kind in self.fields.items() if not isinstance(kind, OmitEmpty)}

    def decode(self, value: Any, where: str = "") -> Obj:
        if not isinstance(value, dict):
            raise DecodeError(f"json: cannot unmarshal {_json_name(value)} into Go value of type {self.name}")
        if value.keys() - self._names:
            value = self._match_case(value)
        out: Obj = {}
        for name, kind in self.fields.items():
            raw = value.get(name)
            if not raw and isinstance(kind, OmitEmpty):
                continue
            out[name] = kind.zero() if raw is None else kind.decode(raw, f"{self.title}.{name}")
        return out

    def _match_case(self, value: Obj) -> Obj:
        folded = {name.lower(): name for name in self.fields}
        # of several spellings the last one counts
        return {folded[key.lower()]: entry for key, entry in value.items() if key.lower() in folded}


def _uuid(text: str) -> str:
    text = text.lower()
    if text and not _UUID.fullmatch(text):
        raise DecodeError("invalid UUID")
    return text


def _address(text: str) -> str:
    if not text:
        return ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise DecodeError(f"invalid IP address: {text}") from None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _time(text: str) -> str:
    try:
        time_key(text)
    except ValueError as problem:
        raise DecodeError(str(problem)) from None
    return text


def _bytes(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise DecodeError("illegal base64 data") from None
    return text


ANY = GoType()
STR = Scalar("string", str, "")
INT = Integer("int", -(2**63), 2**63)
INT32 = Integer("int32", -(2**31), 2**31)
BYTE = Integer("uint8", 0, 2**8)
BOOL = Scalar("bool", bool, False)
UUID = Scalar("uuid.UUID", str, "", _uuid)
IP = Scalar("net.IP", str, "", _address)
TIME = Scalar("time.Time", str, ZERO_TIME, _time)
BYTES = Scalar("[]byte", str, "", _bytes)
STRINGS = ListOf(STR)
STRING_MAP = MapOf(STR)
ANY_MAP = MapOf(ANY)
