# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the templates of tasks, stages and bootenvs for a machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .gotmpl import GoObject, ParseError, Renderer, TemplateError, parse
from .gotmpl.parser import Node
from .render_data import Dot
from .store import Row
from .wire import Obj

if TYPE_CHECKING:
    from .server import Server


class RenderFailed(Exception):
    """All that went wrong, in order."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__(*messages)
        self.messages = messages


def job_actions(server: Server, machine: Row, task: Row, os: str) -> list[Obj]:
    """What the agent has to do for a task; RenderFailed when something is missing or wrong."""
    missing = [
        f"Missing required parameter {name} for tasks {task.key}"
        for name in task.data["RequiredParams"]
        if not server.params.lookup(machine, name)[0]
    ]
    if missing:
        raise RenderFailed(missing)
    infos = [info for info in task.data["Templates"] if _wanted_on(info["Meta"].get("OS"), os)]
    rendering = Rendering(server, machine, task, task.data["Templates"])
    actions = [
        {"Name": info["Name"], "Path": path, "Content": content, "Meta": info["Meta"]}
        for info, path, content in rendering.all(infos)
    ]
    if rendering.problems:
        raise RenderFailed(rendering.problems)
    return actions


def _wanted_on(systems: str | None, os: str) -> bool:
    if not os or systems is None:
        return True
    return any(part.strip() in ("any", os) for part in systems.split(","))


class Rendering:
    """One set of templates that see each other by name, and the data they see."""

    def __init__(self, server: Server, machine: Row | None, task: Row | None, infos: list[Obj]) -> None:
        self._server = server
        self._sources = {info["Name"]: _source(server, info) for info in infos}
        self._renderer = Renderer(self._find)
        self._dot: GoObject = Dot(server, machine, task, self._renderer).bag
        self.problems: list[str] = []

    def all(self, infos: Iterable[Obj]) -> list[tuple[Obj, str, str]]:
        """(template, path, content) of each; problems are collected, not raised."""
        done = []
        for info in infos:
            path, content = self._one(info["Path"]), self._one(_source(self._server, info))
            done.append((info, _clean(path) if info["Path"] else "", content))
        return done

    def path(self, info: Obj) -> str:
        return self._one(info["Path"])

    def content(self, info: Obj) -> str:
        return self._one(_source(self._server, info))

    def _one(self, source: str) -> str:
        try:
            return self._renderer.render(parse(source), self._dot)
        except (ParseError, TemplateError) as problem:
            self.problems.append(str(problem))
            return ""

    def _find(self, name: str) -> list[Node] | None:
        if name in self._sources:
            return parse(self._sources[name]).body
        row = self._server.store.get("templates", name)
        if row:
            return parse(row.data["Contents"]).body
        texts = (*self._sources.values(), *(row.data["Contents"] for row in self._server.store["templates"]))
        return next((found for text in texts if (found := parse(text).defines.get(name))), None)


def _source(server: Server, info: Obj) -> str:
    if not info["ID"]:
        return str(info["Contents"])
    row = server.store.data("templates", info["ID"])
    return str(row["Contents"]) if row else ""


def _clean(path: str) -> str:
    """Like Go's filepath.Clean: a path that renders empty becomes a dot."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part == ".." and path.startswith("/"):
            continue
        elif part not in ("", "."):
            parts.append(part)
    cleaned = "/".join(parts)
    return f"/{cleaned}" if path.startswith("/") else cleaned or "."


def machine_file(server: Server, path: str) -> str | None:
    """A boot file as the static service shows it: rendered for the machine it belongs to."""
    for machine in server.store["machines"]:
        env = server.store.get("bootenvs", machine.data["BootEnv"])
        stage = server.store.get("stages", machine.data["Stage"])
        infos: list[Any] = [info for row in (env, stage) if row for info in row.data["Templates"]]
        rendering = Rendering(server, machine, None, infos)
        for info in infos:
            if info["Path"] and rendering.path(info).strip("/") == path:
                return rendering.content(info)
    return None
