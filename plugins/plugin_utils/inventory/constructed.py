# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Constructed variables and groups with Ansible's rules, evaluated without Jinja where that is possible."""

from __future__ import annotations

import typing as t

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.vars.reserved import get_reserved_names

from .. import compat
from .composed import ConnectionGuard
from .expressions import Compiler, Evaluate, NeedsJinja, Undefined
from .fill import InventoryWriter
from .machine_fields import Machine
from .names import group_name, is_identifier
from .reports import Refusals

EvaluateWithJinja = t.Callable[[t.Any, t.Any], t.Any]
"""Has Jinja evaluate a text for a host."""

_EMPTY_VALUES = (None, "")


class SkipHost(Exception):
    """The expression cannot be evaluated for this host, and ``strict`` is off."""


class Expression:
    """One expression of the options, with the function that stands in for Jinja where it can."""

    def __init__(self, text: t.Any, compiled: Evaluate | None) -> None:
        self.text = text
        self._compiled = compiled

    def evaluate(
        self, host: t.Any, without_templates: bool, strict: bool, evaluate_with_jinja: EvaluateWithJinja
    ) -> t.Any:
        """The value for ``host``.  ``without_templates`` says that no variable of it can be a template.

        Raises SkipHost, or with ``strict`` the error of Jinja.
        """
        if without_templates and self._compiled is not None:
            try:
                return self._compiled(host.vars)
            except Undefined:
                if not strict:
                    raise SkipHost from None
            except NeedsJinja:
                pass
        try:
            return evaluate_with_jinja(self.text, host)
        except Exception:
            if strict:
                raise
            raise SkipHost from None


class KeyedGroup:
    """One entry of ``keyed_groups``."""

    def __init__(self, entry: t.Any, compiler: Compiler) -> None:
        if not entry or not isinstance(entry, dict):
            raise AnsibleParserError(f"Invalid keyed group entry, it must be a dictionary: {entry} ")
        self.key = Expression(entry.get("key"), compiler.compile(entry.get("key")))
        self.default = entry.get("default_value")
        self.trailing_separator = entry.get("trailing_separator")
        self.prefix = entry.get("prefix", "")
        self.separator = entry.get("separator", "_")
        self.parent = entry.get("parent_group")
        if self.trailing_separator is not None and self.default is not None:
            raise AnsibleParserError(
                "parameters are mutually exclusive for keyed groups: default_value|trailing_separator"
            )

    def name_prefix(self, leading_separator: t.Any) -> str:
        """What the names of its groups begin with."""
        return f"{self.prefix}{'' if self.prefix == '' and leading_separator is False else self.separator}"

    def makes_groups(self, value: t.Any) -> bool:
        return bool(value) or self._uses_default(value)

    def group_names(self, value: t.Any) -> list[t.Any]:
        """The names, without prefix, of the groups for a value that names something."""
        if self._uses_default(value):
            return [self.default]
        if isinstance(value, str):
            return [value]
        if isinstance(value, list):
            return [self.default if self._uses_default(one) else one for one in value]
        if isinstance(value, dict):
            return [self._pair_name(name, one) for name, one in value.items()]
        raise AnsibleParserError(
            "Invalid group name format, expected a string or a list of them or dictionary, "
            f"got: {type(value)}"
        )

    def _uses_default(self, value: t.Any) -> bool:
        return value in _EMPTY_VALUES and self.default is not None

    def _pair_name(self, name: t.Any, value: t.Any) -> t.Any:
        if self._uses_default(value):
            value = self.default
        elif value in _EMPTY_VALUES and self.trailing_separator is False:
            return name
        return f"{name}{self.separator}{value}"


