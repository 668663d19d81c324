# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names are valid, and how long a key may be."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote_plus

# each object is a file named after its escaped key; the rest of the 255 bytes is the store's own
_LONGEST = 245


def valid_name(text: str, also: str = "", first_digit: bool = False) -> bool:
    """A letter, then at least one more letter, digit, space, dash, underscore, dot or what ``also`` lists."""
    head, tail = text[:1], text[1:]
    good_head = head.isalpha() or (first_digit and head.isalnum())
    return good_head and bool(tail) and all(char.isalnum() or char in f"- _.{also}" for char in tail)


def name_problems(what: str, names: Iterable[str]) -> list[str]:
    return [f"Invalid {what} `{name}`" for name in names if not valid_name(name)]


def machine_name_problems(name: str) -> list[str]:
    return [] if valid_name(name, first_digit=True) else [f"Invalid Name `{name}`"]


def param_name_problems(what: str, names: Iterable[str]) -> list[str]:
    return [f"Invalid {what} `{name}`" for name in names if not valid_name(name, also="/")]


def stored_name_problem(key: str) -> str:
    """Why the key cannot become a file name, or an empty text."""
    return f"open {key}: file name too long" if len(quote_plus(key)) > _LONGEST else ""


def secret_problems(prefix: str, key: str) -> list[str]:
    """Why no key pair can be kept for the object: its file bears the prefix as well."""
    problem = stored_name_problem(f"{prefix}-{key}")
    return [f"Unable to get key: {problem}"] if problem else []
