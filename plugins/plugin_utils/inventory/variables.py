# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of hosts and of profile groups: plain data, never templates, nothing secret in it."""

from __future__ import annotations

import dataclasses
import typing as t

from .connection_variables import fault
from .machine_fields import Field, Machine, is_set
from .names import VariableNames
from .reports import Refusals
from .secrets import Patterns

Variables = dict[str, t.Any]
OnMessage = t.Callable[[str], None]

ADDRESS_VARIABLE = "ansible_host"


@dataclasses.dataclass(frozen=True)
class VariableSource:
    """Where the value of a variable comes from."""

    fields: tuple[Field, ...]
    default: t.Any = None

    def value(self, variable: str, machine: Machine, refusals: Refusals) -> t.Any:
        """The value for ``variable``: of the first field that has one, and one that may be taken."""
        for field in self.fields:
            found = field.value_of(machine)
            if is_set(found):
                why = fault(variable, found)
                if not why:
                    return found
                refusals.add(machine, f"{field.name} does not become {variable}: {why}")
        return self.default


@dataclasses.dataclass(frozen=True)
class VariableOptions:
    """What the options want the variables to be."""

    machine_variable: str = "drp"
    params_variable: str = "drp_params"
    sources: t.Mapping[str, VariableSource] = dataclasses.field(default_factory=dict)
    include: Patterns = dataclasses.field(default_factory=lambda: Patterns(()))
    exclude: Patterns = dataclasses.field(default_factory=lambda: Patterns(()))
    flatten_machine: bool = False
    flatten_params: bool = False
    prefix: str = ""
    raw_names: bool = False

    def includes(self, name: str) -> bool:
        """Whether a param is shown."""
        return (not self.include or self.include.match(name)) and not self.exclude.match(name)


class VariableMaker:
    """Makes the variables of all hosts and profile groups in one shape."""

    def __init__(self, variable_options: VariableOptions, refusals: Refusals) -> None:
        self._variable_options = variable_options
        self._refusals = refusals
        taken = [
            variable_options.machine_variable,
            variable_options.params_variable,
            *variable_options.sources,
        ]
        self._names = VariableNames(variable_options.prefix, variable_options.raw_names, filter(None, taken))
        self._hidden_params: set[str] = set()
        """Names of params that are not shown, among those seen."""

    def collect_names(
        self, machines: t.Iterable[Machine], profiles: t.Iterable[t.Mapping[str, t.Any]]
    ) -> None:
        """See all names there are, before the first variables are made."""
        variable_options = self._variable_options
        of_machines: set[str] = set()
        of_profiles: set[str] = set()
        for machine in machines:
            of_machines.update(machine.params)
        for profile in profiles:
            of_profiles.update(profile.get("Params") or ())
        self._hidden_params = {
            name for name in of_machines | of_profiles if not variable_options.includes(name)
        }
        if variable_options.flatten_machine:
            self._names.assign(name for machine in machines for name in machine.members)
        flattened = of_machines | of_profiles if variable_options.flatten_params else of_profiles
        self._names.assign(flattened - self._hidden_params)

    def report_conflicts(self, on_message: OnMessage) -> None:
        for text in self._names.conflicts:
            on_message(f"flatten: {text}")

    def of_host(self, machine: Machine) -> Variables:
        variable_options = self._variable_options
        variables: Variables = {}
        if variable_options.flatten_machine:
            variables.update(self._names.variables(machine.members))
        params = self._visible_params(machine.params)
        if variable_options.flatten_params:
            variables.update(self._names.variables(params))
        if variable_options.machine_variable:
            variables[variable_options.machine_variable] = machine.members
        if variable_options.params_variable:
            variables[variable_options.params_variable] = params
        for name, source in variable_options.sources.items():
            value = source.value(name, machine, self._refusals)
            if is_set(value):
                variables[name] = value
        return variables

    def of_group(self, profile: t.Mapping[str, t.Any]) -> Variables:
        """The params of a profile, each a variable of its own."""
        return self._names.variables(self._visible_params(profile.get("Params") or {}))

    def _visible_params(self, params: Variables) -> Variables:
        dropped = self._hidden_params
        if dropped and not dropped.isdisjoint(params):
            return {name: value for name, value in params.items() if name not in dropped}
        return params
