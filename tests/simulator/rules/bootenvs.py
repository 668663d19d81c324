# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..isos import boots_from_net
from ..wire import Obj
from .arches import canonical
from .base import Change, Rules, refuse_if_used
from .content import needs_problems, recheck_first_workflow
from .rendering import member_problems, render_problems
from .templates import (
    common_names,
    fill_templates,
    merge_problems,
    parse_problem,
    sanity_problems,
    twins,
)

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

_BOOT_TEMPLATES = {"pxelinux", "pxelinux-mac", "ipxe", "ipxe-mac"}


class BootEnvRules(Rules):
    def set_defaults(self, change: Change) -> None:
        fill_templates(change.new)

    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        infos = obj["Templates"]
        return [
            *_arch_problems(obj),
            *self.name_problem(obj),
            *needs_problems(obj),
            *sanity_problems(infos, path_needed=True),
            *twins(infos),
            # here aliases are welcome: real packs say x86_64
            *(f"{arch} is not a supported architecture" for arch in _arches(obj) if not canonical(arch)),
            *merge_problems(common_names(server), infos, path_needed=True),
        ]

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = []
        if boots_from_net(obj) and not obj["OS"]["Name"]:
            problems.append("bootenv: Missing OS.Name")
        names = {info["Name"] for info in obj["Templates"]}
        loader = obj["Meta"].get("KernelIsLoader") == "true"
        if obj["Kernel"] and not names & _BOOT_TEMPLATES and not loader:
            problems.append("bootenv: Missing elilo or pxelinux template")
        if obj["OnlyUnknown"]:
            return problems + render_problems(server, None, "bootenvs", obj)
        return problems + member_problems(server, "bootenvs", "BootEnv", obj)

    def guard_delete(self, server: Server, row: Row) -> None:
        unknown = row.data["OnlyUnknown"]
        pref = "unknownBootEnv" if unknown else "defaultBootEnv"
        users = []
        if server.prefs.value(pref) == row.key:
            users.append(f"BootEnv {row.key} is the active {pref}, cannot remove it")
        if not unknown:
            users += [
                f"Bootenv {row.key} in use by {title} {other.data['Name']}"
                for prefix, title in (("machines", "Machine"), ("stages", "Stage"))
                for other in server.store[prefix]
                if other.data["BootEnv"] == row.key
            ]
        refuse_if_used("bootenvs", row.key, users)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        for stage in server.store["stages"]:
            if stage.data["BootEnv"] == row.key:
                server.recheck("stages", stage.key)
                recheck_first_workflow(server, stage.key)
        server.isos.explode_later(row.data)


def _arches(obj: Obj) -> Obj:
    found: Obj = obj["OS"]["SupportedArchitectures"]
    return found


def _arch_problems(obj: Obj) -> list[str]:
    """What each architecture lacks; two names of one architecture are one."""
    arches = {canonical(name): info for name, info in _arches(obj).items()}
    if obj["Kernel"]:
        arches.setdefault("amd64", obj)
    problems = []
    for name, info in arches.items():
        if not info["Kernel"]:
            problems.append(f"Arch {name} is missing a kernel!")
        if info["BootParams"] and (problem := parse_problem(info["BootParams"])):
            problems.append(f"Error compiling boot parameter template for arch {name}: {problem}")
    return problems
