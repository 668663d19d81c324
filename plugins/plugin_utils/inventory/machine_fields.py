# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of the inventory, and the one way in which options name a value of it."""

from __future__ import annotations

import typing as t

from ...module_utils.client import models

Members = dict[str, t.Any]
Params = dict[str, t.Any]

_META_PREFIX, _PARAMS_PREFIX = "Meta.", "Params."
_UNSET_VALUES: tuple[t.Any, ...] = (None, "", [], {})
_MACHINE_MEMBERS = models.get("machines").fields.keys() - {"Params", *models.get("machines").hidden}


class Machine:
    """What the server sent of one machine, or of what is like one, and the name of its host."""

    __slots__ = ("kind", "members", "name", "params")

    def __init__(self, members: Members, params: Params, name: str = "", kind: str = "machines") -> None:
        self.kind = kind
        self.members = members
        """Without its Params."""
        self.params = params
        """Its own, or with those of its profiles and of its stage, as the options want."""
        self.name = name


class Field:
    """A value of a machine, named as in the filters of the server.

    That is a member such as ``Address``, ``Meta.<key>``, or else a param, which may be written as
    ``Params.<name>``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._meta_key = name[len(_META_PREFIX) :] if name.startswith(_META_PREFIX) else ""
        self.param_name = name[len(_PARAMS_PREFIX) :] if name.startswith(_PARAMS_PREFIX) else name
        """Its name, if it is a param."""

    @property
    def is_param(self) -> bool:
        """Whether it is a param on every server that we know."""
        return not self._meta_key and self.name not in _MACHINE_MEMBERS

    def read(self, members: Members, params: Params) -> t.Any:
        """The value; None when the machine has none."""
        if self._meta_key:
            return (members.get("Meta") or {}).get(self._meta_key)
        if self.name in members:
            return members[self.name]
        return params.get(self.param_name)

    def value_of(self, machine: Machine) -> t.Any:
        return self.read(machine.members, machine.params)

    def values_of(self, machines: t.Iterable[Machine]) -> list[t.Any]:
        """The values of all machines, in their order."""
        if self.name in _MACHINE_MEMBERS:
            return [machine.members.get(self.name) for machine in machines]
        return [self.read(machine.members, machine.params) for machine in machines]


def is_set(value: t.Any) -> bool:
    """Whether it says anything: 0 and false do, empty texts and lists do not."""
    return bool(value) or value not in _UNSET_VALUES


def as_text(value: t.Any) -> str:
    """A value as it stands in the name of a host or a group; "" for what has no short text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return as_text(value[0]) if value else ""
    return str(value) if isinstance(value, (str, int, float)) else ""
