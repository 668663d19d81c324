# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts hosts and groups into Ansible's inventory, the short way where nothing else has touched them.

Ansible's own methods look at every variable of every host in depth, and at every group above a group for
every host in it; for ten thousand hosts that takes longer than all the rest.  A host or group that this
inventory has just made can be written to directly.  What another source made before goes through those
methods, so that it is merged as Ansible merges it.
"""

from __future__ import annotations

import contextlib
import gc
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.host import Host
from ansible.utils.path import basedir

from ..compat import as_data

Variables = dict[str, t.Any]


class InventoryWriter:
    """Writes to one inventory."""

    def __init__(self, inventory: t.Any) -> None:
        self._inventory = inventory
        # what is handed to a plugin is a proxy, which makes each look at these expensive
        self._hosts, self._groups = inventory.hosts, inventory.groups
        source = inventory.current_source
        self._source_variables = {
            "inventory_file": source,
            "inventory_dir": basedir(source) if source else None,
        }
        self._direct_members: dict[str, set[str]] = {}
        """Groups that are new and have no parent yet, with the names of their hosts."""
        self._linked: set[tuple[str, str]] = set()

    def add_host(self, name: str, variables: Variables) -> tuple[t.Any, bool]:
        """The host with these variables, and whether it is new.  No text among them becomes a template."""
        hosts = self._hosts
        name, variables = as_data(name), as_data(variables)
        if name in hosts or name in constants.LOCALHOST:
            self._inventory.add_host(name)
            host = hosts[name]
            for variable, value in variables.items():
                host.set_variable(variable, value)
            return host, False
        host = hosts[name] = Host(name)
        host.vars = {**self._source_variables, **variables}
        return host, True

    def add_group(self, name: str) -> str:
        """Make the group unless it is there; its name as Ansible has it."""
        if name in self._groups:
            return name
        made: str = self._inventory.add_group(as_data(name))
        self._direct_members.setdefault(made, set())
        return made

    def add_hosts(self, name: str, hosts: t.Iterable[t.Any]) -> None:
        """Put hosts into a group that is there."""
        group = self._groups[name]
        members = self._direct_members.get(name)
        if members is None:
            for host in hosts:
                group.add_host(host)
            return
        for host in hosts:
            if host.name not in members:
                members.add(host.name)
                group.hosts.append(host)
                host.groups.append(group)

    def add_child(self, parent: str, child: str) -> bool:
        """Make a group the child of another; False when that would be a circle."""
        if (parent, child) in self._linked:
            return True
        if parent == child or child == "all":
            return False
        # from here on Ansible keeps track of what is above and below
        self._stop_direct_writes(parent)
        self._stop_direct_writes(child)
        try:
            self._inventory.add_child(parent, child)
        except AnsibleError:
            return False
        self._linked.add((parent, child))
        return True

    def set_group_variables(self, name: str, variables: Variables) -> None:
        group, variables = self._groups[name], as_data(variables)
        if group.vars:
            for variable, value in variables.items():
                group.set_variable(variable, value)
        else:
            group.vars = dict(variables)

    def _stop_direct_writes(self, name: str) -> None:
        if self._direct_members.pop(name, None) is not None:
            self._groups[name].clear_hosts_cache()


@contextlib.contextmanager
def gc_paused() -> t.Iterator[None]:
    """Keep the garbage collector from all that is made meanwhile: it would look at it again and again.

    What there is afterwards is an inventory, which stays.  The next use, when one is refreshed, collects what
    the one before has left.
    """
    if not gc.isenabled():
        yield
        return
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
