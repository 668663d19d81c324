# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Semantic versions and the ranges in which a content pack names those of its prerequisites."""

from __future__ import annotations

import re
import typing as t

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?")
_TERM = re.compile(r"(>=|<=|!=|==|=|>|<|!)?\s*(v?[0-9xX*][0-9A-Za-z.*+-]*)\s*")
_WILDCARD = re.compile(r"v?((?:\d+\.)*)[xX*](?:\.[xX*])*")

Version = tuple[t.Any, ...]


def parse(text: str) -> Version:
    """A version as something that compares; ValueError when it is none.  ``v4.2`` is ``v4.2.0``."""
    match = _VERSION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a version such as v4.2.0")
    numbers = tuple(int(number or 0) for number in match.groups()[:3])
    # a release comes after all that led to it
    return (*numbers, (1,) if match[4] is None else (0, *map(_part, match[4].split("."))))


def satisfies(version: str, wanted: str) -> bool:
    """Whether ``version`` is in the range ``wanted``, such as ``>=4.1.0 <5.0.0 || 5.1.x``.

    Raises ValueError when either cannot be understood.
    """
    have = parse(version)
    return any(_all_hold(have, alternative.strip()) for alternative in wanted.split("||"))


def _all_hold(have: Version, terms: str) -> bool:
    held = True
    place = 0
    while place < len(terms) or not terms:
        match = _TERM.match(terms, place)
        if not match:
            raise ValueError(f"{terms!r} is not a range of versions such as >=4.1.0")
        held = _holds(have, match[1] or "=", match[2]) and held
        place = match.end()
    return held


def _holds(have: Version, operator: str, text: str) -> bool:
    wildcard = _WILDCARD.fullmatch(text)
    if wildcard and operator in ("=", "=="):
        numbers = tuple(int(number) for number in wildcard[1].split(".") if number)
        return have[: len(numbers)] == numbers
    want = parse(text)
    return {
        ">=": have >= want,
        "<=": have <= want,
        ">": have > want,
        "<": have < want,
        "!=": have != want,
        "!": have != want,
    }.get(operator, have == want)


def _part(text: str) -> tuple[int, int, str]:
    """Numbers come before words, and compare as numbers."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
