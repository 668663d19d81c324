# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which name the host of a machine has: the first of several fields that says one, and says it alone."""

from __future__ import annotations

import typing as t

from ansible.constants import LOCALHOST

from .machine_fields import Field, Machine, as_text
from .reports import Reports

_MAX_SHOWN_UUIDS = 5


def name_hosts(machines: t.Sequence[Machine], fields: t.Sequence[Field], reports: Reports) -> list[Machine]:
    """The machines that have a name, by name; ``reports`` hear of those without one and of duplicates.

    Two machines that claim one name both lose it: a play must never reach one of them in the place of
    the other.  Each then has its next name, and its UUID when there is none.  Nor does one get the name of
    the controller, whose plays it would take.
    """
    nameless = []
    for machine in machines:
        machine.name = next(
            (name for name in (as_text(field.value_of(machine)) for field in fields) if name), ""
        )
        if not machine.name:
            nameless.append(machine)
    if nameless:
        what = ", ".join(field.name for field in fields)
        reports.warn(f"{_describe(nameless)} skipped: no value for hostnames ({what})")
        machines = [machine for machine in machines if machine.name]
    names = {machine.name for machine in machines}
    if len(names) < len(machines) or not names.isdisjoint(LOCALHOST):
        _resolve_duplicates(machines, fields, reports)
    return sorted(machines, key=lambda machine: machine.name)


def _resolve_duplicates(machines: t.Sequence[Machine], fields: t.Sequence[Field], reports: Reports) -> None:
    """Take the names that several machines have from all of them, until no name is left with two."""
    machines_by_name: dict[str, list[Machine]] = {}
    refused_names = set(LOCALHOST)
    unresolved = list(machines)
    while unresolved:
        for machine in unresolved:
            if machine.name in LOCALHOST:
                reports.warn_or_fail(
                    f"{_describe([machine])} cannot be called {machine.name}: that is the name of the "
                    "controller"
                )
            if machine.name in refused_names:
                machine.name = _next_name(machine, fields, refused_names)
            machines_by_name.setdefault(machine.name, []).append(machine)
        shared = [
            name for name, those in machines_by_name.items() if len(those) > 1 and name not in refused_names
        ]
        unresolved = []
        for name in shared:
            refused_names.add(name)
            unresolved += machines_by_name[name]
            those = _describe(machines_by_name.pop(name))
            reports.warn_or_fail(f"{those} have the same host name {name}, so none of them gets it")


def _next_name(machine: Machine, fields: t.Sequence[Field], refused_names: set[str]) -> str:
    uuid = str(machine.members.get("Uuid") or machine.name)
    names = (as_text(field.value_of(machine)) for field in fields)
    return next((name for name in names if name and name not in refused_names), uuid)


def _describe(machines: t.Sequence[Machine]) -> str:
    """The machines by their UUIDs, the first few of them."""
    uuids = [str(machine.members.get("Uuid")) for machine in machines]
    shown = ", ".join(uuids[:_MAX_SHOWN_UUIDS]) + (", ..." if len(uuids) > _MAX_SHOWN_UUIDS else "")
    return f"{len(uuids)} machine{'s' if len(uuids) > 1 else ''} ({shown})"
