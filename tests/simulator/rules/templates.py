# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of templates in tasks, stages and bootenvs: what is refused, message by message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..gotmpl import ParseError, parse
from ..wire import Obj

if TYPE_CHECKING:
    from ..server import Server

_SYSTEMS = frozenset({"any", "darwin", "freebsd", "linux", "netbsd", "openbsd", "solaris", "windows"})


def fill_templates(obj: Obj) -> None:
    """What a check leaves behind: no template is without a Meta."""
    for info in obj["Templates"]:
        info["Meta"] = info["Meta"] or {}


def parse_problem(text: str) -> str:
    try:
        parse(text)
    except ParseError as problem:
        return str(problem)
    return ""


def sanity_problems(infos: list[Obj], *, path_needed: bool) -> list[str]:
    """What is wrong with each entry by itself."""
    problems: list[str] = []
    for position, info in enumerate(infos):
        where = f"Template[{position}]"
        if not info["Name"]:
            problems.append(f"{where} is missing a Name")
        if path_needed and not info["Path"]:
            problems.append(f"{where} is missing a Path")
        elif path_needed and (problem := parse_problem(info["Path"])):
            problems.append(f"{where} Path is not a valid text/template: {problem}")
        if not info["Contents"] and not info["ID"]:
            problems.append(f"{where} must have either an ID or Contents set")
        if info["Contents"] and info["ID"]:
            problems.append(f"{where} has both an ID and Contents")
    return problems


def twins(infos: list[Obj]) -> list[str]:
    """Names that occur more than once."""
    seen: dict[str, int] = {}
    problems = []
    for position, info in enumerate(infos):
        if info["Name"] in seen:
            problems.append(f"Template {position} and {seen[info['Name']]} have the same name {info['Name']}")
        else:
            seen[info["Name"]] = position
    return problems


def merge_problems(known: set[str], infos: list[Obj], *, path_needed: bool) -> list[str]:
    """What goes wrong when the entries join the common templates, whose names are ``known``."""
    problems: list[str] = []
    joined = ""
    for position, info in enumerate(infos):
        if not info["Name"]:
            problems.append(f"Templates[{position}] has no Name")
            continue
        if info["Path"] and (problem := parse_problem(info["Path"])):
            problems.append(f"Error compiling path template {info['Name']} ({info['Path']}): {problem}")
            continue
        if info["ID"]:
            if info["ID"] not in known:
                problems.append(f"Templates[{position}]: No common template for {info['ID']}")
            continue
        if not info["Contents"]:
            problems.append(f"Templates[{position}] has both an empty ID and contents")
        joined += f'{{{{define "{info["Name"]}"}}}}{info["Contents"]}{{{{end}}}}\n'
    if problem := parse_problem(joined):
        problems.append(f"Error parsing inline templates: {problem}")
    if path_needed:
        problems += [f"Template[{n}] needs a Path" for n, info in enumerate(infos) if not info["Path"]]
    return problems


def common_names(server: Server, *, without: str = "") -> set[str]:
    """The names that a template list may refer to: template objects and what they define."""
    names: set[str] = set()
    for row in server.store["templates"]:
        if row.key != without:
            names |= {row.key, *parse(row.data["Contents"]).defines}
    return names


def user_problems(server: Server, known: set[str]) -> list[str]:
    """What tasks, stages and bootenvs would say if the common templates were the ``known`` ones."""
    return [
        problem
        for prefix in ("tasks", "bootenvs", "stages")
        for row in server.store[prefix]
        for problem in merge_problems(known, row.data["Templates"], path_needed=prefix != "tasks")
    ]


def system_problems(infos: list[Obj]) -> list[str]:
    """What is wrong with the systems that the templates of a task name in their Meta."""
    problems: list[str] = []
    named = [(position, info["Meta"]["OS"]) for position, info in enumerate(infos) if "OS" in info["Meta"]]
    for position, systems in named:
        unknown = [name for name in systems.split(",") if name.strip().lower() not in _SYSTEMS]
        problems += [f"Template[{position}]: Invalid OS value {name}" for name in unknown]
    if problems:
        problems.append(f"Valid values are: {','.join(sorted(_SYSTEMS))}")
    if named and len(named) != len({info["Name"] for info in infos}):
        problems.append("Cannot mix templates with OS metadata and templates without OS metadata")
        problems += [
            f"Template[{position}] {info['Name']} has OS metadata {info['Meta']['OS']}"
            if "OS" in info["Meta"]
            else f"Template[{position}] {info['Name']} is missing OS metadata"
            for position, info in enumerate(infos)
        ]
    return problems
