# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of the collection, the arrows between them, and the checks on imports."""

from __future__ import annotations

import ast
import collections
import sys
import typing as t
from pathlib import Path

COLLECTION = "ansible_collections.digitalrebar.provision."
UTILS = "plugins.module_utils"

MAX_FILES = 20
"""In one folder; plugins/modules and plugins/action have one file for each module."""

STDLIB = "the standard library"
ANSIBLE_UTILS = "ansible.module_utils"
STDLIB_NAMES = sys.stdlib_module_names
CLIENT_LIBRARIES = {"requests", "urllib3", "jsonpatch", "yaml", "websocket", "nacl"}

# room -> what all of its files may import beside the room itself and the standard library; everything else is
# a mistake.  A room is a folder, or a file that lies in module_utils itself.  A new room needs a line here.
ARROWS: dict[str, set[str]] = {
    "client": {*CLIENT_LIBRARIES, "client/kinds"},
    "client/events": {"client"},
    "client/files": {"client"},
    "client/http": {"client"},
    "client/objects": {"client"},
    "client/kinds": set(),
    "client/typed": {"client", "client/kinds"},
    "client/packs": {"client", "client/files", "client/objects", "client/typed"},
    "client/waiting": {"client", "client/events"},
    "converge": {"client", "client/objects", "client/typed"},
    "resources": {"converge", "client", "client/events", "client/files", "client/objects"},
    "resources/agent": {"resources", "agent/command", "converge", "client", "client/objects"},
    "resources/bootenv": {"resources/files", "converge", "client", "client/files", "client/objects"},
    "resources/content": {"converge", "client", "client/files", "client/objects", "client/packs"},
    "resources/dhcp": {"converge", "client"},
    "resources/files": {"converge", "client", "client/files"},
    "resources/pool": {
        *("resources", "resources/waiting", "converge"),
        *("client", "client/objects", "client/waiting"),
    },
    "resources/runner": {"resources", "resources/waiting", "converge", "client", "client/waiting"},
    "resources/waiting": {"resources", "converge", "client", "client/objects", "client/waiting"},
    "agent": {"client", "client/events", "client/objects"},
    "agent/script": {"client/files"},
    "agent/job": {"agent", "agent/script", "client", "client/objects"},
    "agent/host": {"agent", "agent/job", "client", "client/files"},
    "agent/command": {"agent", "agent/job", "agent/script", "agent/host", "client"},
    "options": {ANSIBLE_UTILS},
    "runner": {"options", "converge", "client", "client/typed"},
    "validation": {ANSIBLE_UTILS},
    "module_main": {"runner", "validation", ANSIBLE_UTILS},
    "plugins/modules": {
        *("module_main", "options", "converge", "resources", "resources/agent", "resources/bootenv"),
        *("resources/content", "resources/dhcp", "resources/files", "resources/pool", "resources/runner"),
        "resources/waiting",
        ANSIBLE_UTILS,
    },
    "plugins/doc_fragments": set(),
    # these run on the controller and may use all of Ansible
    "plugins/plugin_utils": {
        "runner",
        "validation",
        "options",
        "client",
        "client/files",
        "client/typed",
        "ansible",
    },
    # Ansible brings Jinja
    "plugins/plugin_utils/inventory": {
        "plugins/plugin_utils",
        "client",
        "client/objects",
        "ansible",
        "jinja2",
    },
    "plugins/action": {"plugins/plugin_utils"},
    "plugins/inventory": {"plugins/plugin_utils", "plugins/plugin_utils/inventory", "client", "ansible"},
    "plugins/lookup": {
        *("plugins/plugin_utils", "resources", "converge"),
        *("client", "client/objects", "client/waiting", "ansible"),
    },
}
# single files that bring rooms together: what each may import beside what its room may
FILE_ARROWS: dict[str, set[str]] = {
    "client.client": {"client/events"},  # Client.events()
    "client.formats": {"client/typed"},
    "client.transport": {"client/http"},
    "client.settings": {"client/http"},
    "client.tls": {"client/http"},
    "client.files.download": {"client/http"},
    "resources.bootenv.iso_sources": {"client/http"},
    "resources.content.source": {"client/http"},
    "client.token_cache": {"client/files"},
    "resources.kind_options": {"client/typed"},
    "resources.machine": {"resources/waiting", "resources/runner"},
    "resources.info": {"resources/runner"},
    "resources.objects": {"resources/waiting", "resources/dhcp"},
    "agent.machine_agent": {"agent/job", "agent/script", "agent/host"},
    "agent.context": {"agent/script", "client/files"},
    # the exit code of an action is part of what is saved, in files that nobody else may exchange
    "agent.state": {"agent/job", "agent/script", "client/files"},
}


