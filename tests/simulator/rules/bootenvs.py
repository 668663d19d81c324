# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import Obj
from .arches import canonical
from .base import Rules, refuse_if_used, template_problems

if TYPE_CHECKING:
    from ..server import Server
    from ..store import Row

_BOOT_TEMPLATES = {"pxelinux", "pxelinux-mac", "ipxe", "ipxe-mac"}


class BootEnvRules(Rules):
    def validation_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = self.name_problem(obj) + template_problems(server, obj)
        for arch, info in obj["OS"]["SupportedArchitectures"].items():
            # here aliases are welcome: real packs say x86_64
            if not canonical(arch):
                problems.append(f"Unknown architecture {arch}")
            if not info["Kernel"]:
                problems.append(f"Architecture {arch} has no Kernel")
        return problems

    def availability_problems(self, server: Server, obj: Obj) -> list[str]:
        problems = []
        if (obj["Kernel"] or obj["OnlyUnknown"]) and not obj["OS"]["Name"]:
            problems.append("bootenv: Missing OS.Name")
        names = {info["Name"] for info in obj["Templates"]}
        if obj["Kernel"] and not names & _BOOT_TEMPLATES:
            problems.append("bootenv: Missing elilo, ipxe or pxelinux template")
        return problems

    def guard_delete(self, server: Server, row: Row) -> None:
        users = [
            f"BootEnv {row.key} is the {pref}"
            for pref in ("defaultBootEnv", "unknownBootEnv")
            if server.prefs.value(pref) == row.key
        ]
        for prefix, title in (("machines", "Machine"), ("stages", "Stage")):
            users += [
                f"Bootenv {row.key} in use by {title} {other.key}"
                for other in server.store[prefix]
                if other.data["BootEnv"] == row.key
            ]
        refuse_if_used("bootenvs", row.key, users)

    def on_saved(self, server: Server, row: Row, old: Row | None) -> None:
        server.recheck("stages", "workflows")
        server.isos.explode_later(row.data)

    def on_removed(self, server: Server, row: Row, principal: str) -> None:
        server.recheck("stages", "workflows")
