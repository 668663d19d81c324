# Copyright (c) 2026, the digitalrebar.provision authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The params that apply to a machine, put together on this side: no request for any of them.

The first that sets a param wins: the machine, its profiles in order, each followed by the profiles in it,
then its stage and the profiles of the stage, then the profile ``global``.

Newer v4 servers have more layers, such as pipelines.  They are asked instead, see :mod:`.fetch`.
"""

from __future__ import annotations

import typing as t

Object = dict[str, t.Any]
Params = dict[str, t.Any]

GLOBAL_PROFILE = "global"


class Aggregator:
    """Knows the params of profiles and stages, and remembers what each combination of them gives."""

    def __init__(self, profiles: t.Iterable[Object], stages: t.Iterable[Object]) -> None:
        self._profiles = {profile.get("Name"): profile for profile in profiles}
        self._stages = {stage.get("Name"): stage for stage in stages}
        self._inherited: dict[tuple[t.Any, ...], Params] = {}

    def params_of(self, machine: Object) -> Params:
        """All params of the machine; a new map, whose values belong to the objects they come from."""
        own = machine.get("Params") or {}
        inherited = self._inherited_by(tuple(machine.get("Profiles") or ()), machine.get("Stage"))
        return {**inherited, **own} if inherited else own

    def _inherited_by(self, profiles: tuple[str, ...], stage: t.Any) -> Params:
        key = (stage, *profiles)
        if key not in self._inherited:
            merged: Params = {}
            for source in self._sources(profiles, stage):
                for name, value in (source.get("Params") or {}).items():
                    merged.setdefault(name, value)
            self._inherited[key] = merged
        return self._inherited[key]

    def _sources(self, profiles: t.Iterable[str], stage: t.Any) -> t.Iterator[Object]:
        seen: set[str] = set()
        yield from self._expanded(profiles, seen)
        found = self._stages.get(stage)
        if found:
            yield found
            yield from self._expanded(found.get("Profiles") or (), seen)
        yield from self._expanded([GLOBAL_PROFILE], seen)

    def _expanded(self, names: t.Iterable[str], seen: set[str]) -> t.Iterator[Object]:
        """The profiles, each followed by those in it; one that comes again is passed over."""
        for name in names:
            profile = self._profiles.get(name)
            if profile is not None and name not in seen:
                seen.add(name)
                yield profile
                yield from self._expanded(profile.get("Profiles") or (), seen)
