# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an expression of ``compose`` may make of a variable that Ansible itself reads.

Whoever wrote the expression is trusted, the machine whose values it looks at is not: so it may choose between
texts that stand in it, and hand on what :mod:`.connection_variables` allows.
"""

from __future__ import annotations

import typing as t

import jinja2
from jinja2 import nodes

from .connection_variables import ALLOWED_NAMES, fault, is_connection_variable

_ENVIRONMENT = jinja2.Environment(autoescape=False)  # only parses
_WHOLE_SCOPE = frozenset({"vars", "hostvars"})
_LOOKUPS = frozenset({"lookup", "query", "q"})
_LOOKUPS_OF_VARIABLES = frozenset({"vars", "varnames", "template", "drp_param", "drp_object"})
"""They find what a machine can write without naming a variable: in the scope, or on the server."""
_HARMLESS = (bool, int, float, type(None))


class ConnectionGuard:
    """Looks at the values of one entry of ``compose``."""

    def __init__(self, variable: str, expression: t.Any, trusted: t.Container[str]) -> None:
        """``trusted`` are variables that no machine writes."""
        self._variable = variable
        self._own_texts: set[str] = set()
        self._names: set[str] = set()
        self.is_needed = is_connection_variable(variable) and isinstance(expression, str)
        if self.is_needed:
            try:
                parsed = _ENVIRONMENT.parse(f"{{{{{expression}}}}}")
            except jinja2.TemplateError:
                self._names = set(_WHOLE_SCOPE)
                return
            constants = (node.value for node in parsed.find_all(nodes.Const))
            self._own_texts = {value for value in constants if isinstance(value, str)}
            # jinja2.meta refuses the filters and tests that only Ansible has
            names = (node.name for node in parsed.find_all(nodes.Name))
            self._names = {name for name in names if name not in trusted}
            if any(map(_may_look_up_variables, parsed.find_all(nodes.Call))):
                self._names |= _WHOLE_SCOPE

    def fault(self, value: t.Any, host_variables: t.Container[str]) -> str:
        """Why the value must not become the variable; "" when it may."""
        if not self.is_needed or not any(
            name in host_variables or name in _WHOLE_SCOPE for name in self._names
        ):
            return ""
        if isinstance(value, str) and value in self._own_texts:
            return ""
        if self._variable not in ALLOWED_NAMES and isinstance(value, _HARMLESS):
            return ""
        return fault(self._variable, value)


def _may_look_up_variables(call: nodes.Call) -> bool:
    """Whether it is a lookup that finds variables without their names in the expression."""
    if not isinstance(call.node, nodes.Name) or call.node.name not in _LOOKUPS:
        return False
    plugin = call.args[0] if call.args else None
    if not isinstance(plugin, nodes.Const):
        return True
    return str(plugin.value).rpartition(".")[2] in _LOOKUPS_OF_VARIABLES
