# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""List filters: the words a user writes, turned into the query that the server understands."""

from __future__ import annotations

import collections.abc as c
import typing as t

from . import features
from .errors import UsageError

QueryPairs = list[tuple[str, str]]

KEYWORDS_WITH_VALUE = ("sort", "limit", "offset", "slim", "params", "filter")
KEYWORDS_WITHOUT_VALUE = ("reverse", "decode", "exclude-self", "aggregate")
OPERAND_COUNTS = {
    "Eq": 1,
    "Lt": 1,
    "Lte": 1,
    "Gt": 1,
    "Gte": 1,
    "Ne": 1,
    "Between": 2,
    "Except": 2,
    "Re": 1,
    "In": 1,
    "Nin": 1,
}
_SETS = ("In", "Nin")
_REQUIRED_FEATURES: t.Mapping[str, features.Feature] = {
    "Re": features.REGEX_FILTERS,
    "In": features.SET_FILTERS,
    "Nin": features.SET_FILTERS,
    "params": features.PARTIAL_OBJECTS,
    "decode": features.PARTIAL_OBJECTS,
    **dict.fromkeys(("exclude-self", "aggregate", "filter"), features.V4),
}
"""Operators and words that a v3.12 server takes for something else."""


def build_query(words: c.Sequence[str]) -> QueryPairs:
    """Translate filter words, read left to right, into query pairs.

    ``reverse``, ``decode``, ``exclude-self`` and ``aggregate`` stand alone; ``sort``, ``limit``, ``offset``,
    ``slim``, ``params`` and ``filter`` (the key of a filter object) take one value, sent as it is; anything
    else is an index, a param or ``Meta.<key>`` followed by an operator (any letter case) and its one value,
    or two for ``Between`` and ``Except``; ``In`` and ``Nin`` take one with commas.  Raises UsageError for
    anything else: the server takes a bare operator for a crash, and a misspelt one for a value.  See
    :func:`required_features` for what only a v4 server knows.
    """
    pairs: QueryPairs = []
    rest = [str(word) for word in words]
    while rest:
        name, *rest = rest
        if name in KEYWORDS_WITHOUT_VALUE:
            pairs.append((name, "true"))
        elif name in KEYWORDS_WITH_VALUE:
            if not rest:
                raise UsageError(f"Invalid Filter: {name} requires exactly one parameter")
            value, *rest = rest
            pairs.append((name, value))
        else:
            if len(rest) < 2:
                raise UsageError(f"Invalid Filter: {name} requires an op and at least 1 parameter")
            operator, *rest = rest
            count = operand_count(name, operator)
            if len(rest) < count:
                plural = "s" if count > 1 else ""
                raise UsageError(f"Invalid Filter: {name} op {operator} requires {count} parameter{plural}")
            pairs.append((name, expression(operator, *rest[:count])))
            rest = rest[count:]
    return pairs


def words_from_map(wanted: t.Mapping[str, t.Any]) -> list[str]:
    """Filter words from a map: ``{Stage: none}`` asks for equality, ``{Name: {Between: [a, b]}}`` for more.

    The values of ``In`` and ``Nin`` are a list, or a text with commas.
    Raises UsageError as :func:`build_query` does, and for a value that is no text, number or boolean.
    """
    words: list[str] = []
    for name, value in wanted.items():
        if name in (*KEYWORDS_WITH_VALUE, *KEYWORDS_WITHOUT_VALUE):
            raise UsageError(f"filters: {name} is neither an index nor a param")
        comparisons = value.items() if isinstance(value, dict) else [("Eq", value)]
        for operator, operands in comparisons:
            values = operands if isinstance(operands, list) else [operands]
            if not values or not all(isinstance(one, (str, int, float)) for one in values):
                raise UsageError(f"filters: the value of {name} must be a string, number or boolean")
            if str(operator).capitalize() in _SETS:
                values = [_joined_set(str(name), str(operator), values)]
            if len(values) != operand_count(str(name), str(operator)):
                raise UsageError(
                    f"filters: {name}: {operator} takes {operand_count(str(name), str(operator))} values"
                )
            words += [str(name), str(operator), *map(literal, values)]
    build_query(words)
    return words


def operand_count(name: str, operator: str) -> int:
    """How many values ``operator`` takes; UsageError when no server knows it."""
    try:
        return OPERAND_COUNTS[operator.capitalize()]
    except KeyError:
        raise UsageError(
            f"Invalid Filter {name}: unknown op {operator} (known: {', '.join(OPERAND_COUNTS)})"
        ) from None


def expression(operator: str, *values: str) -> str:
    """``Op(a,b)`` with the operator spelt as the server wants it.

    A value with a closing parenthesis, or with a comma inside a range, cannot be expressed: the
    server would cut it there and answer with other objects, so it is refused here.
    """
    spelt = operator.capitalize()
    for value in values:
        if ")" in value or (len(values) > 1 and "," in value):
            raise UsageError(
                f"Invalid Filter: the server cannot compare with {value!r} : it holds ')' or ','"
            )
    return f"{spelt}({','.join(values)})"


def required_features(query: QueryPairs) -> t.Iterator[tuple[str, features.Feature]]:
    """What in the query a v3.12 server would misunderstand, each with the feature that it needs."""
    for name, value in query:
        word = name if name in _REQUIRED_FEATURES else value.partition("(")[0]
        if word in _REQUIRED_FEATURES and (word == name or name not in KEYWORDS_WITH_VALUE):
            yield (f"{name}: {word}" if word != name else word), _REQUIRED_FEATURES[word]


def equals(**wanted: t.Any) -> QueryPairs:
    """Equality filters from keyword arguments: ``equals(Stage="none", Runnable=True)``."""
    return [(name, expression("Eq", literal(value))) for name, value in wanted.items()]


def _joined_set(name: str, operator: str, values: list[t.Any]) -> str:
    """The values of a set as the one text that the server splits at its commas."""
    texts = [literal(value) for value in values]
    if len(texts) > 1 and any("," in text for text in texts):
        raise UsageError(f"filters: {name}: {operator}: the server cannot look for a value with a comma")
    return ",".join(texts)


def literal(value: t.Any) -> str:
    """A Python value as the server's filters write it: booleans in lower case, the rest as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
