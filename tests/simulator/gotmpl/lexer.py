# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits a template into text and actions, and actions into tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass


class ParseError(ValueError):
    """The text is not a template."""


@dataclass(frozen=True)
class Token:
    """``glued`` says that no space stands before it: ``$x.A`` is a chain, ``$x .A`` are two arguments."""

    kind: str
    text: str
    glued: bool


_ACTION = re.compile(r"\{\{(-(?=\s))?")
_COMMENT = re.compile(r"\s*/\*.*?\*/\s*?((?<=\s)-)?\}\}", re.DOTALL)
_END = re.compile(r"((?<=\s)-)?\}\}")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<raw>`[^`]*`)
      | (?P<char>'(?:[^'\\\n]|\\.)+')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+))
      | (?P<declare>:=)
      | (?P<field>\.[^\W\d]\w*)
      | (?P<variable>\$\w*)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>[=|(),.])""",
    re.VERBOSE,
)


def split(source: str) -> Iterator[str | list[Token]]:
    """Texts (str) and actions (token lists) in order, trim markers applied."""
    position, trim = 0, False
    while match := _ACTION.search(source, position):
        text = source[position : match.start()]
        text = text.lstrip() if trim else text
        yield text.rstrip() if match.group(1) else text
        comment = _COMMENT.match(source, match.end())
        if comment:
            position, trim = comment.end(), bool(comment.group(1))
        else:
            tokens, position, trim = _action(source, match.end())
            yield tokens
    yield source[position:].lstrip() if trim else source[position:]


def _action(source: str, position: int) -> tuple[list[Token], int, bool]:
    tokens: list[Token] = []
    glued = True
    while True:
        end = _END.match(source, position)
        if end:
            return tokens, end.end(), bool(end.group(1))
        match = _TOKEN.match(source, position)
        if not match:
            line = source.count("\n", 0, position) + 1
            what = (
                "unclosed action"
                if position >= len(source)
                else f"unexpected {source[position]!r} in command"
            )
            raise ParseError(f"template: {line}: {what}")
        kind = match.lastgroup or ""
        if kind == "space":
            glued = False
        else:
            tokens.append(Token(kind, match.group(), glued))
            glued = True
        position = match.end()


def unquote(text: str) -> str:
    """The value of an interpreted Go string."""
    body = re.sub(r"\\([abv0-7x'])", _escape, text[1:-1])
    try:
        value: str = json.loads(f'"{body}"', strict=False)
    except ValueError:
        raise ParseError(f"template: unterminated quoted string {text}") from None
    return value


def _escape(match: re.Match[str]) -> str:
    plain = {"a": "\\u0007", "b": "\\b", "v": "\\u000b", "'": "'"}
    found = plain.get(match.group(1))
    if found is None:
        raise ParseError("template: octal and hexadecimal escapes are not supported")
    return found
