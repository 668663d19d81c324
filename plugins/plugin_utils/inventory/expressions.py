# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple Jinja expressions as plain Python functions, for when there are thousands of hosts to ask.

Ansible compiles an expression anew for every host, which takes half a millisecond.  Look-ups with constant
names, comparisons, ``and or not in if else``, ``default()`` and ``is defined`` need none of that.  The text
is read by Jinja's own parser, so the two never disagree about what was written; and whenever a value is met
for which Jinja has rules of its own, the function gives up and Jinja decides.
"""

from __future__ import annotations

import operator
import typing as t

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser

from ..compat import may_be_template

Scope = t.Mapping[str, t.Any]
Evaluate = t.Callable[[Scope], t.Any]


class Undefined(Exception):
    """The expression uses something that is not there: an error for Jinja, too."""


class NeedsJinja(Exception):
    """Jinja has to decide."""


class _Unsupported(Exception):
    """The expression holds more than this module knows."""


_ENVIRONMENT = jinja2.Environment(autoescape=False)  # only parses
_SCALARS = (str, int, float, bool, type(None))
# what a dot finds before it finds the entry of that name
_PYTHON_ATTRIBUTES = frozenset(name for kind in (dict, list, *_SCALARS) for name in dir(kind))
_ORDER_OPERATORS: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


class Compiler:
    """Compiles expressions over the variables of a host.

    ``reserved`` are names that mean something without any variable, or that Ansible fills in late;
    ``possible_templates`` are variables whose values did not come from the server, and may be templates.
    """

    def __init__(self, reserved: t.Container[str] = (), possible_templates: t.Container[str] = ()) -> None:
        self._reserved = reserved
        self._possible_templates = possible_templates

    def compile(self, expression: t.Any) -> Evaluate | None:
        """A function of a host's variables; None when only Jinja can evaluate the expression.

        The function raises Undefined where Jinja finds something undefined, and NeedsJinja where only Jinja
        can tell.
        """
        if not isinstance(expression, str) or "\\" in expression:
            return None
        try:
            parser = Parser(_ENVIRONMENT, str(expression), state="variable")
            node = parser.parse_expression()
            return self._compile_node(node) if parser.stream.eos else None
        except (jinja2.TemplateSyntaxError, _Unsupported, RecursionError):
            return None

    def _compile_node(self, node: nodes.Node) -> Evaluate:
        build = _NODE_COMPILERS.get(type(node))
        if build is None:
            raise _Unsupported
        return build(self, node)

    # -- values

    def _constant(self, node: nodes.Const) -> Evaluate:
        value = node.value
        if type(value) not in _SCALARS or (isinstance(value, str) and may_be_template(value)):
            raise _Unsupported
        return lambda _scope: value

    def _negative(self, node: nodes.Neg) -> Evaluate:
        number = node.node.value if isinstance(node.node, nodes.Const) else None
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise _Unsupported
        negative = -1 * number
        return lambda _scope: negative

    def _name(self, node: nodes.Name) -> Evaluate:
        name = node.name
        if name in self._reserved:
            raise _Unsupported
        possible_templates = name in self._possible_templates

        def look_up(scope: Scope) -> t.Any:
            try:
                value = scope[name]
            except KeyError:
                raise Undefined from None
            if possible_templates and (
                not isinstance(value, _SCALARS) or (isinstance(value, str) and "{" in value)
            ):
                raise NeedsJinja
            return value

        return look_up

    def _attribute(self, node: nodes.Getattr) -> Evaluate:
        name = node.attr
        if name in _PYTHON_ATTRIBUTES or name.startswith("_"):
            raise _Unsupported
        owner = self._compile_node(node.node)

        def look_up(scope: Scope) -> t.Any:
            value = owner(scope)
            if isinstance(value, dict) and name in value:
                return value[name]
            raise Undefined

        return look_up

    def _subscript(self, node: nodes.Getitem) -> Evaluate:
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if isinstance(key, int) and not isinstance(key, bool):
            return self._list_element(node.node, key)
        if not isinstance(key, str) or key in _PYTHON_ATTRIBUTES or key.startswith("_"):
            raise _Unsupported
        owner = self._compile_node(node.node)

        def look_up(scope: Scope) -> t.Any:
            value = owner(scope)
            if isinstance(value, dict) and key in value:
                return value[key]
            raise Undefined

        return look_up

    def _list_element(self, node: nodes.Node, index: int) -> Evaluate:
        owner = self._compile_node(node)

        def look_up(scope: Scope) -> t.Any:
            value = owner(scope)
            if not isinstance(value, list):
                raise NeedsJinja
            try:
                return value[index]
            except IndexError:
                raise Undefined from None

        return look_up

    def _filter(self, node: nodes.Filter) -> Evaluate:
        """``default(value)`` of something that is looked up, and ``default(value, true)``."""
        constants = [argument for argument in node.args if isinstance(argument, nodes.Const)]
        plain = not (node.kwargs or node.dyn_args or node.dyn_kwargs)
        known = (
            node.name in ("default", "d") and plain and constants == node.args and len(constants) in (1, 2)
        )
        if not known or node.node is None or not _is_look_up(node.node):
            raise _Unsupported
        inner, fallback = self._compile_node(node.node), self._constant(constants[0])
        also_empty = len(constants) == 2 and bool(constants[1].value)

        def evaluate(scope: Scope) -> t.Any:
            try:
                value = inner(scope)
            except Undefined:
                return fallback(scope)
            return (value or fallback(scope)) if also_empty else value

        return evaluate

    # -- truth

    def _test(self, node: nodes.Test) -> Evaluate:
        if node.name not in ("defined", "undefined") or node.args or not _is_look_up(node.node):
            raise _Unsupported
        inner, answer = self._compile_node(node.node), node.name == "defined"

        def evaluate(scope: Scope) -> bool:
            try:
                inner(scope)
            except Undefined:
                return not answer
            return answer

        return evaluate

    def _not(self, node: nodes.Not) -> Evaluate:
        inner = self._compile_node(node.node)
        return lambda scope: not inner(scope)

    def _and(self, node: nodes.And) -> Evaluate:
        left, right = self._compile_node(node.left), self._compile_node(node.right)
        return lambda scope: left(scope) and right(scope)

    def _or(self, node: nodes.Or) -> Evaluate:
        left, right = self._compile_node(node.left), self._compile_node(node.right)
        return lambda scope: left(scope) or right(scope)

    def _conditional(self, node: nodes.CondExpr) -> Evaluate:
        if node.expr2 is None:
            raise _Unsupported
        test, yes, no = (
            self._compile_node(node.test),
            self._compile_node(node.expr1),
            self._compile_node(node.expr2),
        )
        return lambda scope: yes(scope) if test(scope) else no(scope)

    # -- comparisons

    def _comparison(self, node: nodes.Compare) -> Evaluate:
        if len(node.ops) != 1:
            raise _Unsupported
        name, other = node.ops[0].op, node.ops[0].expr
        left = self._compile_node(node.expr)
        if name in ("in", "notin"):
            return self._membership(left, other, name == "in")
        right = self._compile_node(other)
        if name in ("eq", "ne"):
            wanted = name == "eq"
            return lambda scope: (_scalar(left(scope)) == _scalar(right(scope))) is wanted
        order = _ORDER_OPERATORS[name]
        return lambda scope: order(*_orderable(left(scope), right(scope)))

    def _membership(self, left: Evaluate, other: nodes.Node, wanted: bool) -> Evaluate:
        if isinstance(other, (nodes.List, nodes.Tuple)):
            constants = [self._constant(item) for item in other.items if isinstance(item, nodes.Const)]
            if len(constants) < len(other.items):
                raise _Unsupported
            among = [constant({}) for constant in constants]
            return lambda scope: (_scalar(left(scope)) in among) is wanted
        right = self._compile_node(other)
        return lambda scope: _contains(_scalar(left(scope)), right(scope)) is wanted


def _is_look_up(node: nodes.Node) -> bool:
    """Whether it is a name with dots and brackets, which is undefined when any of it is missing."""
    while isinstance(node, (nodes.Getattr, nodes.Getitem)):
        node = node.node
    return isinstance(node, nodes.Name)


def _scalar(value: t.Any) -> t.Any:
    if not isinstance(value, _SCALARS):
        raise NeedsJinja
    return value


def _orderable(left: t.Any, right: t.Any) -> tuple[t.Any, t.Any]:
    """Two texts, or two numbers: nothing else has an order."""
    for kind in (str, (int, float)):
        if isinstance(left, kind) and isinstance(right, kind):
            return left, right
    raise NeedsJinja


def _contains(needle: t.Any, container: t.Any) -> bool:
    if isinstance(container, list) and all(isinstance(item, _SCALARS) for item in container):
        return needle in container
    if isinstance(container, dict) or (isinstance(container, str) and isinstance(needle, str)):
        return needle in container
    raise NeedsJinja


_NODE_COMPILERS: dict[type, t.Callable[[Compiler, t.Any], Evaluate]] = {
    nodes.Const: Compiler._constant,
    nodes.Neg: Compiler._negative,
    nodes.Name: Compiler._name,
    nodes.Getattr: Compiler._attribute,
    nodes.Getitem: Compiler._subscript,
    nodes.Filter: Compiler._filter,
    nodes.Test: Compiler._test,
    nodes.Not: Compiler._not,
    nodes.And: Compiler._and,
    nodes.Or: Compiler._or,
    nodes.CondExpr: Compiler._conditional,
    nodes.Compare: Compiler._comparison,
}
