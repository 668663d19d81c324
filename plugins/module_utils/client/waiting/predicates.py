# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Conditions on one object: whether they hold, and a text that explains why not.

Values are compared as JSON: 1 equals 1.0, but the text "true" never equals true.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import UsageError
from ..masking import HIDDEN
from ..patch import same_json

Json = t.Any
Object = t.Mapping[str, t.Any]

MISSING: t.Any = object()
"""What :func:`find` returns for a path without a value."""
_INDEX = re.compile("-?[0-9]{1,9}")


class Condition(t.Protocol):
    """A condition on an object: ``condition(item)`` says whether it holds."""

    def __call__(self, item: Object) -> bool:
        """Whether it holds."""

    def why_met(self, item: Object) -> str:
        """In words why it holds: what there is."""

    def why_unmet(self, item: Object) -> str:
        """In words why it does not hold: what there is, and what is wanted."""


TestFunc = Condition
"""The name in the Go client."""


def path_steps(path: str) -> list[str]:
    """The names and numbers along a path."""
    if path.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    return path.split(".")


def find(item: Json, path: str) -> Json:
    """The value at a dotted path (``OS.Name``) or a JSON pointer (``/Params/a.b``); MISSING without one.

    Numbers lead into lists.
    """
    for step in path_steps(path):
        if isinstance(item, dict):
            item = item.get(step, MISSING)
        elif isinstance(item, list) and _INDEX.fullmatch(step) and -len(item) <= int(step) < len(item):
            item = item[int(step)]
        else:
            return MISSING
    return item


@dataclasses.dataclass(frozen=True)
class Compare:
    """The value at ``path`` beside ``wanted``, by one of :data:`OPERATORS`.

    A missing value satisfies only ``exists`` false and ``not_equals``.  UsageError, when it is made, for an
    operator or an operand that makes no sense.
    """

    path: str
    operator: str
    wanted: Json

    def __post_init__(self) -> None:
        if not self.path.strip("./"):
            raise UsageError("path: must name a member")
        if self.operator not in OPERATORS:
            raise UsageError(f"unknown operator {self.operator} (known: {', '.join(OPERATORS)})")
        check = _OPERAND_CHECKS.get(self.operator)
        problem = check(self.wanted) if check else ""
        if problem:
            raise UsageError(f"{self.path}: {self.operator} {problem}")

    def __call__(self, item: Object) -> bool:
        return OPERATORS[self.operator](find(item, self.path), self.wanted)

    def why_met(self, item: Object) -> str:
        return f"{self.path} is {_abbreviated(find(item, self.path))}"

    def why_unmet(self, item: Object) -> str:
        # what is compared with a secret may be that secret
        wanted = "another value" if HIDDEN in str(find(item, self.path)) else self._wanted_text()
        return f"{self.why_met(item)}, wanted: {wanted}"

    def _wanted_text(self) -> str:
        if self.operator == "exists":
            return "a value" if self.wanted else "none"
        word = {"equals": "", "in": "one of "}.get(self.operator, self.operator.replace("_", " ") + " ")
        return f"{word}{_abbreviated(self.wanted)}"


@dataclasses.dataclass
class Changed:
    """Whether the value at ``path`` differs from what it was when it was first asked about."""

    path: str
    _initial: Json = dataclasses.field(default=None, init=False)
    _has_initial: bool = dataclasses.field(default=False, init=False)

    def __call__(self, item: Object) -> bool:
        now = find(item, self.path)
        if not self._has_initial:
            self._has_initial, self._initial = True, now
        return not (
            now is self._initial or (MISSING not in (now, self._initial) and same_json(now, self._initial))
        )

    def why_met(self, item: Object) -> str:
        return f"{self.path} has become {_abbreviated(find(item, self.path))}"

    def why_unmet(self, item: Object) -> str:
        return f"{self.path} is still {_abbreviated(find(item, self.path))}"


@dataclasses.dataclass(frozen=True)
class EqualItem:
    """Whether the top-level member named exactly ``field`` equals ``value``; a missing one never does."""

    field: str
    value: Json

    def __call__(self, item: Object) -> bool:
        return self.field in item and same_json(item[self.field], self.value)

    def why_met(self, item: Object) -> str:
        return f"{self.field} is {_abbreviated(item.get(self.field, MISSING))}"

    def why_unmet(self, item: Object) -> str:
        return f"{self.why_met(item)}, wanted: {_abbreviated(self.value)}"


