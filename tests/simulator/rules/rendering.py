# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong when the files of a stage or bootenv are made ready for a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..render import Rendering
from ..store import Row
from ..wire import Obj

if TYPE_CHECKING:
    from ..server import Server


def render_problems(server: Server, machine: Row | None, prefix: str, obj: Obj) -> list[str]:
    """Missing params and paths that do not render; contents are rendered when they are asked for."""
    infos = [info for info in obj["Templates"] if "{{" in info["Path"]]
    if not infos and not obj["RequiredParams"]:
        return []
    problems = [
        f"Missing required parameter {name} for {prefix} {obj['Name']}"
        for name in obj["RequiredParams"]
        if not (server.params.lookup(machine, name) if machine else server.params.default(name))[0]
    ]
    rendering = Rendering(server, machine, None, obj["Templates"])
    for info in infos:
        rendering.path(info)
    return problems + rendering.problems


def member_problems(server: Server, prefix: str, member: str, obj: Obj) -> list[str]:
    """The same for all machines that are in that stage or bootenv."""
    if server.store.loading:
        return []
    return [
        problem
        for machine in server.store["machines"]
        if machine.data[member] == obj["Name"]
        for problem in render_problems(server, machine, prefix, obj)
    ]