class Constructor:
    """Applies ``compose``, ``groups`` and ``keyed_groups`` to hosts, one after the other.

    ``plugin`` is Ansible's Constructable, which holds the options and evaluates what Jinja has to.
    """

    def __init__(self, plugin: t.Any, writer: InventoryWriter, refusals: Refusals | None = None) -> None:
        option = plugin.get_option
        self._plugin = plugin
        self._writer = writer
        self._refusals = refusals or Refusals()
        self._strict = bool(option("strict"))
        self._has_extra_vars = bool(option("use_extra_vars") and plugin._vars)
        self._leading_separator = option("leading_separator")
        composed = option("compose") or {}
        reserved = {*get_reserved_names(), *constants.INTERNAL_STATIC_VARS}
        compiler = Compiler(reserved)
        self._compose = {
            str(name): Expression(text, compiler.compile(text)) for name, text in composed.items()
        }
        extra_vars = plugin._vars if self._has_extra_vars else {}
        self._guards = {
            str(name): ConnectionGuard(str(name), text, extra_vars) for name, text in composed.items()
        }
        self._valid_names = set(filter(is_identifier, self._compose))
        # what an expression has made may hold a template
        compiler = Compiler(reserved, possible_templates=self._compose)
        self._groups = [
            (plugin._sanitize_group_name(name), Expression(text, compiler.compile(text)))
            for name, text in (option("groups") or {}).items()
        ]
        self._keyed_groups = [KeyedGroup(entry, compiler) for entry in option("keyed_groups") or []]
        self._sanitized_names: dict[str, str] = {}

    @property
    def group_names(self) -> list[str]:
        """The groups that are there whatever the machines say, if one of them is in it."""
        return [name for name, _expression in self._groups]

    @property
    def group_prefixes(self) -> list[str]:
        """What the names of keyed groups begin with."""
        return [self._group_name(keyed.name_prefix(self._leading_separator)) for keyed in self._keyed_groups]

    def apply(self, host: t.Any, fresh: bool, machine: Machine | None = None) -> None:
        """Give the host its variables and groups.  ``fresh``: all its variables are from this inventory.

        AnsibleError, with ``strict``, for what cannot be evaluated.
        """
        without_templates = fresh and not self._has_extra_vars
        machine = machine or Machine({"Name": host.name}, {})
        self._set_variables(host, without_templates, machine)
        self._add_to_groups(host, without_templates)
        for keyed in self._keyed_groups:
            self._add_to_keyed_groups(host, keyed, without_templates, machine)

    def _set_variables(self, host: t.Any, without_templates: bool, machine: Machine) -> None:
        made = {}
        for name, expression in self._compose.items():
            try:
                made[name] = expression.evaluate(host, without_templates, self._strict, self._evaluate_value)
            except SkipHost:
                continue
            except Exception as error:
                raise AnsibleError(f"Could not set {name} for host {host.name}: {error}") from error
            guard = self._guards[name]
            why = guard.fault(made[name], host.get_vars()) if guard.is_needed else ""
            if why:
                del made[name]
                self._refusals.add(machine, f"compose does not make {name} of its values: {why}")
        for name, value in made.items():
            if name in self._valid_names and name not in host.vars:
                host.vars[name] = value
            else:  # Ansible may have to merge it, or to complain of its name
                host.set_variable(name, value)

    def _add_to_groups(self, host: t.Any, without_templates: bool) -> None:
        for name, expression in self._groups:
            try:
                result = expression.evaluate(host, without_templates, self._strict, self._evaluate_condition)
                if not isinstance(result, bool):  # Jinja says what is wrong with that
                    result = expression.evaluate(host, False, self._strict, self._evaluate_condition)
            except SkipHost:
                continue
            except Exception as error:
                text = f"Could not add host {host.name} to group {name}: {error}"
                raise AnsibleParserError(text) from error
            if result:
                self._writer.add_hosts(self._writer.add_group(name), [host])

    def _add_to_keyed_groups(
        self, host: t.Any, keyed: KeyedGroup, without_templates: bool, machine: Machine
    ) -> None:
        try:
            value = keyed.key.evaluate(host, without_templates, self._strict, self._evaluate_value)
        except SkipHost:
            return
        except Exception as error:
            text = f"Could not generate group for host {host.name} from {keyed.key.text} entry: {error}"
            raise AnsibleParserError(text) from error
        if keyed.makes_groups(value):
            try:
                parent = self._parent_group(keyed, host, value)
            except SkipHost:
                return
            try:
                for name in keyed.group_names(value):
                    self._add_to_keyed_group(host, keyed, name, parent)
            except AnsibleError as error:
                if self._strict:
                    raise
                # a value of one machine must not keep the others from their hosts
                reason = str(error).partition(":")[0]
                self._refusals.add(machine, f"keyed_groups: {keyed.key.text}: {reason}")
        elif self._strict and value not in ([], {}):
            raise AnsibleParserError(
                f"No key or key resulted empty for {keyed.key.text} in host {host.name}, invalid entry"
            )

    def _evaluate_value(self, text: t.Any, host: t.Any) -> t.Any:
        return compat.evaluate_expression(self._plugin, text, host.get_vars())

    def _evaluate_condition(self, text: t.Any, host: t.Any) -> t.Any:
        self._plugin.templar.available_variables = host.get_vars()
        return compat.evaluate_conditional(self._plugin.templar, text)

    def _add_to_keyed_group(self, host: t.Any, keyed: KeyedGroup, name: t.Any, parent: str | None) -> None:
        group = self._writer.add_group(
            self._group_name(f"{keyed.name_prefix(self._leading_separator)}{name}")
        )
        self._writer.add_hosts(group, [host])
        if parent:
            parent = self._writer.add_group(self._group_name(parent))
            if not self._writer.add_child(parent, group):
                raise AnsibleParserError(f"the groups would form a loop: {parent} is to be above {group}")

    def _parent_group(self, keyed: KeyedGroup, host: t.Any, value: t.Any) -> str | None:
        if not isinstance(keyed.parent, str) or "{" not in keyed.parent:
            return keyed.parent
        self._plugin.templar.available_variables = host.get_vars()
        try:
            return compat.template_text(self._plugin.templar, keyed.parent)
        except compat.ValueOmittedError:
            return None
        except Exception as error:
            if self._strict:
                raise AnsibleParserError(
                    f"Could not generate parent group {keyed.parent!r} for group {value!r}: {error}"
                ) from error
            raise SkipHost from None

    def _group_name(self, name: str) -> str:
        safe = self._sanitized_names.get(name)
        if safe is None:
            safe = self._sanitized_names[name] = group_name(self._plugin._sanitize_group_name(name))
        return safe
