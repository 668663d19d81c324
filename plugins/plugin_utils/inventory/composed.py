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
import jinja2.meta

from .connection_variables import ALLOWED_NAMES, fault, is_connection_variable

_ENVIRONMENT = jinja2.Environment(autoescape=False)  # only parses
_WHOLE_SCOPE = frozenset({"vars", "hostvars"})
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
            constants = (node.value for node in parsed.find_all(jinja2.nodes.Const))
            self._own_texts = {value for value in constants if isinstance(value, str)}
            self._names = {
                name for name in jinja2.meta.find_undeclared_variables(parsed) if name not in trusted
            }

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