@dataclasses.dataclass(frozen=True)
class AndItems:
    """All of them, left to right; true without any.  Each is asked: :class:`Changed` has to look."""

    tests: tuple[Condition, ...]

    def __call__(self, item: Object) -> bool:
        answers = [test(item) for test in self.tests]
        return all(answers)

    def why_met(self, item: Object) -> str:
        return "; ".join(test.why_met(item) for test in self.tests)

    def why_unmet(self, item: Object) -> str:
        return "; ".join(test.why_unmet(item) for test in self.tests if not test(item))


@dataclasses.dataclass(frozen=True)
class OrItems:
    """Any of them, left to right; false without any.  Each is asked: :class:`Changed` has to look."""

    tests: tuple[Condition, ...]

    def __call__(self, item: Object) -> bool:
        answers = [test(item) for test in self.tests]
        return any(answers)

    def why_met(self, item: Object) -> str:
        return "; ".join(test.why_met(item) for test in self.tests if test(item))

    def why_unmet(self, item: Object) -> str:
        return "; and ".join(test.why_unmet(item) for test in self.tests)


@dataclasses.dataclass(frozen=True)
class NotItem:
    """The opposite."""

    test: Condition

    def __call__(self, item: Object) -> bool:
        return not self.test(item)

    def why_met(self, item: Object) -> str:
        return self.test.why_unmet(item)

    def why_unmet(self, item: Object) -> str:
        return f"{self.test.why_met(item)}, which is not wanted"


def equal_item(field: str, value: Json) -> Condition:
    return EqualItem(field, value)


def and_items(*tests: Condition) -> Condition:
    return AndItems(tests)


def or_items(*tests: Condition) -> Condition:
    return OrItems(tests)


def not_item(test: Condition) -> Condition:
    return NotItem(test)


def _comparing(compare: t.Callable[[t.Any, t.Any], bool]) -> t.Callable[[Json, Json], bool]:
    def ordered(seen: Json, wanted: Json) -> bool:
        for kind in ((int, float), str):
            if isinstance(seen, kind) and isinstance(wanted, kind) and not isinstance(seen, bool):
                return compare(seen, wanted)
        return False

    return ordered


def _equals(seen: Json, wanted: Json) -> bool:
    return seen is not MISSING and same_json(seen, wanted)


OPERATORS: t.Mapping[str, t.Callable[[Json, Json], bool]] = {
    "equals": _equals,
    "not_equals": lambda seen, wanted: not _equals(seen, wanted),
    "in": lambda seen, wanted: any(_equals(seen, one) for one in wanted),
    "matches": lambda seen, wanted: isinstance(seen, str) and re.search(wanted, seen) is not None,
    "contains": lambda seen, wanted: (
        isinstance(seen, (list, dict)) and any(same_json(one, wanted) for one in seen)
    ),
    "gt": _comparing(lambda seen, wanted: seen > wanted),
    "gte": _comparing(lambda seen, wanted: seen >= wanted),
    "lt": _comparing(lambda seen, wanted: seen < wanted),
    "lte": _comparing(lambda seen, wanted: seen <= wanted),
    "exists": lambda seen, wanted: (seen is not MISSING and seen is not None) == wanted,
}
"""``gt`` and its like order numbers, and texts by their characters (which orders UTC times too);
``exists`` asks for a value other than null."""


def _pattern_problem(wanted: Json) -> str:
    try:
        re.compile(wanted)
    except (re.error, TypeError) as error:
        return f"must be a regular expression: {error}"
    return ""


def _ordering_problem(wanted: Json) -> str:
    usable = isinstance(wanted, (int, float, str)) and not isinstance(wanted, bool)
    return "" if usable else f"must be a number or a string, not {_abbreviated(wanted)}"


_OPERAND_CHECKS: t.Mapping[str, t.Callable[[Json], str]] = {
    "in": lambda wanted: "" if isinstance(wanted, list) and wanted else "must be a list of values",
    "matches": _pattern_problem,
    "gt": _ordering_problem,
    "gte": _ordering_problem,
    "lt": _ordering_problem,
    "lte": _ordering_problem,
    "exists": lambda wanted: "" if isinstance(wanted, bool) else "must be true or false",
}


def _abbreviated(value: Json, limit: int = 80) -> str:
    text = "missing" if value is MISSING else repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
