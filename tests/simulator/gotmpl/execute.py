# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a parsed template over data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import parser as p
from .functions import CORE
from .sprig import SPRIG
from .values import GoObject, TemplateError, text, truth

__all__ = ["GoObject", "Renderer", "TemplateError"]

_MISSING = object()
_DEPTH = 100
Lookup = Callable[[str], list[p.Node] | None]


class _Scope:
    """Variables; inner blocks see and may assign outer ones."""

    def __init__(self, parent: _Scope | None = None, **names: Any) -> None:
        self._parent = parent
        self._names: dict[str, Any] = names

    def declare(self, name: str, value: Any) -> None:
        self._names[name] = value

    def assign(self, name: str, value: Any) -> None:
        scope: _Scope | None = self
        while scope:
            if name in scope._names:
                scope._names[name] = value
                return
            scope = scope._parent
        raise TemplateError(f"undefined variable: {name}")

    def get(self, name: str) -> Any:
        scope: _Scope | None = self
        while scope:
            if name in scope._names:
                return scope._names[name]
            scope = scope._parent
        raise TemplateError(f"undefined variable: {name}")


class Renderer:
    """Renders templates; ``lookup`` finds the body of a template called by name."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._functions = CORE | SPRIG

    def render(self, template: p.Template, data: Any) -> str:
        def lookup(name: str) -> list[p.Node] | None:
            return template.defines.get(name) or self._lookup(name)

        return _Run(self._functions, lookup).body(template.body, data)

    def call(self, name: str, data: Any) -> str:
        """Render the template of that name."""
        return _Run(self._functions, self._lookup).named(name, data)


class _Run:
    def __init__(self, functions: dict[str, Callable[..., Any]], lookup: Lookup) -> None:
        self._functions = functions
        self._lookup = lookup
        self._out: list[str] = []
        self._depth = 0

    def body(self, nodes: list[p.Node], data: Any) -> str:
        self._nodes(nodes, data, _Scope(**{"$": data}))
        return "".join(self._out)

    def named(self, name: str, data: Any) -> str:
        self._include(name, data)
        return "".join(self._out)

    def _nodes(self, nodes: list[p.Node], dot: Any, scope: _Scope) -> None:
        for node in nodes:
            match node:
                case p.Text(plain):
                    self._out.append(plain)
                case p.Action(pipe):
                    value = self._pipe(pipe, dot, scope)
                    if not pipe.names:
                        self._out.append(text(value))
                case p.Include(name, pipe):
                    self._include(name, self._pipe(pipe, dot, scope) if pipe else None)
                case p.Branch():
                    self._branch(node, dot, scope)

    def _include(self, name: str, data: Any) -> None:
        nodes = self._lookup(name)
        if nodes is None:
            raise TemplateError(f'template: no template "{name}" associated with template')
        self._depth += 1
        if self._depth > _DEPTH:
            raise TemplateError("exceeded maximum template depth")
        self._nodes(nodes, data, _Scope(**{"$": data}))
        self._depth -= 1

    def _branch(self, node: p.Branch, dot: Any, scope: _Scope) -> None:
        inner = _Scope(scope)
        if node.kind == "range":
            self._range(node, dot, inner)
            return
        value = self._pipe(node.pipe, dot, inner)
        if truth(value):
            self._nodes(node.body, value if node.kind == "with" else dot, inner)
        else:
            self._nodes(node.otherwise, dot, inner)

    def _range(self, node: p.Branch, dot: Any, scope: _Scope) -> None:
        value = self._value(node.pipe, dot, scope)
        pairs = list(_pairs(value))
        for key, item in pairs:
            turn = _Scope(scope)
            if len(node.pipe.names) == 2:
                turn.declare(node.pipe.names[0], key)
            if node.pipe.names:
                turn.declare(node.pipe.names[-1], item)
            self._nodes(node.body, item, turn)
        if not pairs:
            self._nodes(node.otherwise, dot, scope)

    def _pipe(self, pipe: p.Pipe, dot: Any, scope: _Scope) -> Any:
        value = self._value(pipe, dot, scope)
        for name in pipe.names:
            (scope.declare if pipe.declare else scope.assign)(name, value)
        return value

    def _value(self, pipe: p.Pipe, dot: Any, scope: _Scope) -> Any:
        value: Any = _MISSING
        for command in pipe.commands:
            value = self._command(command, dot, scope, value)
        return value

    def _command(self, command: tuple[p.Operand, ...], dot: Any, scope: _Scope, last: Any) -> Any:
        head, *rest = command
        if isinstance(head, p.Function):
            if head.name in ("and", "or"):
                return self._short_circuit(head.name, rest, dot, scope, last)
            return self._call(self._functions[head.name], head.name, self._arguments(rest, dot, scope, last))
        if isinstance(head, p.Path):
            return self._path(head, dot, scope, self._arguments(rest, dot, scope, last))
        if rest or last is not _MISSING:
            raise TemplateError("can't give argument to non-function")
        return self._operand(head, dot, scope)

    def _arguments(self, operands: Iterable[p.Operand], dot: Any, scope: _Scope, last: Any) -> list[Any]:
        values = [self._operand(operand, dot, scope) for operand in operands]
        return values if last is _MISSING else [*values, last]

    def _short_circuit(self, name: str, operands: list[p.Operand], dot: Any, scope: _Scope, last: Any) -> Any:
        value = last
        for operand in operands:
            value = self._operand(operand, dot, scope)
            if truth(value) == (name == "or"):
                return value
        return value if last is _MISSING else last

    def _operand(self, operand: p.Operand, dot: Any, scope: _Scope) -> Any:
        match operand:
            case p.Literal(value):
                return value
            case p.Function():
                return self._command((operand,), dot, scope, _MISSING)
            case p.Pipe():
                return self._pipe(operand, dot, _Scope(scope))
        return self._path(operand, dot, scope, [])

    def _path(self, path: p.Path, dot: Any, scope: _Scope, arguments: list[Any]) -> Any:
        if path.start is None:
            value = dot
        elif isinstance(path.start, str):
            value = scope.get(path.start)
        else:
            value = self._pipe(path.start, dot, _Scope(scope))
        if arguments and not path.fields:
            raise TemplateError("can't give argument to non-function")
        for position, name in enumerate(path.fields):
            final = position == len(path.fields) - 1
            value = self._member(value, name, arguments if final else [])
        return value

    def _member(self, value: Any, name: str, arguments: list[Any]) -> Any:
        members = value.members if isinstance(value, GoObject) else value
        if isinstance(members, dict) and name in members:
            found = members[name]
            if callable(found):
                return self._call(found, name, arguments)
            if arguments:
                raise TemplateError(f"{name} has arguments but cannot be invoked as function")
            return found
        if isinstance(value, dict):
            raise TemplateError(f'map has no entry for key "{name}"')
        raise TemplateError(f"can't evaluate field {name}")

    @staticmethod
    def _call(function: Callable[..., Any], name: str, arguments: list[Any]) -> Any:
        try:
            return function(*arguments)
        except TemplateError:
            raise
        except Exception as problem:  # whatever a helper dislikes is an error of the template
            raise TemplateError(f"error calling {name}: {problem}") from problem


def _pairs(value: Any) -> Iterable[tuple[Any, Any]]:
    if value is None:
        return ()
    if isinstance(value, dict):
        return ((key, value[key]) for key in sorted(value))
    if isinstance(value, (list, tuple)):
        return enumerate(value)
    raise TemplateError(f"range can't iterate over {text(value)}")
