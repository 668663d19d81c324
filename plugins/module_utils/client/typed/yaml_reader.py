# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""YAML as the server's own tool reads it: the grammar of the Go library yaml.v2 2.2.2, on top of PyYAML."""

from __future__ import annotations

import base64
import functools
import math
import re
import struct
import typing as t

from ..third_party import yaml

Json = t.Any

_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+][0-9]+)?")
_FLOAT_WITHOUT_ZERO = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
_SIGNED_BINARY = re.compile(r"0b[-+][01]+")
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER_TAG = "tag:digitalrebar.com,2019:number"
_VAULTED = "!vault"
_BOOLEANS = re.compile(
    r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$"
)


def number_of(text: str) -> float | str:
    """The number that a plain scalar is, or the text itself.

    Exponents need a sign, a 0 in front means octal where all digits are below 8, underscores do not count,
    and what is beyond 64 bits is a float, or a text when no float holds it.
    """
    if text.startswith("."):
        found = _FLOAT_WITHOUT_ZERO.fullmatch(text)
        return _finite(text.replace("_", ""), text) if found else text
    plain = text.replace("_", "")
    integer = _integer(plain)
    if integer is not None:
        return integer
    if _FLOAT.fullmatch(plain):
        return _finite(plain, text)
    if _SIGNED_BINARY.fullmatch(plain):
        return int(plain[2:], 2)
    return text


def _integer(plain: str) -> int | None:
    found = _INTEGER.fullmatch(plain)
    if not found or len(plain) > 80:
        return None
    digits, base = next((found[name], base) for name, base in _BASES.items() if found[name])
    value = int(found["sign"] + digits, base)
    unsigned = not found["sign"] and value < 1 << 64
    return value if unsigned or -(1 << 63) <= value < 1 << 63 else None


def _finite(plain: str, text: str) -> float | str:
    value = float(plain)
    return value if math.isfinite(value) else text


def name_of(key: Json) -> str:
    """The name of a member that was written as a scalar of another type; ValueError for what is none."""
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return str(key)
    if isinstance(key, float):
        return _float_name(key)
    raise ValueError("the name of a member must be a scalar")


def _float_name(value: float) -> str:
    """As Go writes a number of 32 bits, in as few digits as tell it from all others."""
    single = _as_single(value)
    if math.isinf(single):
        return "-.inf" if single < 0 else ".inf"
    import decimal  # large, and few names are numbers

    texts = (f"{single:.{digits}e}" for digits in range(9))
    shortest = decimal.Decimal(next(text for text in texts if _as_single(float(text)) == single))
    if single == 0 or -4 <= shortest.adjusted() < 6:
        return format(shortest, "f")
    digits = "".join(map(str, shortest.as_tuple().digits))
    fraction = f".{digits[1:]}" if digits[1:] else ""
    return f"{'-' if single < 0 else ''}{digits[0]}{fraction}e{shortest.adjusted():+03}"


def _as_single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


@functools.lru_cache(maxsize=1)
def loader() -> type:
    """A safe loader without YAML's dates and base-60 numbers, and with Go's idea of a tab."""
    base: t.Any = getattr(yaml, "CSafeLoader", None) or _tab_tolerant_loader()

    class Loader(base):  # type: ignore[misc]
        def construct_mapping(self, node: t.Any, deep: bool = False) -> dict[str, Json]:
            # names become text one by one: 1 and true are two names, and one key in Python
            self.flatten_mapping(node)
            members = {}
            for key_node, value_node in node.value:
                name = self.construct_name(key_node)
                members[name] = self.construct_object(value_node, deep=deep)
            return members

        def construct_name(self, node: t.Any) -> str:
            if node.tag == _NUMBER_TAG and _NOT_JSON.fullmatch(node.value):
                return str(node.value).lower().lstrip("+")
            try:
                return name_of(self.construct_object(node, deep=True))
            except ValueError as error:
                raise _error(str(error), node) from error

        def construct_number(self, node: t.Any) -> Json:
            if _NOT_JSON.fullmatch(node.value):
                raise _error(f"JSON has no number {node.value}", node)
            return number_of(node.value)

        def construct_boolean(self, node: t.Any) -> bool:
            if not _BOOLEANS.fullmatch(node.value):
                raise _error(f"{node.value} is neither true nor false", node)
            return str(node.value).lower() in ("y", "yes", "true", "on")

        def construct_tagged(self, tag: str, node: t.Any) -> Json:
            if tag == _VAULTED:
                raise _error("Ansible Vault has encrypted this text; encrypt the whole file instead", node)
            if isinstance(node, yaml.ScalarNode):
                return str(node.value)
            if isinstance(node, yaml.MappingNode):
                return self.construct_mapping(node, deep=True)
            return self.construct_sequence(node, deep=True)

        def construct_binary(self, node: t.Any) -> str:
            try:
                return base64.b64decode("".join(node.value.split()), validate=True).decode()
            except (ValueError, AttributeError) as error:
                raise _error("it is no text in base64", node) from error

    replaced = {f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float", "value", "bool")}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in replaced]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver(_NUMBER_TAG, re.compile(r"^[-+.]*[0-9._].*$|^[-+.]"), list("-+0123456789."))
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOLEANS, list("yYnNtTfFoO"))
    Loader.add_constructor(_NUMBER_TAG, Loader.construct_number)
    Loader.add_constructor("tag:yaml.org,2002:bool", Loader.construct_boolean)
    Loader.add_constructor("tag:yaml.org,2002:merge", Loader.construct_yaml_str)
    Loader.add_constructor("tag:yaml.org,2002:binary", Loader.construct_binary)
    for name in ("timestamp", "set", "omap", "pairs"):
        Loader.add_constructor(
            f"tag:yaml.org,2002:{name}", lambda self, node: self.construct_tagged("", node)
        )
    Loader.add_multi_constructor(
        "", Loader.construct_tagged
    )  # those that JSON does not know count for nothing
    return Loader


def _error(problem: str, node: t.Any) -> Exception:
    error: Exception = yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return error


def _tab_tolerant_loader() -> type:
    """PyYAML's own scanner, which refuses every tab, taught the rule of the C library."""

    class TabTolerant(yaml.SafeLoader):
        def scan_to_next_token(self) -> None:
            while True:
                super().scan_to_next_token()
                if self.peek() != "\t" or not (self.flow_level or not self.allow_simple_key):
                    return
                while self.peek() in " \t":
                    self.forward()

    return TabTolerant
