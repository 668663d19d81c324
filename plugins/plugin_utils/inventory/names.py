# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names for variables and groups: valid ones, and the messages when two of them coincide."""

from __future__ import annotations

import keyword
import re
import typing as t

from ansible import constants
from ansible.vars.reserved import get_reserved_names

from .connection_variables import is_read

OnMessage = t.Callable[[str], None]

_INVALID_CHARACTER = re.compile(r"[^A-Za-z0-9_]")
_KEYWORDS = {*keyword.kwlist, "true", "false", "none"}
_ANSIBLE_PREFIX = "ansible_"


def identifier(text: str) -> str:
    """A valid name of a variable that is as near to ``text`` as can be."""
    name = _INVALID_CHARACTER.sub("_", text)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if name in _KEYWORDS else name


def is_identifier(text: str) -> bool:
    return identifier(text) == text


def group_name(name: str) -> str:
    """The name, or another one where it is that of the controller: a play on it must not reach a group."""
    return f"{name}_" if name in constants.LOCALHOST else name


class GroupNames:
    """Names that no host may have: of groups that are there, and of those that may be there tomorrow.

    A play on ``stage_install`` means a group even while no machine is in it.  Only prefixes that end with
    ``_`` tell a group: names of machines begin with the others as well.
    """

    def __init__(self, names: t.Iterable[str], prefixes: t.Iterable[str]) -> None:
        self._names = set(names)
        self._prefixes = tuple({prefix for prefix in prefixes if prefix.endswith("_")})

    def __contains__(self, name: object) -> bool:
        return name in self._names or str(name).startswith(self._prefixes)


class VariableNames:
    """Which variable each member or param becomes, decided once for the whole inventory.

    A name that Ansible uses is never set: what a machine may write must not decide how Ansible
    connects.  Of several that become one variable the first in order has it, on every host.
    """

    def __init__(self, prefix: str, raw: bool, taken: t.Iterable[str]) -> None:
        self._prefix = prefix
        self._raw = raw
        self._taken = dict.fromkeys(taken, "")
        self._reserved = {*constants.INTERNAL_STATIC_VARS, *get_reserved_names()}
        self._names: dict[str, str] = {}
        self.conflicts: list[str] = []
        """Messages, one for each name that did not become a variable."""

    def assign(self, names: t.Iterable[str]) -> None:
        """Decide about all ``names``; those that come later stand behind those that are known."""
        for name in sorted(set(names) - self._names.keys()):
            variable = self._prefix + name if self._raw else identifier(self._prefix + name)
            owner = self._taken.get(variable)
            self._names[name] = ""
            if variable in self._reserved or variable.startswith(_ANSIBLE_PREFIX):
                self.conflicts.append(f"{name} does not become a variable: {variable} is reserved by Ansible")
            elif is_read(variable):
                self.conflicts.append(
                    f"{name} does not become a variable: {variable} is read by this collection"
                )
            elif owner is None:
                self._taken[variable] = name
                self._names[name] = variable
            elif owner:
                self.conflicts.append(
                    f"{name} does not become a variable: {variable} is already set from {owner}"
                )
            else:
                self.conflicts.append(
                    f"{name} does not become a variable: this inventory already sets {variable}"
                )

    def variables(self, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The values under the names of their variables; all their names must have been learnt."""
        names = self._names
        return {names[name]: value for name, value in values.items() if names[name]}
