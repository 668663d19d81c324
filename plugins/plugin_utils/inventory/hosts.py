# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which name the host of a machine has: the first of several fields that says one, and says it alone."""

from __future__ import annotations

import typing as t

from ansible.constants import LOCALHOST

from .addresses import has_this_host, is_host_label, is_this_host
from .machine_fields import Field, Machine, as_text
from .reports import Refusals, Reports, describe

GROUP_NAME_ADVICE = "give the groups a prefix (group_prefix), or the hosts other names (hostnames)"


def name_hosts(
    machines: t.Sequence[Machine],
    fields: t.Sequence[Field],
    reports: Reports,
    refusals: Refusals | None = None,
    groups: t.Container[str] = (),
) -> list[Machine]:
    """The machines that have a name, by name; ``reports`` hear of those without one and of duplicates.

    Two machines that claim one name both lose it: a play must never reach one of them in the place of
    the other.  Each then has its next name, and its UUID when there is none.  Nor does one get the name of
    the controller or of one of the ``groups``, whose plays it would take.
    """
    return _Naming(fields, reports, refusals or Refusals(), groups).run(machines)


class _Naming:
    def __init__(
        self, fields: t.Sequence[Field], reports: Reports, refusals: Refusals, groups: t.Container[str]
    ) -> None:
        self._fields = fields
        self._reports = reports
        self._refusals = refusals
        self._groups = groups
        self._refused_names: set[str] = set()
        self._told: set[str] = set()

    def run(self, machines: t.Sequence[Machine]) -> list[Machine]:
        nameless = []
        first_values = self._fields[0].values_of(machines) if self._fields else [None] * len(machines)
        for machine, value in zip(machines, first_values):
            if is_host_label(value):
                machine.name = value
                continue
            candidates = self._candidates(machine)
            machine.name = candidates[0] if candidates else ""
            if not machine.name:
                nameless.append(machine)
        if nameless:
            what = ", ".join(field.name for field in self._fields)
            self._reports.warn(f"{describe(nameless)} skipped: no value for hostnames ({what})")
            machines = [machine for machine in machines if machine.name]
        names = {machine.name for machine in machines}
        if len(names) < len(machines) or self._has_owner(names):
            self._resolve(machines)
        return sorted(machines, key=lambda machine: machine.name)

    def _candidates(self, machine: Machine) -> list[str]:
        """The names that it may have, in order, the UUID last; none for one that has no value at all."""
        names = []
        has_value = False
        for field in self._fields:
            name = as_text(field.value_of(machine))
            has_value = has_value or bool(name)
            if is_host_label(name):
                names.append(name)
            elif name:
                self._refusals.add(
                    machine, f"{field.name} does not name its host: it is not fit for a host name"
                )
        return [*names, str(machine.members.get("Uuid") or names[0])] if has_value else []

    def _has_owner(self, names: set[str]) -> bool:
        """Whether somebody else is called like one of them."""
        return (
            not names.isdisjoint(LOCALHOST)
            or has_this_host(names)
            or any(map(self._groups.__contains__, names))
        )

    def _owner_of(self, name: str) -> str:
        """Who else is called so; "" for nobody."""
        if name in LOCALHOST or is_this_host(name):
            return "the name of the controller"
        return f"the name of a group; {GROUP_NAME_ADVICE}" if name in self._groups else ""

    def _resolve(self, machines: t.Sequence[Machine]) -> None:
        """Take the names that are not theirs from all machines, until no name is left with two."""
        machines_by_name: dict[str, list[Machine]] = {}
        unresolved = list(machines)
        while unresolved:
            for machine in unresolved:
                self._take_next_name(machine)
                machines_by_name.setdefault(machine.name, []).append(machine)
            shared = [
                name
                for name, those in machines_by_name.items()
                if len(those) > 1 and name not in self._refused_names
            ]
            unresolved = []
            for name in shared:
                self._refused_names.add(name)
                unresolved += machines_by_name[name]
                those = describe(machines_by_name.pop(name))
                self._reports.warn_or_fail(f"{those} have the same host name {name}, so none of them gets it")

    def _take_next_name(self, machine: Machine) -> None:
        """Keep the name, or take the next one that is neither refused nor somebody else's."""
        candidates = self._candidates(machine)
        for name in candidates:
            owner = self._owner_of(name)
            if owner:
                self._tell_owner(machine, name, owner)
            elif name not in self._refused_names:
                machine.name = name
                return
        machine.name = candidates[-1]

    def _tell_owner(self, machine: Machine, name: str, owner: str) -> None:
        text = f"{describe([machine])} cannot be called {name}: that is {owner}"
        if text not in self._told:
            self._told.add(text)
            self._reports.warn_or_fail(text)
