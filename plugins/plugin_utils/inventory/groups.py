# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of an inventory, in plain Python: families of machines, and how profiles stand to each other."""

from __future__ import annotations

import dataclasses
import typing as t

from .machine_fields import Field, Machine, as_text, is_set
from .names import identifier

Object = dict[str, t.Any]
Safe = t.Callable[[str], str]

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
FAMILIES = (PROFILE, *_FIELDS, TENANT)
_PARENT = "by_"
_LONGEST = 200
"""Characters; longer texts are data and name no group."""


@dataclasses.dataclass(frozen=True)
class Grouping:
    """What the options want of groups."""

    families: tuple[str, ...] = ()
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

    @property
    def needs_profiles(self) -> bool:
        relations = self.nested != "ignore" or self.children_param or self.empty_profiles
        return PROFILE in self.families and bool(relations)


@dataclasses.dataclass
class Groups:
    """Names of groups with the machines in them, in order, and pairs of parent and child."""

    members: dict[str, list[Machine]] = dataclasses.field(default_factory=dict)
    links: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    of_profile: dict[str, str] = dataclasses.field(default_factory=dict)
    """Profile -> its group."""


def group_machines(
    machines: t.Sequence[Machine],
    profiles: t.Sequence[Object],
    tenants: t.Sequence[Object],
    wanted: Grouping,
    safe: Safe,
) -> Groups:
    """The groups of the machines.  ``safe`` gives a text the form that a group's name can have."""
    return _Grouper(wanted, safe).run(machines, profiles, tenants)


class _Grouper:
    def __init__(self, wanted: Grouping, safe: Safe) -> None:
        self._wanted = wanted
        self._safe: Safe = str if wanted.raw_names else safe
        self._names: dict[tuple[str, str], str] = {}
        self._found = Groups()

    def run(
        self, machines: t.Sequence[Machine], profiles: t.Sequence[Object], tenants: t.Sequence[Object]
    ) -> Groups:
        for family in self._wanted.families:
            if family == PROFILE:
                self._by_profile(machines, profiles)
            elif family == TENANT:
                self._by_tenant(machines, tenants)
            else:
                self._by_field(machines, family, _FIELDS[family])
        for field in self._wanted.params:
            self._by_field(machines, field.name, field)
        return self._found

    def _name(self, family: str, value: str) -> str:
        key = (family, value)
        name = self._names.get(key)
        if name is None:
            prefix = self._wanted.prefixes.get(family, f"{identifier(family)}_")
            name = self._names[key] = self._safe(f"{self._wanted.prefix}{prefix}{value}")
        return name

    def _add(self, family: str, value: str) -> list[Machine]:
        """The members of the group of a value, which is there afterwards."""
        name = self._name(family, value)
        members = self._found.members.get(name)
        if members is None:
            members = self._found.members[name] = []
            if self._wanted.parents:
                parent = self._safe(f"{self._wanted.prefix}{_PARENT}{identifier(family)}")
                self._found.members.setdefault(parent, [])
                self._found.links.append((parent, name))
        return members

    def _by_field(self, machines: t.Sequence[Machine], family: str, field: Field) -> None:
        groups: dict[str, list[Machine]] = {}
        for machine, value in zip(machines, field.of_all(machines)):
            if value.__class__ is str and value in groups:
                groups[value].append(machine)
                continue
            values = value if isinstance(value, list) else [value]
            for text in dict.fromkeys(map(as_text, values)):
                if not text or len(text) > _LONGEST:
                    continue
                if text not in groups:
                    groups[text] = self._add(family, text)
                groups[text].append(machine)

    def _by_tenant(self, machines: t.Sequence[Machine], tenants: t.Sequence[Object]) -> None:
        by_uuid = {machine.members.get("Uuid"): machine for machine in machines}
        for tenant in tenants:
            keys = (tenant.get("Members") or {}).get("machines") or ()
            those = [by_uuid[key] for key in keys if key in by_uuid]
            if those:
                self._add(TENANT, str(tenant.get("Name"))).extend(those)

    def _by_profile(self, machines: t.Sequence[Machine], profiles: t.Sequence[Object]) -> None:
        groups: dict[str, list[Machine] | None] = dict.fromkeys(self._wanted.exclude_profiles)
        for machine in machines:
            for profile in machine.members.get("Profiles") or ():
                if profile not in groups:
                    groups[profile] = self._profile(profile)
                members = groups[profile]
                if members is not None:
                    members.append(machine)
        self._relate({profile["Name"]: profile for profile in profiles if profile.get("Name")})

    def _profile(self, profile: str) -> list[Machine]:
        self._found.of_profile[profile] = self._name(PROFILE, profile)
        return self._add(PROFILE, profile)

    def _relate(self, profiles: t.Mapping[str, Object]) -> None:
        """Link the groups of profiles, and make those that have no machines of their own."""
        wanted, groups = self._wanted, self._found.of_profile
        open_ones = [
            *groups,
            *(name for name in profiles if wanted.empty_profiles or self._children(profiles[name])),
        ]
        done: set[str] = set(wanted.exclude_profiles)
        for name in open_ones:  # grows while it is read
            if name in done:
                continue
            done.add(name)
            item = profiles.get(name, {})
            children, outer = self._children(item), self._inherited(item)
            for other in (name, *children, *outer):
                if other not in groups and other not in wanted.exclude_profiles:
                    self._profile(other)
            self._found.links += [(groups[name], groups[child]) for child in children if child in groups]
            self._found.links += [(groups[parent], groups[name]) for parent in outer if parent in groups]
            open_ones += [*children, *outer]

    def _children(self, profile: Object) -> list[str]:
        """The profiles whose groups are to be children of the profile's group."""
        param = self._wanted.children_param
        children = _texts((profile.get("Params") or {}).get(param)) if param else []
        nested = _texts(profile.get("Profiles")) if self._wanted.nested == "children" else []
        return [*children, *nested]

    def _inherited(self, profile: Object) -> list[str]:
        """The profiles in it: its machines have them, too, and its own params win, as those of a child do."""
        return _texts(profile.get("Profiles")) if self._wanted.nested == "inherit" else []


def _texts(value: t.Any) -> list[str]:
    return [one for one in value if is_set(one) and isinstance(one, str)] if isinstance(value, list) else []
