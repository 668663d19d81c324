# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of an inventory: what the server selects, and what has to be compared on this side.

A server selects by its indexes and by params that are defined.  It refuses other names, some comparisons it
takes for texts, and values in parentheses it cuts.  What it cannot do is done here, with the same meaning.
A v4 server also has filters that are objects.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ...module_utils.client import features, filters
from ...module_utils.client.errors import UsageError
from .machine_fields import Field

if t.TYPE_CHECKING:
    from ...module_utils.client.client import Client

ReadField = t.Callable[[Field], t.Any]

_META_NAMES = {*filters.KEYWORDS_WITH_VALUE, *filters.KEYWORDS_WITHOUT_VALUE}
_RANGE_OPERATORS = ("Between", "Except")
_SET_OPERATORS = ("In", "Nin")
_FILTERS = "filters"
_UNFIT_MEMBERS = ("GroupBy", "RangeOnly", "Slim", "ParamSet", "Reduced")
"""Members by which a filter object asks for groups, or for parts of objects."""


@dataclasses.dataclass(frozen=True)
class Filter:
    """One comparison; a machine is wanted when all of them hold."""

    name: str
    operator: str
    values: tuple[t.Any, ...]

    @property
    def field(self) -> Field:
        return Field(self.name)

    def words(self, operator: str = "", values: t.Sequence[t.Any] | None = None) -> list[str]:
        """As the client's lists take it."""
        texts = [filters.literal(value) for value in (self.values if values is None else values)]
        operator = operator or self.operator
        return [self.name, operator, *([",".join(texts)] if operator in _SET_OPERATORS else texts)]

    def unsupported_reason(self, supports_set_filters: t.Callable[[], bool]) -> str:
        """Why no server can be asked for it, or not this one; "" when it can.

        ``supports_set_filters`` tells whether the server has ``In``, ``Nin``, ``Re``; it may cost a request.
        """
        texts = [filters.literal(value) for value in self.values]
        if "" in texts:
            return "the server cannot compare with an empty value"
        if any(")" in text for text in texts) or (len(texts) > 1 and any("," in text for text in texts)):
            return "the server would truncate the value"
        numbers = [value for value in self.values if isinstance(value, (int, float))]
        if self.field.is_param and any(not isinstance(number, bool) for number in numbers):
            return "servers do not compare params that are numbers"
        if self.operator in ("Re", "Nin") and not supports_set_filters():
            return f"this server does not support {self.operator}"
        return ""

    def matches(self, read: ReadField) -> bool:
        """Whether the machine whose fields ``read`` gives is wanted.  A list is, if one of it is."""
        value = read(self.field)
        values = value if isinstance(value, list) else [value]
        denied = _NEGATIONS.get(self.operator)
        if denied:
            return not any(_compare(denied, one, self.values) for one in values)
        return any(_compare(self.operator, one, self.values) for one in values)


@dataclasses.dataclass(frozen=True)
class NamedFilter:
    """One filter object; without a name, it selects everything."""

    name: str = ""
    kinds: t.Collection[str] = ()
    """Those whose lists it selects."""
    compared: frozenset[str] = frozenset()
    """The names that it compares."""

    def words(self, kind: str) -> list[str]:
        return ["filter", self.name] if kind in self.kinds else []

    def names(self, kind: str) -> set[str]:
        return {*self.compared} if kind in self.kinds else set()


def read_named(client: Client, name: str, kinds: t.Sequence[str]) -> NamedFilter:
    """The filter ``name``.

    UsageError for one that is not there, that is for another kind, or whose answer would be no whole objects.
    """
    if not name:
        return NamedFilter()
    client.require_feature(features.V4, "named_filter")
    found = client.find(_FILTERS, name)
    if found is None:
        raise UsageError(f"named_filter: the server has no filter {name} that these credentials may read")
    unfit = [member for member in _UNFIT_MEMBERS if found.get(member)]
    if unfit:
        raise UsageError(
            f"named_filter: {name} cannot select hosts: with {' and '.join(unfit)}, the server does not "
            "answer with whole objects"
        )
    kind = found.get("Object")
    if kind and kind not in kinds:
        raise UsageError(f"named_filter: {name} is for {kind}, and kinds are {', '.join(kinds)}")
    compared = frozenset(str(query.get("Name")) for query in found.get("Queries") or [])
    return NamedFilter(name, [str(kind)] if kind else kinds, compared)


def parse(wanted: t.Mapping[str, t.Any]) -> list[Filter]:
    """Filters from a map: ``{Stage: none}`` asks for equality, ``{Name: {Between: [a, b]}}`` for more.

    Raises UsageError for a comparison that no server knows, and for a value that is no text, number or
    boolean.
    """
    found = []
    for name, value in wanted.items():
        if name in _META_NAMES:
            raise UsageError(f"filters: {name} is neither an index nor a param")
        comparisons = value.items() if isinstance(value, dict) else [("Eq", value)]
        found += [_filter(str(name), str(operator), operands) for operator, operands in comparisons]
    return found


def _filter(name: str, operator: str, operands: t.Any) -> Filter:
    try:
        count = filters.operand_count(name, operator)
    except UsageError as error:
        raise UsageError(f"filters: {error.messages[0]}") from None
    spelt = operator.capitalize()
    values = tuple(operands) if isinstance(operands, list) else (operands,)
    if not values or not all(isinstance(one, (str, int, float)) for one in values):
        raise UsageError(f"filters: the value of {name} must be a string, number or boolean")
    if spelt in _SET_OPERATORS:
        values = _set_values(values)
    elif len(values) != count:
        hint = " (In takes a list)" if spelt == "Eq" else ""
        raise UsageError(f"filters: {name}: {spelt} takes {count} value{'s' if count > 1 else ''}{hint}")
    if spelt == "Re":
        _check_pattern(name, str(values[0]))
    return Filter(name, spelt, values)


def _set_values(values: tuple[t.Any, ...]) -> tuple[t.Any, ...]:
    """The values of a set, from a list or from one text with commas."""
    only = values[0] if len(values) == 1 else None
    return tuple(only.split(",")) if isinstance(only, str) else values


def _check_pattern(name: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(f"filters: {name}: {pattern!r} is not a regular expression: {error}") from None


_NEGATIONS = {"Ne": "Eq", "Nin": "In", "Except": "Between"}


def _compare(operator: str, value: t.Any, operands: tuple[t.Any, ...]) -> bool:
    text = "" if value is None else filters.literal(value)
    if operator == "Eq":
        return text == filters.literal(operands[0])
    if operator == "In":
        return text in [filters.literal(operand) for operand in operands]
    if operator == "Re":
        return re.search(str(operands[0]), text) is not None
    keys = _sort_keys(value, *operands)
    if operator == "Between":
        return bool(keys[1] <= keys[0] <= keys[2])
    if keys[0] == keys[1]:
        return operator in ("Lte", "Gte")
    return bool(keys[0] < keys[1]) == (operator in ("Lt", "Lte"))


def _sort_keys(value: t.Any, *operands: t.Any) -> list[t.Any]:
    """Keys that sort values as the server does: numbers and addresses by size, all else as texts."""
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    convert: t.Callable[[t.Any], t.Any] = float if numeric else _address_key
    try:
        return [convert(one) for one in (value, *operands)]
    except (ValueError, TypeError):
        return ["" if one is None else filters.literal(one) for one in (value, *operands)]


def _address_key(value: t.Any) -> tuple[int, int]:
    address = ipaddress.ip_address(str(value))
    return address.version, int(address)
