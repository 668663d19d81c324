# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the server's answer to hosts and groups: the same steps for an answer from the cache and a new one."""

from __future__ import annotations

import typing as t

from .constructed import Constructor
from .fill import InventoryWriter
from .groups import Groups, group_machines
from .hosts import name_hosts
from .machine_fields import Machine
from .options import Options
from .params import Aggregator
from .reports import Reports
from .variables import VariableMaker

ObjectsByKind = dict[str, list[dict[str, t.Any]]]


def build(answer: ObjectsByKind, options: Options, plugin: t.Any, reports: Reports) -> None:
    """Fill the inventory of ``plugin`` from ``answer``, whose objects become part of it.

    AnsibleError for what the option ``strict`` does not allow.
    """
    writer = InventoryWriter(plugin.inventory)
    profiles = answer.get("profiles", [])
    machines = name_hosts(_machines(answer, options.aggregated), options.hostnames, reports)
    variable_maker = VariableMaker(options.variable_options)
    variable_maker.collect_names(machines, profiles if options.profile_variables else ())
    variable_maker.report_conflicts(reports.warn_or_fail)
    hosts = [writer.add_host(machine.name, variable_maker.of_host(machine)) for machine in machines]
    by_name = {host.name: host for host, _fresh in hosts}
    groups = group_machines(
        machines, profiles, answer.get("tenants", []), options.grouping, plugin._sanitize_group_name
    )
    _add_groups(groups, by_name, writer, reports)
    if options.profile_variables:
        for profile in profiles:
            group = groups.by_profile.get(profile["Name"])
            if group:
                writer.set_group_variables(writer.add_group(group), variable_maker.of_group(profile))
    constructor = Constructor(plugin, writer)
    if not constructor.is_empty:
        for host, fresh in hosts:
            constructor.apply(host, fresh)
    _check_names(by_name, plugin.inventory.groups, reports)


def _machines(answer: ObjectsByKind, aggregated: bool) -> list[Machine]:
    if aggregated:
        params_of = Aggregator(answer.get("profiles", ()), answer.get("stages", ())).params_of
        params = [params_of(machine) for machine in answer["machines"]]
    else:
        params = [machine["Params"] for machine in answer["machines"]]
    for machine in answer["machines"]:
        del machine["Params"]
    return [Machine(machine, values) for machine, values in zip(answer["machines"], params)]


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


def _check_names(hosts: t.Collection[str], groups: t.Collection[str], reports: Reports) -> None:
    for name in sorted(set(hosts) & set(groups)):
        reports.warn_or_fail(
            f"a host and a group are both called {name}, and a play on {name} means the group; "
            "give the groups a prefix (group_prefix), or the hosts other names (hostnames)"
        )
