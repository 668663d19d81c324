# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the tree of a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .functions import NAMES
from .lexer import ParseError, Token, split, unquote

__all__ = ["ParseError", "Template", "parse"]


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Path:
    """Fields below a start: dot (None), a variable, or a parenthesised pipe."""

    start: str | Pipe | None
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    name: str


@dataclass(frozen=True)
class Pipe:
    commands: tuple[tuple[Operand, ...], ...]
    names: tuple[str, ...] = ()
    declare: bool = True


Operand = Literal | Path | Function | Pipe


@dataclass
class Text:
    text: str


@dataclass
class Action:
    pipe: Pipe


@dataclass
class Include:
    name: str
    pipe: Pipe | None


@dataclass
class Branch:
    """``if``, ``with`` or ``range``."""

    kind: str
    pipe: Pipe
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


Node = Text | Action | Include | Branch


@dataclass
class Template:
    body: list[Node]
    defines: dict[str, list[Node]]


@lru_cache(maxsize=2048)
def parse(source: str) -> Template:
    """The tree of a template; ParseError when it is none."""
    return _Parser(list(split(source))).template()


class _Parser:
    def __init__(self, items: list[str | list[Token]]) -> None:
        self._items = items
        self._at = 0
        self._depth = 0
        self._defines: dict[str, list[Node]] = {}

    def template(self) -> Template:
        body, end = self._block()
        if end:
            raise ParseError(f"template: unexpected {{{{{end[0].text}}}}}")
        return Template(body, self._defines)

    def _block(self) -> tuple[list[Node], list[Token]]:
        """Nodes up to ``end`` or ``else`` (whose tokens are returned) or up to the end of the source."""
        nodes: list[Node] = []
        self._depth += 1
        while self._at < len(self._items):
            item = self._items[self._at]
            self._at += 1
            if isinstance(item, str):
                if item:
                    nodes.append(Text(item))
                continue
            if not item:
                raise ParseError("template: missing value for command")
            if item[0].kind == "word" and item[0].text in ("end", "else"):
                self._depth -= 1
                return nodes, item
            node = self._action(item)
            if node:
                nodes.append(node)
        return nodes, []

    def _action(self, tokens: list[Token]) -> Node | None:
        word = tokens[0].text if tokens[0].kind == "word" else ""
        if word in ("if", "with", "range"):
            return self._branch(word, tokens[1:])
        if word == "template":
            return self._include(tokens[1:])
        if word in ("define", "block"):
            return self._define(word, tokens[1:])
        return Action(_Commands(tokens).pipe())

    def _branch(self, kind: str, tokens: list[Token]) -> Branch:
        node = Branch(kind, _Commands(tokens).pipe())
        node.body, end = self._block()
        if end and end[0].text == "else":
            if len(end) > 1 and end[1].text in ("if", "with"):
                node.otherwise = [self._branch(end[1].text, end[2:])]
                return node
            node.otherwise, end = self._block()
        if not end or end[0].text != "end":
            raise ParseError("template: unexpected EOF")
        return node

    def _include(self, tokens: list[Token]) -> Include:
        if not tokens or tokens[0].kind not in ("string", "raw"):
            raise ParseError("template: missing name in template clause")
        return Include(_string(tokens[0]), _Commands(tokens[1:]).pipe() if len(tokens) > 1 else None)

    def _define(self, word: str, tokens: list[Token]) -> Include | None:
        if word == "define" and self._depth > 1:
            raise ParseError("template: unexpected <define> in command")
        name = self._include(tokens)
        body, end = self._block()
        if not end or end[0].text != "end":
            raise ParseError("template: unexpected EOF")
        if not _is_empty(self._defines.get(name.name, [])) and not _is_empty(body):
            raise ParseError(f'template: multiple definition of template "{name.name}"')
        if name.name not in self._defines or not _is_empty(body):
            self._defines[name.name] = body
        return name if word == "block" else None


def _is_empty(body: list[Node]) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in body)


def _string(token: Token) -> str:
    return unquote(token.text) if token.kind == "string" else token.text[1:-1]


class _Commands:
    """Parses what stands inside one action."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def pipe(self) -> Pipe:
        pipe = self._pipe()
        if self._peek():
            raise ParseError(f"template: unexpected {self._tokens[self._at].text!r} in input")
        return pipe

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _take(self) -> Token:
        token = self._peek()
        if not token:
            raise ParseError("template: missing value for command")
        self._at += 1
        return token

    def _is(self, text: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return bool(token and token.text == text and token.kind in ("mark", "declare"))

    def _pipe(self) -> Pipe:
        names, declare = self._declarations()
        commands = [self._command(first=True)]
        while self._is("|"):
            self._at += 1
            commands.append(self._command(first=False))
        return Pipe(tuple(commands), names, declare)

    def _declarations(self) -> tuple[tuple[str, ...], bool]:
        token = self._peek()
        if not token or token.kind != "variable":
            return (), True
        for width in (1, 3):
            if self._is(":=", width) or self._is("=", width):
                names = tuple(
                    t.text for t in self._tokens[self._at : self._at + width] if t.kind == "variable"
                )
                declare = self._tokens[self._at + width].text == ":="
                self._at += width + 1
                return names, declare
            if not self._is(",", 1):
                break
        return (), True

    def _command(self, *, first: bool) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while self._peek() and not self._is("|") and not self._is(")"):
            operands.append(self._operand())
        if not operands:
            raise ParseError("template: missing value for command")
        if not first and not isinstance(operands[0], (Function, Path)):
            raise ParseError("template: non executable command in pipeline")
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self._take()
        match token.kind:
            case "string" | "raw":
                return Literal(_string(token))
            case "char":
                return Literal(ord(unquote(f'"{token.text[1:-1]}"')[0]))
            case "number":
                return Literal(_number(token.text))
            case "word":
                return self._word(token.text)
            case "field":
                return Path(None, (token.text[1:], *self._fields()))
            case "variable":
                return Path(token.text, self._fields())
        if token.text == "(":
            inner = self._pipe()
            if not self._is(")"):
                raise ParseError("template: unclosed left paren")
            self._at += 1
            fields = self._fields()
            return Path(inner, fields) if fields else inner
        if token.text == ".":
            return Path(None, ())
        raise ParseError(f"template: unexpected {token.text!r} in operand")

    def _fields(self) -> tuple[str, ...]:
        fields = []
        while (token := self._peek()) and token.kind == "field" and token.glued:
            fields.append(token.text[1:])
            self._at += 1
        return tuple(fields)

    @staticmethod
    def _word(text: str) -> Operand:
        constants = {"true": True, "false": False, "nil": None}
        if text in constants:
            return Literal(constants[text])
        if text not in NAMES:
            raise ParseError(f'template: function "{text}" not defined')
        return Function(text)


def _number(text: str) -> int | float:
    try:
        return int(text, 16 if "x" in text.lower() else 10)
    except ValueError:
        return float(text)
