# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of hosts and of profile groups: plain data, never templates, nothing secret in it."""

from __future__ import annotations

import dataclasses
import typing as t

from .machine_fields import Field, Machine, first_set, is_set
from .names import VariableNames
from .secrets import Patterns

Variables = dict[str, t.Any]
Tell = t.Callable[[str], None]

ADDRESS = "ansible_host"


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the value of a variable comes from."""

    fields: tuple[Field, ...]
    default: t.Any = None

    def value(self, machine: Machine) -> t.Any:
        found = first_set(self.fields, machine)
        return self.default if found is None else found


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the options want the variables to be."""

    machine_variable: str = "drp"
    params_variable: str = "drp_params"
    sources: t.Mapping[str, Source] = dataclasses.field(default_factory=dict)
    include: Patterns = dataclasses.field(default_factory=lambda: Patterns(()))
    exclude: Patterns = dataclasses.field(default_factory=lambda: Patterns(()))
    flatten_machine: bool = False
    flatten_params: bool = False
    prefix: str = ""
    raw_names: bool = False

    def shows(self, name: str) -> bool:
        """Whether a param is shown."""
        return (not self.include or self.include.match(name)) and not self.exclude.match(name)


class VariableMaker:
    """Makes the variables of all hosts and profile groups in one shape."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        taken = [shape.machine_variable, shape.params_variable, *shape.sources]
        self._names = VariableNames(shape.prefix, shape.raw_names, filter(None, taken))
        self._dropped: set[str] = set()
        """Names of params that are not shown, among those seen."""

    def learn(self, machines: t.Iterable[Machine], profiles: t.Iterable[t.Mapping[str, t.Any]]) -> None:
        """See all names there are, before the first variables are made."""
        shape = self._shape
        of_machines: set[str] = set()
        of_profiles: set[str] = set()
        for machine in machines:
            of_machines.update(machine.params)
        for profile in profiles:
            of_profiles.update(profile.get("Params") or ())
        self._dropped = {name for name in of_machines | of_profiles if not shape.shows(name)}
        if shape.flatten_machine:
            self._names.learn(name for machine in machines for name in machine.members)
        flattened = of_machines | of_profiles if shape.flatten_params else of_profiles
        self._names.learn(flattened - self._dropped)

    def tell_clashes(self, tell: Tell) -> None:
        for text in self._names.clashes:
            tell(f"flatten: {text}")

    def of_host(self, machine: Machine) -> Variables:
        shape = self._shape
        variables: Variables = {}
        if shape.flatten_machine:
            variables.update(self._names.variables(machine.members))
        params = self._shown(machine.params)
        if shape.flatten_params:
            variables.update(self._names.variables(params))
        if shape.machine_variable:
            variables[shape.machine_variable] = machine.members
        if shape.params_variable:
            variables[shape.params_variable] = params
        for name, source in shape.sources.items():
            value = source.value(machine)
            if is_set(value):
                variables[name] = value
        return variables

    def of_group(self, profile: t.Mapping[str, t.Any]) -> Variables:
        """The params of a profile, each a variable of its own."""
        return self._names.variables(self._shown(profile.get("Params") or {}))

    def _shown(self, params: Variables) -> Variables:
        dropped = self._dropped
        if dropped and not dropped.isdisjoint(params):
            return {name: value for name, value in params.items() if name not in dropped}
        return params