def short(module: str) -> str:
    """``plugins.module_utils.client.auth`` -> ``client.auth``; what is not in module_utils stays."""
    return module.removeprefix(UTILS + ".")


def room_of(module: str) -> str:
    """The room that an import reaches: ``plugins.module_utils.client.auth.Session`` -> ``client``."""
    parts = short(module).split(".")
    longest_first = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return next((room for room in longest_first if room in ARROWS), longest_first[0])


def folder_of(module: str, is_package: bool) -> str:
    """The room that a file lies in; a file in module_utils itself is a room of its own."""
    parts = short(module).split(".")
    return "/".join(parts if is_package or len(parts) == 1 else parts[:-1])


def origin(module: str) -> str:
    """What an absolute import reaches: a room, STDLIB, ANSIBLE_UTILS, or the name of a package."""
    if module.startswith(COLLECTION):
        return room_of(module[len(COLLECTION) :])
    if module == ANSIBLE_UTILS or module.startswith(ANSIBLE_UTILS + "."):
        return ANSIBLE_UTILS
    top = module.split(".")[0]
    return STDLIB if top in STDLIB_NAMES else top


def allowed_origins(module: str, room: str) -> set[str]:
    found = ARROWS[room] | FILE_ARROWS.get(short(module), set()) | {room, STDLIB}
    return found | {ANSIBLE_UTILS} if "ansible" in found else found


def imports(source: str, module: str, is_package: bool = False) -> t.Iterator[tuple[int, str]]:
    """Yield line and absolute name of everything that ``source`` imports, wherever it stands."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package[: len(package) - node.level + 1]
                base = COLLECTION + ".".join([*above, *filter(None, [base])])
            for alias in node.names:  # what is imported may itself be a module: `from .. import runner`
                yield node.lineno, f"{base}.{alias.name}"


def wrong_imports(source: str, module: str, is_package: bool = False) -> list[str]:
    """The imports of ``source`` that go against the arrows, each as ``line: what``."""
    room = folder_of(module, is_package)
    if room not in ARROWS:
        return [f"{room} is none of the rooms {sorted(ARROWS)}"]
    allowed = allowed_origins(module, room)
    return [
        f"line {line}: {room} must not import {name}"
        for line, name in imports(source, module, is_package)
        if origin(name) not in allowed
    ]


def unused_arrows(files: t.Mapping[str, str]) -> list[str]:
    """The arrows that the tables allow and no import takes; ``files`` holds the sources by module."""
    used: set[tuple[str, str]] = set()
    for module, source in files.items():
        reached = {origin(name) for _line, name in imports(source, module)}
        own = FILE_ARROWS.get(short(module), set())
        used |= {(short(module), room) for room in reached & own}
        used |= {(folder_of(module, False), room) for room in reached - own}
    tables = {**ARROWS, **FILE_ARROWS}
    arrows = {(start, end) for start, ends in tables.items() for end in ends & ARROWS.keys()}
    return [f"{start} -> {end}" for start, end in sorted(arrows - used)]


def import_graph(files: t.Mapping[str, str], packages: t.Container[str] = ()) -> dict[str, set[str]]:
    """Which of the modules in ``files`` (their sources by name) imports which, for types too."""
    graph: dict[str, set[str]] = {}
    for module, source in files.items():
        reached = set()
        for _line, name in imports(source, module, module in packages):
            target = name.removeprefix(COLLECTION)
            while target and target not in files:
                target = target.rpartition(".")[0]
            reached.add(target)
        graph[module] = reached - {"", module}
    return graph


def find_circle(graph: t.Mapping[str, t.Collection[str]]) -> list[str]:
    """Names that lead from one to the next and back to the first; none when there is no circle."""
    done: set[str] = set()

    def visit(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph.get(name, ())):
            if circle := visit(target, [*way, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), [])


def crowded(paths: t.Iterable[Path]) -> list[str]:
    """The folders with more Python files than one overlooks; ``__init__.py`` does not count."""
    count = collections.Counter(path.parent for path in paths if path.name != "__init__.py")
    return [str(folder) for folder, number in sorted(count.items()) if number > MAX_FILES]
