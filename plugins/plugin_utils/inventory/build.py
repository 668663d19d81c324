# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the server's answer to hosts and groups: the same steps for an answer from the cache and a new one."""

from __future__ import annotations

import typing as t

from .fill import InventoryWriter
from .groups import HOST_KINDS, Groups, group_machines, owners_in
from .hosts import GROUP_NAME_ADVICE, name_hosts
from .machine_fields import Machine
from .names import GroupNames
from .options import Options
from .params import Aggregator
from .reports import Refusals, Reports, describe
from .variables import VariableMaker

if t.TYPE_CHECKING:
    from .constructed import Constructor

ObjectsByKind = dict[str, list[dict[str, t.Any]]]

_CONSTRUCTED_OPTIONS = ("compose", "groups", "keyed_groups")


def build(answer: ObjectsByKind, options: Options, plugin: t.Any, reports: Reports) -> None:
    """Fill the inventory of ``plugin`` from ``answer``, whose objects become part of it.

    AnsibleError for what the option ``strict`` does not allow.
    """
    writer = InventoryWriter(plugin.inventory)
    profiles = answer.get("profiles", [])
    refusals = Refusals()
    constructor = _constructor(plugin, writer, refusals)
    machines, groups = _named(answer, options, plugin, reports, refusals, constructor)
    variable_maker = VariableMaker(options.variable_options, refusals)
    variable_maker.collect_names(machines, profiles if options.profile_variables else ())
    variable_maker.report_conflicts(reports.warn_or_fail)
    hosts = [
        (machine, *writer.add_host(machine.name, variable_maker.of_host(machine))) for machine in machines
    ]
    by_name = {host.name: host for _machine, host, _fresh in hosts}
    _add_groups(groups, by_name, writer, reports)
    if options.profile_variables:
        for profile in profiles:
            group = groups.by_profile.get(profile["Name"])
            if group:
                writer.set_group_variables(writer.add_group(group), variable_maker.of_group(profile))
    if constructor is not None:
        for machine, host, fresh in hosts:
            constructor.apply(host, fresh, machine)
    refusals.tell(reports)
    _remove_hosts_like_groups(hosts, plugin.inventory, reports)


def _constructor(plugin: t.Any, writer: InventoryWriter, refusals: Refusals) -> Constructor | None:
    """None when there is nothing for it to do: then its code is not loaded."""
    if not any(map(plugin.get_option, _CONSTRUCTED_OPTIONS)):
        return None
    from .constructed import Constructor

    return Constructor(plugin, writer, refusals)


def _named(
    answer: ObjectsByKind,
    options: Options,
    plugin: t.Any,
    reports: Reports,
    refusals: Refusals,
    constructor: Constructor | None,
) -> tuple[list[Machine], Groups]:
    """The machines with the names of their hosts, none of them that of a group, and the groups."""
    there = {"all", "ungrouped", *plugin.inventory.groups}
    prefixes = options.grouping.all_prefixes
    if constructor is not None:
        there.update(constructor.group_names)
        prefixes += constructor.group_prefixes
    machines = _machines(answer, options.aggregated)

    def grouped(taken: t.Iterable[str]) -> tuple[list[Machine], Groups]:
        named = name_hosts(machines, options.hostnames, reports, refusals, GroupNames(taken, prefixes))
        sanitize = plugin._sanitize_group_name
        made = (answer.get("profiles", []), answer.get("tenants", []), options.grouping, sanitize)
        return named, group_machines(named, *made, owners_in(answer))

    named, groups = grouped(there)
    if any(machine.name in groups.members for machine in named):
        return grouped(there | groups.members.keys())
    return named, groups


def _machines(answer: ObjectsByKind, aggregated: bool) -> list[Machine]:
    if aggregated:
        params_of = Aggregator(answer.get("profiles", ()), answer.get("stages", ())).params_of
    else:
        params_of = _own_params
    made = []
    for kind in [kind for kind in HOST_KINDS if kind in answer]:
        params = [params_of(item) for item in answer[kind]]
        for item in answer[kind]:
            del item["Params"]
        made += [Machine(item, values, kind=kind) for item, values in zip(answer[kind], params)]
    return made


def _own_params(item: dict[str, t.Any]) -> dict[str, t.Any]:
    params: dict[str, t.Any] = item["Params"]
    return params


def _add_groups(
    groups: Groups, hosts: t.Mapping[str, t.Any], writer: InventoryWriter, reports: Reports
) -> None:
    names = {}
    for name, members in groups.members.items():
        names[name] = writer.add_group(name)
        writer.add_hosts(names[name], [hosts[machine.name] for machine in members])
    for parent, child in groups.links:
        if not writer.add_child(names[parent], names[child]):
            reports.warn_or_fail(
                f"the group {child} cannot be a child of {parent}: the groups would form a loop"
            )


def _remove_hosts_like_groups(
    hosts: t.Sequence[tuple[Machine, t.Any, bool]], inventory: t.Any, reports: Reports
) -> None:
    """Take out the hosts whose name a constructed group has got: a play on it means the group."""
    groups = inventory.groups  # once: what is handed to a plugin is a proxy
    for machine, host, fresh in hosts:
        if host.name in groups:
            if fresh:
                inventory.remove_host(host)
                reports.warn_or_fail(
                    f"{describe([machine])} skipped: a group is called {host.name}, too; {GROUP_NAME_ADVICE}"
                )
            else:  # another source has made it
                reports.warn_or_fail(
                    f"a host and a group are both called {host.name}, and a play on that name means the "
                    f"host; {GROUP_NAME_ADVICE}"
                )
