# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of an inventory, in plain Python: families of machines, and how profiles stand to each other."""

from __future__ import annotations

import dataclasses
import typing as t

from .machine_fields import Field, Machine, as_text, is_set
from .names import group_name, identifier

Object = dict[str, t.Any]
Sanitize = t.Callable[[str], str]

PROFILE = "profile"
TENANT = "tenant"
_FIELDS = {
    "stage": Field("Stage"),
    "workflow": Field("Workflow"),
    "bootenv": Field("BootEnv"),
    "os": Field("OS"),
    "arch": Field("Arch"),
    "pool": Field("Pool"),
    "runnable": Field("Runnable"),
    "available": Field("Available"),
}
KIND = "kind"
OWNERS = {"cluster": "clusters", "resource_broker": "resource_brokers"}
"""Criterion -> kind of what has machines: they have the profile that is called like it."""
HOST_KINDS = ("machines", *OWNERS.values())
"""The kinds whose objects can be hosts."""
_AS_GROUPS = " as groups"
"""After the kind, the key under which an answer has objects that are groups."""
GROUPS_BY = (PROFILE, *_FIELDS, TENANT, KIND, *OWNERS)
_PARENT_PREFIX = "by_"
_MAX_NAME_LENGTH = 200
"""Characters; longer texts are data and name no group."""


def owner_key(kind: str) -> str:
    """Under which key an answer has the objects that are groups, which are others than the hosts."""
    return kind + _AS_GROUPS


def owners_in(answer: t.Mapping[str, list[Object]]) -> dict[str, list[Object]]:
    """Kind -> its objects that are groups of machines."""
    return {kind: answer[owner_key(kind)] for kind in OWNERS.values() if owner_key(kind) in answer}


