# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory has to say to its user, and how loud."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleParserError

from ...module_utils.client.masking import visible
from .addresses import is_host_label
from .machine_fields import Machine

_MAX_SHOWN = 5


class Reports:
    """Says each thing once.  ``display`` is Ansible's, ``source`` the file that the texts are about."""

    def __init__(self, display: t.Any, source: str, strict: bool) -> None:
        self._display = display
        self._source = source
        self._strict = strict

    def verbose(self, text: str) -> None:
        """For those who ask with ``-v``."""
        self._display.v(f"{self._source}: {visible(text)}")

    def warn(self, text: str) -> None:
        self._display.warning(f"{self._source}: {visible(text)}")

    def warn_or_fail(self, text: str) -> None:
        """Something is not as the options want it: a warning, with ``strict`` the end."""
        if self._strict:
            raise AnsibleParserError(visible(text))
        self.warn(text)


class Refusals:
    """Values of machines that were not taken: told in one warning for each reason, whatever their number."""

    def __init__(self) -> None:
        self._machines: dict[str, dict[int, Machine]] = {}

    def add(self, machine: Machine, reason: str) -> None:
        """``reason`` names the field, and not the value: it may hold anything."""
        self._machines.setdefault(reason, {})[id(machine)] = machine

    def tell(self, reports: Reports) -> None:
        """Warn, and never fail: no machine may keep the others from their hosts."""
        for reason, machines in self._machines.items():
            reports.warn(f"{describe(list(machines.values()), _label)}: {reason}")


def describe(machines: t.Sequence[Machine], label: t.Callable[[Machine], str] | None = None) -> str:
    """The first few of the machines by their UUIDs, or by what ``label`` says."""
    shown = [(label or _uuid)(machine) for machine in machines[:_MAX_SHOWN]]
    more = ", ..." if len(machines) > _MAX_SHOWN else ""
    return f"{len(machines)} machine{'s' if len(machines) > 1 else ''} ({', '.join(shown)}{more})"


def _uuid(machine: Machine) -> str:
    return str(machine.members.get("Uuid"))


def _label(machine: Machine) -> str:
    """With its name, where that is fit to be shown."""
    name = machine.members.get("Name")
    return f"{_uuid(machine)} {name}" if is_host_label(name) else _uuid(machine)