@dataclasses.dataclass(frozen=True)
class Grouping:
    """What the options want of groups."""

    groups_by: tuple[str, ...] = ()
    params: tuple[Field, ...] = ()
    prefix: str = ""
    prefixes: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Family or param -> the text before the names of its groups."""
    raw_names: bool = False
    parents: bool = False
    exclude_profiles: frozenset[str] = frozenset()
    empty_profiles: bool = False
    nested: str = "inherit"
    children_param: str = ""

    def prefix_of(self, criterion: str) -> str:
        """What the names of the groups of a family begin with."""
        return f"{self.prefix}{self.prefixes.get(criterion, f'{identifier(criterion)}_')}"

    @property
    def all_prefixes(self) -> list[str]:
        """What the names of groups begin with, of those families too that have none now."""
        criteria = [*self.groups_by, *(field.name for field in self.params)]
        parents = [f"{self.prefix}{_PARENT_PREFIX}"] if self.parents else []
        return [*map(self.prefix_of, criteria), *parents]

    @property
    def needs_profiles(self) -> bool:
        relations = self.nested != "ignore" or self.children_param or self.empty_profiles
        return PROFILE in self.groups_by and bool(relations)


@dataclasses.dataclass
class Groups:
    """Names of groups with the machines in them, in order, and pairs of parent and child."""

    members: dict[str, list[Machine]] = dataclasses.field(default_factory=dict)
    links: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    by_profile: dict[str, str] = dataclasses.field(default_factory=dict)
    """Profile -> its group."""


def group_machines(
    machines: t.Sequence[Machine],
    profiles: t.Sequence[Object],
    tenants: t.Sequence[Object],
    grouping: Grouping,
    sanitize: Sanitize,
    owners: t.Mapping[str, t.Sequence[Object]] | None = None,
) -> Groups:
    """The groups of the machines.  ``sanitize`` gives a text the form that a group's name can have.

    ``owners`` are the objects of the kinds in :data:`OWNERS`.
    """
    return _Grouper(grouping, sanitize, owners or {}).run(machines, profiles, tenants)


class _Grouper:
    def __init__(
        self, grouping: Grouping, sanitize: Sanitize, owners: t.Mapping[str, t.Sequence[Object]]
    ) -> None:
        self._grouping = grouping
        self._owners = owners
        self._sanitize: Sanitize = str if grouping.raw_names else sanitize
        self._names: dict[tuple[str, str], str] = {}
        self._groups = Groups()

    def run(
        self, machines: t.Sequence[Machine], profiles: t.Sequence[Object], tenants: t.Sequence[Object]
    ) -> Groups:
        for criterion in self._grouping.groups_by:
            if criterion == PROFILE:
                self._by_profile(machines, profiles)
            elif criterion == TENANT:
                self._by_tenant(machines, tenants)
            elif criterion == KIND:
                for machine in machines:
                    self._group_members(KIND, machine.kind).append(machine)
            elif criterion in OWNERS:
                self._by_owner(machines, criterion)
            else:
                self._by_field(machines, criterion, _FIELDS[criterion])
        for field in self._grouping.params:
            self._by_field(machines, field.name, field)
        return self._groups

    def _name(self, criterion: str, value: str) -> str:
        key = (criterion, value)
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = group_name(
                self._sanitize(f"{self._grouping.prefix_of(criterion)}{value}")
            )
        return name

    def _group_members(self, criterion: str, value: str) -> list[Machine]:
        """The members of the group of a value, which is there afterwards."""
        name = self._name(criterion, value)
        members = self._groups.members.get(name)
        if members is None:
            members = self._groups.members[name] = []
            if self._grouping.parents:
                parent = self._sanitize(f"{self._grouping.prefix}{_PARENT_PREFIX}{identifier(criterion)}")
                self._groups.members.setdefault(parent, [])
                self._groups.links.append((parent, name))
        return members

    def _by_field(self, machines: t.Sequence[Machine], criterion: str, field: Field) -> None:
        groups: dict[str, list[Machine]] = {}
        for machine, value in zip(machines, field.values_of(machines)):
            if value.__class__ is str:
                members = groups.get(value)
                if members is not None:
                    members.append(machine)
                    continue
                if not value:
                    continue
            values = value if isinstance(value, list) else [value]
            for text in dict.fromkeys(map(as_text, values)):
                if not text or len(text) > _MAX_NAME_LENGTH:
                    continue
                if text not in groups:
                    groups[text] = self._group_members(criterion, text)
                groups[text].append(machine)

    def _by_tenant(self, machines: t.Sequence[Machine], tenants: t.Sequence[Object]) -> None:
        by_uuid = {machine.members.get("Uuid"): machine for machine in machines}
        for tenant in tenants:
            keys = (tenant.get("Members") or {}).get("machines") or ()
            those = [by_uuid[key] for key in keys if key in by_uuid]
            if those:
                self._group_members(TENANT, str(tenant.get("Name"))).extend(those)

    def _by_owner(self, machines: t.Sequence[Machine], criterion: str) -> None:
        """The machines of each cluster or resource broker, which is no member itself."""
        names = {item.get("Name") for item in self._owners.get(OWNERS[criterion], ())}
        for machine in machines:
            for profile in machine.members.get("Profiles") or () if machine.kind == "machines" else ():
                if profile in names:
                    self._group_members(criterion, profile).append(machine)

    def _by_profile(self, machines: t.Sequence[Machine], profiles: t.Sequence[Object]) -> None:
        groups: dict[str, list[Machine] | None] = dict.fromkeys(self._grouping.exclude_profiles)
        for machine in machines:
            for profile in machine.members.get("Profiles") or ():
                if profile not in groups:
                    groups[profile] = self._profile_group(profile)
                members = groups[profile]
                if members is not None:
                    members.append(machine)
        self._link_profile_groups({profile["Name"]: profile for profile in profiles if profile.get("Name")})

    def _profile_group(self, profile: str) -> list[Machine]:
        self._groups.by_profile[profile] = self._name(PROFILE, profile)
        return self._group_members(PROFILE, profile)

    def _link_profile_groups(self, profiles: t.Mapping[str, Object]) -> None:
        """Link the groups of profiles, and make those that have no machines of their own."""
        grouping, groups = self._grouping, self._groups.by_profile
        open_ones = [
            *groups,
            *(name for name in profiles if grouping.empty_profiles or self._child_profiles(profiles[name])),
        ]
        done: set[str] = set(grouping.exclude_profiles)
        for name in open_ones:  # grows while it is read
            if name in done:
                continue
            done.add(name)
            item = profiles.get(name, {})
            children, outer = self._child_profiles(item), self._inherited_profiles(item)
            for other in (name, *children, *outer):
                if other not in groups and other not in grouping.exclude_profiles:
                    self._profile_group(other)
            self._groups.links += [(groups[name], groups[child]) for child in children if child in groups]
            self._groups.links += [(groups[parent], groups[name]) for parent in outer if parent in groups]
            open_ones += [*children, *outer]

    def _child_profiles(self, profile: Object) -> list[str]:
        """The profiles whose groups are to be children of the profile's group."""
        param = self._grouping.children_param
        children = _non_empty_texts((profile.get("Params") or {}).get(param)) if param else []
        nested = _non_empty_texts(profile.get("Profiles")) if self._grouping.nested == "children" else []
        return [*children, *nested]

    def _inherited_profiles(self, profile: Object) -> list[str]:
        """The profiles in it: its machines have them, too, and its own params win, as those of a child do."""
        return _non_empty_texts(profile.get("Profiles")) if self._grouping.nested == "inherit" else []


def _non_empty_texts(value: t.Any) -> list[str]:
    return [one for one in value if is_set(one) and isinstance(one, str)] if isinstance(value, list) else []
